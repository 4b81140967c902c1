"""The job `evaluate`, on the files that the jobs before it leave."""

import dataclasses
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.ml.baseline.profile import read_hold_out
from include.ml.container import run_job
from include.ml.data.synthetic import synthesise
from include.ml.evaluation.fairness import MEASURES
from include.ml.features.pipeline import build_pipeline, features_frame, labels
from include.ml.jobs.evaluate import main
from include.ml.training import artifact
from include.specs import catalog, codec, reports
from include.specs.baseline import BaselineReport
from include.specs.model import Estimator, ModelSpec
from include.specs.reports import EvaluationReport, GateReport, PartCount, PreprocessingReport
from include.specs.run import Champion, Provenance, SplitBoundary, TrainingRun

REPOSITORY = Path(__file__).parents[4]
LOGISTIC = Estimator(path="sklearn.linear_model.LogisticRegression", hyperparameters={"C": 1.0, "max_iter": 500})
MODEL = dataclasses.replace(catalog.model("churn"), estimator=LOGISTIC, features={})
DATA = "5" * 64


def write(folder: Path, name: str, content: bytes) -> None:
    """One file of a channel."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def fitted(folder: Path, rows: pa.Table, model: ModelSpec, *, run: str = "run-1") -> reports.ModelManifest:
    """model.tar.gz in `folder`, of a pipeline fitted on `rows`."""
    parts = folder / "parts"
    parts.mkdir(parents=True)
    pipeline = build_pipeline(model).fit(features_frame(rows, model), labels(rows, model))
    split = PreprocessingReport(parts={}, boundary=SplitBoundary(hash_from=0.2), method="stratified", sha256=DATA)
    manifest = artifact.save(
        parts, pipeline, model=model, run=run, threshold=0.3, hyperparameters=model.estimator.hyperparameters,
        split=split,
    )  # fmt: skip
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        for path in sorted(parts.iterdir()):
            tar.add(path, arcname=path.name)
    shutil.rmtree(parts)
    return manifest


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Rows to fit on, a hold-out, a candidate, and a champion that was fitted on fewer rows."""
    folder = tmp_path_factory.mktemp("trained")
    table = synthesise(MODEL.dataset, rows=4000, seed=0, until=dt.date(2026, 1, 1))
    fitting, hold_out = table.slice(0, 2500), table.slice(2500)
    manifests = {
        "candidate": fitted(folder / "candidate", fitting, MODEL),
        "champion": fitted(folder / "champion", fitting.slice(0, 600), MODEL, run="run-0"),
    }
    return folder, hold_out, manifests


class Job:
    """The container of one evaluation."""

    def __init__(self, root: Path, trained) -> None:
        self.root, (self.models, self.hold_out, self.manifests) = root, trained
        self.input = root / "processing/input"
        self.reports = root / "processing/output/report"
        self.baseline = root / "processing/output/baseline"

    def laid_out(
        self, *, champion: bool = False, comparable: int | None = None, model: ModelSpec = MODEL, **facts: object
    ) -> "Job":
        """All channels, the champion's too where one is wanted; `comparable` rows that it was not fitted on."""
        flags = np.arange(len(self.hold_out)) < (len(self.hold_out) if comparable is None else comparable)
        self.input.mkdir(parents=True)
        (self.input / "test").mkdir()
        pq.write_table(self.hold_out.append_column("comparable", pa.array(flags)), self.input / "test/test.parquet")
        for name in ("candidate", "champion")[: 1 + champion]:
            shutil.copytree(self.models / name, self.input / name)
        counted = PartCount(rows=len(self.hold_out), positives=100)
        split = PreprocessingReport(
            parts={"test": counted}, boundary=SplitBoundary(hash_from=0.2), method="stratified", sha256=DATA
        )
        write(self.input / "split", reports.PREPROCESSING, codec.encode(split))
        known = Champion(
            version=3, package_arn="arn", approval_status="Approved", model_url="s3://lake/model.tar.gz",
            sha256=self.manifests["champion"].sha256, boundary=SplitBoundary(hash_from=0.2),
        )  # fmt: skip
        run = TrainingRun(
            model=model,
            provenance=Provenance(run="run-1", dag_id="churn_training", run_id="manual"),
            partitions=(),
            champion=dataclasses.replace(known, **facts) if champion else None,
        )
        write(self.input / "config", "run.json", codec.encode(run))
        return self

    def run(self) -> int:
        """Run it here; its exit code."""
        return run_job("evaluate", main, ["--root", str(self.root)])

    def report(self, cls, name):
        """A report that it left."""
        return codec.decode(cls, (self.reports / name).read_bytes(), source=name)

    @property
    def verdict(self) -> GateReport:
        """gate.json."""
        return self.report(GateReport, reports.GATE)

    @property
    def evaluation(self) -> EvaluationReport:
        """evaluation.json."""
        return self.report(EvaluationReport, reports.EVALUATION)

    @property
    def reason(self) -> str:
        """What SageMaker would show as FailureReason."""
        return (self.root / "output/message").read_text()


