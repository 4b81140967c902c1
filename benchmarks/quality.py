"""How good the catalog's models are on the real files: `python -m benchmarks.quality`, from the repository's root.

Churn: hold-out ROC-AUC over ten seeded splits, beside plain logistic regression and scikit-learn's boosted trees as
they come. No seed was chosen for its result: they are 0 to 9. Fraud: on the one split that its event times give.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # none are published

from include.ml.data import contract, landing
from include.ml.data.arrays import to_numpy
from include.ml.data.split import Parts, by_event_time, hashes, stratified
from include.ml.evaluation.intervals import estimate
from include.ml.evaluation.predictions import Predictions
from include.ml.features.pipeline import build_pipeline, features_frame, labels
from include.specs import catalog
from include.specs.model import Estimator, ModelSpec, Split

DATA = Path(__file__).parents[1].parent / "shared/data"
TELCO, FRAUD = DATA / "telco/Telco-Customer-Churn.csv", DATA / "aws_fraud/transaction_data_2K_coldstart.csv"
SEEDS = range(10)
LOGISTIC = Estimator(path="sklearn.linear_model.LogisticRegression", hyperparameters={"max_iter": 1000})
TREES = Estimator(path="sklearn.ensemble.HistGradientBoostingClassifier")


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """The labelled rows of a file, as the jobs see them."""

    rows: pa.Table
    positive: npt.NDArray[np.bool_]


def main(argv: Sequence[str] | None = None) -> int:
    """Print both tables; exit code 1 where a file is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--telco", type=Path, default=TELCO)
    parser.add_argument("--fraud", type=Path, default=FRAUD)
    given = parser.parse_args(argv)
    for path in (given.telco, given.fraud):
        if not path.is_file():
            print(f"{path}: no such file; name it with --telco or --fraud", file=sys.stderr)
            return 1
    with threadpool_limits(1):
        _churn(given.telco)
        _fraud(given.fraud)
    return 0


def _churn(path: Path) -> None:
    spec = catalog.model("churn")
    data = _labelled(path, spec)
    contenders: Mapping[str, ModelSpec] = {
        "as specified": spec,
        "logistic regression": replace(spec, features={}, estimator=LOGISTIC),
        "boosted trees as they come": replace(spec, estimator=TREES),
    }
    print(f"churn, {len(data.rows)} rows: hold-out ROC-AUC over the splits of seeds {SEEDS.start} to {SEEDS.stop - 1}")
    print(f"{'':28}{'mean':>8}{'min':>8}{'max':>8}   seed {spec.split.seed}, 95 % interval")
    for name, model in contenders.items():
        held_out = [_held_out(data, model, replace(spec.split, seed=seed)) for seed in SEEDS]
        found = [estimate("roc_auc", predictions) for predictions in held_out]
        values = [item.value for item in found]
        default = found[spec.split.seed]
        print(
            f"{name:28}{np.mean(values):8.4f}{min(values):8.4f}{max(values):8.4f}"
            f"   {default.value:.4f} [{default.low:.4f}, {default.high:.4f}]"
        )


def _fraud(path: Path) -> None:
    spec = catalog.model("fraud")
    data = _labelled(path, spec)
    predictions = _held_out(data, spec, spec.split)
    share = predictions.positives / predictions.rows
    print(
        f"\nfraud, {len(data.rows)} labelled rows; hold-out {predictions.rows} rows, {predictions.positives} positive"
    )
    for metric in ("roc_auc", "pr_auc"):
        found = estimate(metric, predictions)
        print(f"{metric:28}{found.value:8.4f}   [{found.low:.4f}, {found.high:.4f}]")
    print(f"{'base rate':28}{share:8.4f}")


def _labelled(path: Path, model: ModelSpec) -> Labelled:
    rows = contract.check([landing.read(path, path.name, model.dataset)], model.dataset).rows
    rows = rows.filter(pc.is_valid(rows[model.dataset.label.name]))
    return Labelled(rows=rows, positive=labels(rows, model).astype(np.bool_))


def _held_out(data: Labelled, model: ModelSpec, split: Split) -> Predictions:
    """Fit on the training part, as the jobs do, and score the hold-out."""
    parts = _split(data, model, split)
    train, test = (data.rows.take(pa.array(parts.rows[part])) for part in ("train", "test"))
    pipeline = build_pipeline(model).fit(features_frame(train, model), labels(train, model))
    scores = pipeline.predict_proba(features_frame(test, model))[:, 1]
    return Predictions(labels=data.positive[parts.rows["test"]], scores=scores, threshold=0.5)


def _split(data: Labelled, model: ModelSpec, split: Split) -> Parts:
    hashed = hashes(data.rows[model.dataset.id.name].to_pylist(), split.seed)
    time = model.dataset.event_time
    if time is None:
        return stratified(hashed, data.positive, split)
    return by_event_time(to_numpy(data.rows[time.name]), hashed, data.positive, split)


if __name__ == "__main__":
    sys.exit(main())
