"""One training run: fit on the training part, choose the threshold on the validation part, leave the artifact."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn import metrics
from sklearn.pipeline import Pipeline

from include.ml.container import Container, ContainerError, say
from include.ml.data.preprocessing import read_report
from include.ml.evaluation.hold_out import score
from include.ml.features import estimators
from include.ml.features.pipeline import build_pipeline, features_frame, labels
from include.ml.training import artifact, threshold
from include.ml.training.checkpoint import Checkpoints
from include.ml.training.fit import fit
from include.specs import codec
from include.specs.metrics import OF_VALIDATION, validation_line
from include.specs.model import Value
from include.specs.run import TrainingRun


def train(container: Container) -> Mapping[str, int]:
    """Fit, score the validation part, and write the model and its manifest.

    Raises:
        SpecError: a hyper-parameter that the estimator does not take. ContainerError: a channel holds no part.
        ReportError: the split's report is not there.
    """
    run = container.config(TrainingRun)
    split = read_report(container.channel("split"))
    hyperparameters = estimators.merged(run.model.estimator, container.hyperparameters())
    pipeline, rows = _fitted(container, run, hyperparameters)
    positive, probability = _validation(container, run, pipeline)
    _say_metrics(positive, probability)
    manifest = artifact.save(
        container.model,
        pipeline,
        model=run.model,
        run=run.provenance.run,
        threshold=threshold.choose(run.model.decision, positive, probability),
        hyperparameters=hyperparameters,
        split=split,
    )
    say(f"threshold {manifest.threshold:.4f}, content {manifest.content_sha256}")
    return {"rows": rows}


def _fitted(container: Container, run: TrainingRun, hyperparameters: Mapping[str, Value]) -> tuple[Pipeline, int]:
    content = _part(container, "train")
    rows = pq.read_table(pa.BufferReader(content))
    pipeline = fit(
        build_pipeline(run.model, hyperparameters),
        features_frame(rows, run.model),
        labels(rows, run.model),
        spec=run.model.estimator,
        checkpoints=Checkpoints(folder=container.checkpoints, identity=_identity(run, hyperparameters, content)),
    )
    return pipeline, len(rows)


def _validation(
    container: Container, run: TrainingRun, pipeline: Pipeline
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Truth and probability of the validation rows, scored as evaluation scores: a threshold is one of its numbers."""
    rows = pq.read_table(pa.BufferReader(_part(container, "validation")))
    return labels(rows, run.model), score(pipeline, rows, run.model)


def _part(container: Container, name: str) -> bytes:
    path = container.channel(name) / f"{name}.parquet"
    if not path.is_file():
        raise ContainerError(f"expected the part {name!r} of the split as {path}, found no such file")
    return path.read_bytes()


def _identity(run: TrainingRun, hyperparameters: Mapping[str, Value], train: bytes) -> str:
    """All that the fitted pipeline depends on."""
    facts = (run.model, hyperparameters, artifact.packages(), hashlib.sha256(train).hexdigest())
    return codec.encode(facts).decode()


def _say_metrics(positive: npt.NDArray[np.int8], probability: npt.NDArray[np.float64]) -> None:
    """Lines that the training job's metric definitions find by regular expression."""
    found = {
        "roc_auc": metrics.roc_auc_score(positive, probability),
        "pr_auc": metrics.average_precision_score(positive, probability),
        "log_loss": metrics.log_loss(positive, probability),
        "brier": metrics.brier_score_loss(positive, probability),
    }
    for name in OF_VALIDATION:
        say(validation_line(name, f"{found[name]:.6f}"))
