"""The train job leaves a model that its manifest describes, the same in every run of the same data."""

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from perennial.aws_requests import METRIC_DEFINITIONS
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_info, threadpool_limits

from include.ml.container import Container, run_job
from include.ml.evaluation import hold_out
from include.ml.features.pipeline import features_frame, labels
from include.ml.jobs import train
from include.ml.training import artifact
from include.ml.training.threshold import choose
from include.specs.model import ModelSpec


def run(container: Container) -> int:
    return run_job("train", train.main, ["--root", str(container.root)])


def given(container: Container, **hyperparameters: str) -> None:
    path = container.root / "input/config/hyperparameters.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(hyperparameters))


def test_the_model_predicts_and_its_manifest_says_from_where(workshop, toy: ModelSpec, rows_csv) -> None:
    """Nothing but the two files is left; the threshold is that of the rule on the validation part."""
    container = workshop.split(toy, rows_csv(toy))
    assert run(container) == 0
    assert sorted(path.name for path in container.model.iterdir()) == ["manifest.json", "model.skops"]
    pipeline, manifest = artifact.load(container.model)
    rows = pq.read_table(container.channel("validation") / "validation.parquet")
    probability = pipeline.predict_proba(features_frame(rows, toy))[:, 1]
    assert manifest.threshold == choose(toy.decision, labels(rows, toy), probability)
    assert manifest.run == "run-1"
    assert manifest.boundary.hash_from is not None


def test_the_threshold_does_not_depend_on_the_machine(workshop, toy: ModelSpec, rows_csv, monkeypatch) -> None:
    """Validation is scored as the hold-out will be: with the threads that fitted the model, in batches."""
    seen, original = [], Pipeline.predict_proba

    def predict_proba(self: Pipeline, frame: Any) -> Any:
        seen.append((len(frame), {pool["num_threads"] for pool in threadpool_info()}))
        return original(self, frame)

    monkeypatch.setattr(Pipeline, "predict_proba", predict_proba)
    monkeypatch.setattr(hold_out, "BATCH_ROWS", 40)
    with threadpool_limits(2):
        assert run(workshop.split(toy, rows_csv(toy))) == 0
    assert [threads for _, threads in seen] == [{1}] * len(seen)
    assert [rows for rows, _ in seen][:-1] == [40] * (len(seen) - 1)
    assert len(seen) > 1


def test_every_metric_is_a_line_that_sagemaker_is_told_to_read(workshop, toy: ModelSpec, rows_csv, capsys) -> None:
    """Each definition of the request finds one line, and no line is left that none finds."""
    run(workshop.split(toy, rows_csv(toy)))
    lines = [line for line in capsys.readouterr().out.splitlines() if "validation:" in line]
    found = {
        each["Name"]: [m[1] for line in lines if (m := re.search(each["Regex"], line))] for each in METRIC_DEFINITIONS
    }
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(found, 1)
    assert set(found) == {f"validation:{name}" for name in ("roc_auc", "pr_auc", "log_loss", "brier")}
    assert len(lines) == len(found)
    assert float(found["validation:roc_auc"][0]) > 0.7


def test_hyperparameters_of_the_request_override_the_specs(workshop, toy: ModelSpec, rows_csv) -> None:
    """They are in the manifest, typed, and in the estimator."""
    container = workshop.split(toy, rows_csv(toy))
    given(container, C="0.01")
    assert run(container) == 0
    pipeline, manifest = artifact.load(container.model)
    assert manifest.hyperparameters == {"C": 0.01, "max_iter": 500}
    assert pipeline[-1].C == 0.01


@pytest.mark.parametrize(("name", "value"), [("depth", "3"), ("C", "-1"), ("C", "big")])
def test_a_hyperparameter_that_cannot_be_meant_fails_the_job(
    workshop, toy: ModelSpec, rows_csv, name: str, value: str
) -> None:
    """With a reason that names it, and no model."""
    container = workshop.split(toy, rows_csv(toy))
    given(container, **{name: value})
    assert run(container) == 1
    assert name in (container.root / "output/failure").read_text()
    assert not list(container.model.iterdir())


def test_the_same_data_give_the_same_model_in_another_process(workshop, boosted: ModelSpec, rows_csv) -> None:
    """Equal in content and predictions, from another folder, with more cores and another hash seed."""
    digests = []
    for name, environment in (
        ("one", {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2"}),
        ("two", {"PYTHONHASHSEED": "2"}),
    ):
        container = workshop.split(boosted, rows_csv(boosted), name)
        command = [sys.executable, "-m", "include.ml.jobs.train", "--root", str(container.root)]
        subprocess.run(command, check=True, env=os.environ | environment, capture_output=True)
        pipeline, manifest = artifact.load(container.model)
        rows = pq.read_table(container.channel("validation") / "validation.parquet")
        digests.append((manifest.content_sha256, pipeline.predict_proba(features_frame(rows, boosted))))
    assert digests[0][0] == digests[1][0]
    assert np.array_equal(digests[0][1], digests[1][1])


def test_a_stopped_job_continues_where_it_was(workshop, boosted: ModelSpec, rows_csv, monkeypatch, capsys) -> None:
    """SIGTERM ends it between two stages; the next job with its checkpoints ends with the uninterrupted model."""
    from include.ml.training.checkpoint import Checkpoints  # noqa: PLC0415 only here

    whole, container = (workshop.split(boosted, rows_csv(boosted), name) for name in ("whole", "stopped"))
    assert run(whole) == 0
    original = Checkpoints.save

    def save(self: Checkpoints, estimator: object) -> None:
        original(self, estimator)
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "save", save)
        assert run(container) == 143
    assert not list(container.model.iterdir())
    capsys.readouterr()
    assert run(container) == 0
    assert "continuing from the checkpoint at iteration 4 of 12" in capsys.readouterr().out
    manifests = [artifact.load(found.model)[1] for found in (whole, container)]
    assert manifests[0].content_sha256 == manifests[1].content_sha256


@pytest.mark.parametrize(
    "missing", ["train/train.parquet", "validation/validation.parquet", "split/preprocessing.json"]
)
def test_a_channel_without_its_file_is_named(workshop, toy: ModelSpec, rows_csv, missing: str) -> None:
    """The preprocess job's output did not arrive."""
    container = workshop.split(toy, rows_csv(toy))
    (container.root / "input/data" / missing).unlink()
    assert run(container) == 1
    assert missing in (container.root / "output/failure").read_text()
