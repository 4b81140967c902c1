"""One evaluation, with a champion and without, as a page needs it."""

import dataclasses
import datetime as dt

import pytest

from include.specs import catalog
from include.specs.metrics import METRICS
from include.specs.partition import PartFile, PartitionManifest, PartitionRef, SourceObject
from include.specs.reports import (
    ChampionReport,
    Confusion,
    Curve,
    DataReport,
    Estimate,
    EvaluationReport,
    GateReport,
    GateRule,
    ModelManifest,
    PartCount,
    PreprocessingReport,
    SliceReport,
)
from include.specs.run import Champion, Provenance, SplitBoundary, TrainingRun

ESTIMATE = Estimate(value=0.8123, low=0.7012, high=0.9234)
LINE = Curve(x=(0.0, 0.5, 1.0), y=(0.0, 0.8, 1.0))
CURVES = dict.fromkeys(("roc", "precision_recall", "calibration", "calibration_low", "calibration_high"), LINE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What `evaluation_page` takes."""

    evaluation: EvaluationReport
    verdict: GateReport
    run: TrainingRun
    split: PreprocessingReport
    manifest: ModelManifest


def _run(champion: Champion | None, origin: str | None) -> TrainingRun:
    source = SourceObject(key="landing/churn/year=2026/month=03/day=01/a.csv", bytes=9, etag="e", origin=origin)
    part = PartFile(name="part-00000-000000000000.parquet", rows=1409, bytes=9, sha256="3" * 64)
    manifest = PartitionManifest(
        model="churn",
        date=dt.date(2026, 3, 1),
        files=(part,),
        rows=7043,
        columns={},
        sources=(source,),
        quarantined={"tenure: not a number": 11},
    )
    provenance = Provenance(
        run="manual-1",
        dag_id="churn_training",
        run_id="manual__1",
        run_url="https://airflow.example/run",
        code_version="abc123",
        reason="asked for by hand",
    )
    pinned = PartitionRef(manifest_key="raw/churn/_manifest.json", sha256="4" * 64, manifest=manifest)
    return TrainingRun(model=catalog.model("churn"), provenance=provenance, partitions=(pinned,), champion=champion)


@pytest.fixture
def facts() -> Facts:
    """A candidate without a champion that passed."""
    return Facts(
        evaluation=EvaluationReport(
            model="churn",
            run="manual-1",
            metrics=dict.fromkeys(METRICS, ESTIMATE),
            data=DataReport(rows=1409, positives=374, sha256="5" * 64),
            confusion=Confusion(
                threshold=0.31, true_positive=301, false_positive=299, false_negative=73, true_negative=736
            ),
            slices={
                "gender=Female": SliceReport(rows=700, positives=180, metrics=dict.fromkeys(METRICS, ESTIMATE)),
                "gender=Male": SliceReport(rows=3, positives=0, metrics={}),
            },
            curves=CURVES,
            importance={"tenure": 0.08, "Contract": 0.05, "gender": -0.0001},
        ),
        verdict=GateReport(
            verdict="register",
            rules=(
                GateRule(rule="roc_auc >= 0.8", observed=0.8123, required=0.8, passed=True),
                GateRule(rule="roc_auc >= 0.7 where gender=Female", observed=0.8123, required=0.7, passed=True),
            ),
            reasons="All 2 rules hold.",
        ),
        run=_run(None, None),
        split=PreprocessingReport(
            parts={"train": PartCount(rows=4578, positives=1215), "test": PartCount(rows=1409, positives=374)},
            boundary=SplitBoundary(hash_from=0.2),
            method="stratified",
            sha256="5" * 64,
            dropped={"without a label": 17},
        ),
        manifest=ModelManifest(
            model="churn",
            run="manual-1",
            sha256="6" * 64,
            content_sha256="7" * 64,
            types=(),
            features=(),
            positive="Yes",
            threshold=0.31,
            boundary=SplitBoundary(hash_from=0.2),
            hyperparameters={"max_iter": 200},
            packages={"scikit-learn": "1.9.0"},
            data_sha256="5" * 64,
        ),
    )


@pytest.fixture
def compared(facts: Facts) -> Facts:
    """The same with champion version 12, which is clearly worse on recall and better on the Brier score."""
    champion = Champion(
        version=12,
        package_arn="arn",
        approval_status="Approved",
        model_url="s3://lake/model.tar.gz",
        sha256="8" * 64,
        boundary=SplitBoundary(hash_from=0.2),
    )
    better, unclear = Estimate(value=0.05, low=0.01, high=0.09), Estimate(value=0.0, low=-0.02, high=0.02)
    evaluation = dataclasses.replace(
        facts.evaluation,
        champion=ChampionReport(version=12, metrics=facts.evaluation.metrics, curves=CURVES),
        difference={**dict.fromkeys(METRICS, unclear), "recall": better, "brier": better},
    )
    return dataclasses.replace(facts, evaluation=evaluation, run=_run(champion, "synthetic:seed=1"))