@pytest.fixture
def job(tmp_path, trained) -> Job:
    """A container without files yet."""
    return Job(tmp_path / "ml", trained)


def test_a_good_candidate_without_champion_is_registered(job):
    """Every report is there, agrees with the others, and the baseline is of the same rows."""
    assert job.laid_out().run() == 0
    assert {path.name for path in job.reports.iterdir()} == {
        reports.EVALUATION, reports.METRICS_FILE, reports.GATE, reports.HTML, reports.CANDIDATE
    }  # fmt: skip
    assert job.report(reports.ModelManifest, reports.CANDIDATE) == job.manifests["candidate"]
    evaluation = job.evaluation
    assert job.verdict.verdict == "register"
    assert evaluation.champion is None
    assert (evaluation.data.rows, evaluation.data.sha256) == (1500, DATA)
    assert json.loads((job.reports / "metrics.json").read_bytes()) == {
        name: estimate.value for name, estimate in evaluation.metrics.items()
    }
    assert next(iter(sorted(evaluation.importance, key=evaluation.importance.get, reverse=True))) == "tenure"
    female = evaluation.fairness["gender=Female"]
    assert (female.rows + female.other_rows, set(female.measures)) == (1500, set(MEASURES))
    assert b"gender=Female" in (job.reports / reports.HTML).read_bytes()
    baseline = codec.decode(BaselineReport, (job.baseline / "statistics.json").read_bytes(), source="baseline")
    sample = pq.read_table(job.baseline / "sample.parquet")
    assert baseline.prediction.rows == sample.num_rows == 1500
    profile = read_hold_out(job.baseline / "profile.arrow", baseline)
    assert (profile.rows, profile.independent) == (1500, 1500)
    assert sum(sample["label is positive"].to_pylist()) == job.evaluation.data.positives


def test_a_champion_is_scored_on_the_same_rows(job):
    """Metrics, curves and differences of both, over the rows that neither was fitted on."""
    assert job.laid_out(champion=True, comparable=1000).run() == 0
    found = job.evaluation
    assert found.data.rows == found.data.comparable.rows == 1000
    assert found.champion.version == 3
    gap = found.difference["roc_auc"].value
    assert gap == pytest.approx(found.metrics["roc_auc"].value - found.champion.metrics["roc_auc"].value)
    assert gap != 0
    assert any(rule.rule.startswith("roc_auc not worse than version 3") for rule in job.verdict.rules)


def test_a_champion_fitted_on_nearly_everything_cannot_be_compared(job):
    """The candidate is measured on the whole hold-out and rejected for want of a comparison."""
    assert job.laid_out(champion=True, comparable=20).run() == 0
    assert (job.evaluation.data.rows, job.evaluation.champion) == (1500, None)
    assert job.verdict.verdict == "reject"
    assert "comparable hold-out rows" in job.verdict.reasons


def test_a_threshold_that_is_missed_rejects_and_succeeds(job):
    """A rejection is a result, not a failure of the job."""
    gate = dataclasses.replace(MODEL.gate, thresholds={"roc_auc": 0.99})
    assert job.laid_out(model=dataclasses.replace(MODEL, gate=gate)).run() == 0
    assert job.verdict.verdict == "reject"


def test_another_process_and_folder_give_the_same_bytes(job, tmp_path, trained):
    """All reports and the baseline are equal byte for byte, whatever the place and the hash seed."""
    assert job.laid_out(champion=True).run() == 0
    other = Job(tmp_path / "elsewhere", trained).laid_out(champion=True)
    command = [sys.executable, "-m", "include.ml.jobs.evaluate", "--root", str(other.root)]
    subprocess.run(command, cwd=REPOSITORY, check=True, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True)
    for folder in ("report", "baseline"):
        ours, theirs = (where.root / "processing/output" / folder for where in (job, other))
        assert {path.name: path.read_bytes() for path in ours.iterdir()} == {
            path.name: path.read_bytes() for path in theirs.iterdir()
        }


