"""Which rows are judged, and what the report holds."""

import numpy as np
import pyarrow as pa

from include.ml.evaluation.assessment import Assessed, assess, comparable_rows
from include.ml.evaluation.hold_out import HoldOut
from include.specs import catalog, codec
from include.specs.metrics import METRICS
from include.specs.reports import EvaluationReport, PartCount
from include.specs.run import Champion, Provenance, SplitBoundary, TrainingRun

CHAMPION = Champion(
    version=4,
    package_arn="arn:aws:sagemaker:eu-west-1:000000000000:model-package/churn/4",
    approval_status="Approved",
    model_url="s3://lake/models/churn/run-0/model.tar.gz",
    sha256="1" * 64,
    boundary=SplitBoundary(hash_from=0.2),
)


def run(champion: Champion | None = None) -> TrainingRun:
    """A run of the churn model."""
    provenance = Provenance(run="run-1", dag_id="churn_training", run_id="manual")
    return TrainingRun(model=catalog.model("churn"), provenance=provenance, partitions=(), champion=champion)


def held_out(comparable: np.ndarray, labels: np.ndarray) -> HoldOut:
    """A hold-out that has two columns."""
    rows = len(labels)
    features = pa.table({"gender": ["Male", "Female"] * (rows // 2), "SeniorCitizen": ["0"] * rows})
    return HoldOut(features=features, labels=labels, comparable=comparable)


def test_only_rows_that_neither_was_fitted_on_are_compared():
    """Enough of them: they alone are judged."""
    whole = held_out(np.arange(200) < 100, np.arange(200) % 2 == 0)
    rows, counted, enough = comparable_rows(whole)
    assert (len(rows.labels), counted, enough) == (100, PartCount(rows=100, positives=50), True)


def test_too_few_of_them_leave_the_whole_hold_out():
    """The candidate's own metrics are then over all rows, and no comparison is made."""
    whole = held_out(np.arange(200) < 40, np.arange(200) % 2 == 0)
    rows, counted, enough = comparable_rows(whole)
    assert (len(rows.labels), counted, enough) == (200, PartCount(rows=40, positives=20), False)


def test_a_champion_brings_its_metrics_its_curves_and_every_difference(scored):
    """Both models are reported over the same rows, and the report survives being written and read."""
    ours, theirs = scored(400)
    rows = held_out(np.ones(400, dtype=bool), ours.labels)
    assessed = Assessed(
        hold_out=rows, candidate=ours, champion=theirs, comparable=PartCount(rows=400, positives=ours.positives)
    )
    found = assess(assessed, run(CHAMPION), sha256="2" * 64, importance={"tenure": 0.1})
    assert found.champion.version == 4
    assert set(found.difference) == set(found.metrics) == set(found.champion.metrics) == set(METRICS)
    assert set(found.slices) == {"gender=Female", "gender=Male", "SeniorCitizen=0", "SeniorCitizen=1"}
    assert codec.decode(EvaluationReport, codec.encode(found), source="test") == found


def test_no_champion_no_difference(scored):
    """Without one, the report says so by having none."""
    ours, _ = scored(400)
    found = assess(
        Assessed(hold_out=held_out(np.ones(400, dtype=bool), ours.labels), candidate=ours),
        run(),
        sha256="2" * 64,
        importance={},
    )
    assert (found.champion, found.difference, found.data.comparable) == (None, {}, None)