def test_a_champion_with_another_digest_is_not_loaded(job):
    """The registry's digest decides which model is the champion; nothing is left behind."""
    assert job.laid_out(champion=True, sha256="0" * 64).run() == 1
    assert job.reason.startswith("VersionError: champion version ")
    assert "SHA-256" in job.reason
    assert "set that version's approval to Rejected" in job.reason
    assert not job.reports.exists()


def test_a_named_champion_must_be_there(job):
    """A run that names a champion is never judged without it."""
    job.laid_out(champion=True)
    shutil.rmtree(job.input / "champion")
    assert job.run() == 1
    assert "expected its model.tar.gz in the channel 'champion', got none" in job.reason


def with_column(which: str, /, **changes: object) -> ModelSpec:
    """MODEL, one of its columns changed."""
    columns = tuple(
        dataclasses.replace(column, **changes) if column.name == which else column for column in MODEL.dataset.columns
    )
    return dataclasses.replace(MODEL, dataset=dataclasses.replace(MODEL.dataset, columns=columns))


FLIPPED = dataclasses.replace(MODEL, dataset=dataclasses.replace(MODEL.dataset, positive="No"))
RENAMED = with_column("StreamingTV", name="Television")
RETYPED = with_column("tenure", kind="categorical", minimum=None, maximum=None)
OTHER_MODELS = [
    pytest.param(dataclasses.replace(MODEL, name="upsell"), "expected a model of 'churn' that", id="name"),
    pytest.param(FLIPPED, "the probability of 'Yes', got one of 'churn' and 'No';", id="positive class"),
    pytest.param(RENAMED, " reads Television, no features of the spec any more;", id="columns"),
    pytest.param(RETYPED, " reads tenure as categorical, which is numeric in the spec by now;", id="kind"),
]


def rows_of(table: pa.Table, model: ModelSpec) -> pa.Table:
    """The same rows as `model` names and types them."""
    if model is RETYPED:
        return table.set_column(table.schema.get_field_index("tenure"), "tenure", table["tenure"].cast(pa.string()))
    known = {"StreamingTV": "Television"} if model is RENAMED else {}
    return table.rename_columns([known.get(name, name) for name in table.column_names])


@pytest.mark.parametrize(("model", "said"), OTHER_MODELS)
@pytest.mark.parametrize(
    ("name", "error", "remedy"),
    [
        ("champion", "VersionError: champion version ", "set that version's approval to Rejected"),
        ("candidate", "ReportError: the candidate: ", "clear the run's train task"),
    ],
)
def test_a_model_of_another_question_is_not_judged(job, tmp_path, *, name, error, remedy, model, said):
    """Its scores would be read upside down or as noise, and anything would beat it: the error says what to do."""
    manifest = fitted(tmp_path / "other", rows_of(job.hold_out, model), model)
    job.laid_out(champion=True, **({"sha256": manifest.sha256} if name == "champion" else {}))
    shutil.copy(tmp_path / "other/model.tar.gz", job.input / name / "model.tar.gz")
    assert job.run() == 1
    assert job.reason.startswith(error)
    assert said in job.reason
    assert remedy in job.reason
    assert not job.reports.exists()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("split/preprocessing.json", "preprocessing's report"),
        ("candidate/model.tar.gz", "expected one model.tar.gz, got 0"),
        ("test/test.parquet", "the hold-out as one Parquet file"),
        ("config/run.json", "the run's configuration"),
    ],
)
def test_what_is_missing_is_named(job, missing, said):
    """The failure says which input is not there, and no report exists that a gate could read."""
    job.laid_out()
    (job.input / missing).unlink()
    assert job.run() == 1
    assert said in job.reason
    assert not (job.reports / reports.GATE).exists()


def test_a_hold_out_of_one_class_is_no_hold_out(job):
    """Labels that are all the same end the job, with the counts."""
    job.hold_out = job.hold_out.filter(pa.compute.equal(job.hold_out["Churn"], "No"))
    assert job.laid_out().run() == 1
    assert "expected hold-out rows of both classes, got 0 positive" in job.reason
