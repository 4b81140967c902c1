"""The whole flow, through a real scheduler and real jobs: no champion, then one, then rejected; then days of the past.

The runs are made once, one after the other, as a person would make them; the tests look at what they left.
"""

import dataclasses
import datetime as dt
import io
import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from rich.console import Console
from whole_system import REAL_DATA, System

from include.specs import codec, reports, s3_layout
from include.specs.drift import DRIFT, BaselineRef
from include.specs.performance import PERFORMANCE, PERFORMANCE_HTML, PerformanceReport
from include.specs.reports import EvaluationReport, GateReport
from laptop import landing
from laptop.errors import FlowError
from laptop.outcome import SYNTHETIC, Version
from laptop.settings import BUCKET
from laptop.story import Story
from tests.shared.drift_report import report_of as drift_report_of

pytestmark = [pytest.mark.flow, pytest.mark.timeout(900)]

IMPOSSIBLE = '{"thresholds": {"roc_auc": 0.999}}'


@dataclass(frozen=True, kw_only=True)
class Made:
    """A `make run` that is through: what it printed, and which versions there were then."""

    done: subprocess.CompletedProcess[str]
    versions: tuple[dict[str, Any], ...]

    @property
    def slug(self) -> str:
        """The training run's name in S3, from where the report was put."""
        found = re.search(r"([^/\s]+)/evaluation_report\.html", self.done.stdout)
        assert found is not None, self.done.stdout + self.done.stderr
        return found.group(1)


def make(system: System, model: str, *options: str) -> Made:
    """Run, and see what the registry holds."""
    done = system.run(model, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return Made(done=done, versions=tuple(system.versions(model)))


@pytest.fixture(scope="session")
def churn(system: System, notifications: Callable[[], list[str]]) -> Made:
    """Churn, with no champion."""
    assert notifications() == []
    return make(system, "churn")


@pytest.fixture(scope="session")
def churn_again(system: System, churn: Made) -> Made:
    """Churn, with a champion."""
    assert churn.versions
    return make(system, "churn")


@pytest.fixture(scope="session")
def churn_rejected(system: System, churn_again: Made) -> Made:
    """Churn, with a threshold that it cannot reach."""
    assert churn_again.versions
    return make(system, "churn", "--params", IMPOSSIBLE)


@pytest.fixture(scope="session")
def fraud(system: System, notifications: Callable[[], list[str]]) -> Made:
    """Fraud, with no champion."""
    notifications()
    return make(system, "fraud")


@pytest.fixture(scope="session")
def fraud_again(system: System, fraud: Made) -> Made:
    """Fraud, with a champion, on made-up data: the real file's newest part has too few frauds for a comparison."""
    assert fraud.versions
    return make(system, "fraud", "--data", "")


@pytest.fixture(scope="session")
def fraud_rejected(system: System, fraud_again: Made) -> Made:
    """Fraud, with a threshold that it cannot reach."""
    assert fraud_again.versions
    return make(system, "fraud", "--params", IMPOSSIBLE)


def gate_of(system: System, model: str, made: Made) -> GateReport:
    """The gate of that run."""
    return codec.decode(GateReport, system.experiment(model, made.slug, reports.GATE), source="gate.json")


def evaluation_of(system: System, model: str, made: Made) -> EvaluationReport:
    """The evaluation of that run."""
    body = system.experiment(model, made.slug, reports.EVALUATION)
    return codec.decode(EvaluationReport, body, source="evaluation.json")


@pytest.mark.parametrize("model", ["churn", "fraud"])
def test_the_first_candidate_is_registered_pending_approval(model: str, request: pytest.FixtureRequest) -> None:
    """With no champion the thresholds decide; there is one version, and a person has to approve it."""
    made: Made = request.getfixturevalue(model)
    (package,) = made.versions
    assert (package["ModelPackageVersion"], package["ModelApprovalStatus"]) == (1, "PendingManualApproval")
    assert f"Registry: {model} version 1, PendingManualApproval" in made.done.stdout


@pytest.mark.parametrize("model", ["churn", "fraud"])
def test_a_version_says_where_it_comes_from(model: str, request: pytest.FixtureRequest) -> None:
    """Metrics, drift baseline, owner, run, data and verdict are in the registry."""
    made: Made = request.getfixturevalue(model)
    (package,) = made.versions
    assert made.slug in package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    assert f"/baselines/{model}/" in str(package["DriftCheckBaselines"])
    assert package["CustomerMetadataProperties"]["airflow_run_id"].startswith("asset_triggered__")


@pytest.mark.parametrize("model", ["churn", "fraud"])
def test_what_is_printed_is_what_the_gate_decided(system: System, model: str, request: pytest.FixtureRequest) -> None:
    """Every rule of gate.json is a row of the table, and no escape code is in what a pipe gets."""
    made: Made = request.getfixturevalue(model)
    judged = gate_of(system, model, made)
    assert judged.verdict == "register"
    for rule in judged.rules:
        assert rule.rule.split(" where")[0][:30] in made.done.stdout
    assert "\x1b" not in made.done.stdout


def test_the_report_is_there_to_read(churn: Made) -> None:
    """It lies where the output says, and loads nothing from a network."""
    found = re.search(r"Report: (.*?\.html)", churn.done.stdout, re.DOTALL)
    assert found is not None
    text = Path(found.group(1).replace("\n", "")).read_text()
    assert "<html" in text.lower()
    assert not re.search(r"""\ssrc=["']?(https?:)?//|<link\s|@import|url\(["']?http""", text)


@pytest.mark.parametrize("model", ["churn", "fraud"])
def test_made_up_data_is_called_that(model: str, request: pytest.FixtureRequest) -> None:
    """Only where there was no real file."""
    made: Made = request.getfixturevalue(model)
    assert (SYNTHETIC[:30] in made.done.stdout) is not REAL_DATA[model].exists()


def test_the_telco_file_goes_in_as_it_is(system: System, churn: Made) -> None:
    """All its customers are in the partition, those without a bill yet too."""
    if not REAL_DATA["churn"].exists():
        pytest.skip(f"the Telco file is not at {REAL_DATA['churn']}")
    (manifest,) = [key for key in system.keys("raw/churn/") if key.endswith(s3_layout.MANIFEST)]
    assert b'"rows": 7043' in system.read(manifest)
    assert churn.versions


@pytest.mark.parametrize("model", ["churn", "fraud"])
def test_a_candidate_is_compared_with_the_champion(system: System, model: str, request: pytest.FixtureRequest) -> None:
    """The second run measures champion and candidate on the same rows and registers version 2."""
    made: Made = request.getfixturevalue(f"{model}_again")
    evaluation = evaluation_of(system, model, made)
    assert evaluation.champion is not None
    assert evaluation.champion.version == 1
    assert evaluation.difference["roc_auc"].high >= 0
    assert [package["ModelPackageVersion"] for package in made.versions] == [1, 2]


@pytest.mark.parametrize("model", ["churn", "fraud"])
def test_a_rejected_candidate_leaves_the_registry_as_it_was(
    system: System, model: str, request: pytest.FixtureRequest
) -> None:
    """A rejection is a result, not a failure; it is told with its reason, and nothing new is registered."""
    made: Made = request.getfixturevalue(f"{model}_rejected")
    judged = gate_of(system, model, made)
    assert judged.verdict == "reject"
    assert any(not rule.passed and rule.required == 0.999 for rule in judged.rules)
    assert "Registry: nothing was registered" in made.done.stdout
    assert len(made.versions) == 2


def test_the_models_topic_hears_of_every_verdict(
    notifications: Callable[[], list[str]], churn_rejected: Made, fraud_rejected: Made
) -> None:
    """Registered or rejected: one notification for each of the six runs."""
    assert churn_rejected.done.returncode == fraud_rejected.done.returncode == 0
    heard = notifications()
    assert sum("perennial-churn" in message for message in heard) == 3
    assert sum("perennial-fraud" in message for message in heard) == 3


def test_data_that_breaks_the_contract_fails_by_name(system: System, churn_rejected: Made, tmp_path: Path) -> None:
    """A missing column ends `make run` with the file and the column, and a code that is not 0."""
    with landing.delivery(system.settings, system.flow("churn").spec, None) as delivered:
        lines = delivered.file.read_text().replace('"tenure"', '"tenur"').replace("tenure,", "tenur,", 1)
    (tmp_path / "renamed.csv").write_text(lines)
    done = system.run("churn", data=tmp_path / "renamed.csv")
    assert done.returncode == 1
    assert "churn_ingestion.ingest failed" in done.stderr
    assert "make-run.csv" in done.stderr
    assert "tenure" in done.stderr
    assert len(system.versions("churn")) == len(churn_rejected.versions)


def test_a_day_that_a_person_asks_for_must_have_data(system: System, churn_rejected: Made) -> None:
    """Nothing stands in for a day without data: the error names the prefix that is empty."""
    assert churn_rejected.versions
    with pytest.raises(FlowError, match=r"landing/churn/year=2001/month=01/day=01/"):
        system.flow("churn").ingest(dt.date(2001, 1, 1), {})
    assert system.keys("raw/churn/year=2001/") == []


@pytest.mark.usefixtures("fraud_rejected")
def test_traffic_that_drifts_is_told_of_and_asks_for_a_training(
    system: System, fraud_again: Made, notifications: Callable[[], list[str]]
) -> None:
    """The first such day is a warning, the second is drift: a message each, and one training, which then begins."""
    flow, before = system.flow("fraud"), len(notifications())
    story = Story(system.settings, system.endpoint, flow.spec, Console(file=io.StringIO()), days=2, begins=0)
    version = fraud_again.versions[-1]
    number, arn = version["ModelPackageVersion"], version["ModelPackageArn"]
    dates = story.begin(
        Version(number=number, approval_status="", arn=arn), scenario="sudden", until=dt.date(2026, 3, 3)
    )
    watched = [flow.watch(date) for date in dates]
    assert [story.report(date).verdict for date in dates] == ["warning", "drift"]
    assert {story.report(date).baseline.version for date in dates} == {number}
    subjects = [json.loads(envelope)["Subject"] for envelope in notifications()[before:]]
    # Other models' runs are told of meanwhile.
    assert [subject for subject in subjects if subject.startswith("fraud: traffic")] == [
        "fraud: traffic may drift (2026-03-01)",
        "fraud: traffic has drifted (2026-03-02)",
    ]
    assert system.api.runs_started_by(watched[0].run) == []
    until(lambda: bool(system.api.runs_started_by(watched[1].run)), seconds=60)
    [training] = system.api.runs_started_by(watched[1].run)
    system.api.fail(training)
    assert training.dag_id == "fraud_training"


@pytest.mark.usefixtures("fraud_rejected")
def test_quality_that_falls_is_told_of_when_its_labels_come(
    system: System, fraud_again: Made, notifications: Callable[[], list[str]]
) -> None:
    """At first there is an estimate and no verdict; then, as labels come, a warning and a degradation: a message each,
    and one training, which then begins. The next day is the same, and tells and asks no more."""
    flow, before = system.flow("fraud"), len(notifications())
    story = Story(system.settings, system.endpoint, flow.spec, Console(file=io.StringIO()), days=3, rows=2000, begins=1)
    version = fraud_again.versions[-1]
    number, arn = version["ModelPackageVersion"], version["ModelPackageArn"]
    served = story.begin(
        Version(number=number, approval_status="", arn=arn), scenario="concept", until=dt.date(2026, 6, 10)
    )
    runs, reports_ = [], []
    for day in (9, 15, 24, 25):
        date = dt.date(2026, 6, day)
        runs.append(flow.watch(date, flow="performance"))
        body = system.read(s3_layout.monitoring("fraud", date) + PERFORMANCE)
        reports_.append(codec.decode(PerformanceReport, body, source=PERFORMANCE))
    assert [report.verdict for report in reports_] == ["insufficient_data", "warning", "degraded", "degraded"]
    assert [(report.registered.version, report.since) for report in reports_] == [
        (number, None),
        *[(number, served[1])] * 3,
    ]
    assert [day.date for day in reports_[2].days if day.breached] == served[1:]
    assert all(day.estimated for day in reports_[0].days)
    page = system.read(s3_layout.monitoring("fraud", dt.date(2026, 6, 9)) + PERFORMANCE_HTML).decode()
    assert "This is an estimate" in page
    assert "Made-up data." in page
    told = [json.loads(envelope) for envelope in notifications()[before:]]
    assert [each["Subject"] for each in told if each["Subject"].startswith("fraud: quality")] == [
        "fraud: quality may fall (2026-06-15)",
        "fraud: quality has fallen (2026-06-24)",
    ]
    until(lambda: bool(system.api.runs_started_by(runs[2].run)), seconds=60)
    [training] = system.api.runs_started_by(runs[2].run)
    system.api.fail(training)
    assert training.dag_id == "fraud_training"
    assert [system.api.runs_started_by(watched.run) for watched in (runs[0], runs[1], runs[3])] == [[], [], []]


@pytest.mark.usefixtures("fraud_rejected")
def test_day_of_a_version_that_was_replaced_is_held_against_its_own_evaluation(
    system: System, fraud_again: Made
) -> None:
    """Its drift report says who answered; the evaluation that its labels are held against comes by a manifest."""
    flow, first, serves = system.flow("fraud"), fraud_again.versions[0], fraud_again.versions[-1]
    story = Story(system.settings, system.endpoint, flow.spec, Console(file=io.StringIO()), days=1, rows=2000, begins=1)
    version = Version(number=serves["ModelPackageVersion"], approval_status="", arn=serves["ModelPackageArn"])
    [day] = story.begin(version, scenario="concept", until=dt.date(2026, 8, 10))
    run = first["CustomerMetadataProperties"]["run"]
    baseline = BaselineRef(version=first["ModelPackageVersion"], run=run, sha256="a" * 64)
    told = codec.encode(dataclasses.replace(drift_report_of("stable", date=day), baseline=baseline))
    system.client("s3").put_object(Bucket=BUCKET, Key=s3_layout.monitoring("fraud", day) + DRIFT, Body=told)
    flow.watch(dt.date(2026, 8, 25), flow="performance")
    folder = s3_layout.monitoring("fraud", dt.date(2026, 8, 25))
    report = codec.decode(PerformanceReport, system.read(folder + PERFORMANCE), source=PERFORMANCE)
    evaluation = codec.decode(EvaluationReport, system.experiment("fraud", run, reports.EVALUATION), source=run)
    assert (report.registered.version, report.registered.run, report.watched) == (1, run, version.number)
    [judged] = [found for found in report.days if found.judged]
    assert {name: found.registered for name, found in judged.metrics.items()} == evaluation.metrics
    assert judged.estimated is not None
    assert f"version {version.number} serves" in system.read(folder + PERFORMANCE_HTML).decode()


DAYS = [dt.date(2025, 3, day) for day in (1, 2, 3)]
BACKFILLS = "/dags/churn_ingestion/dagRuns"


@pytest.fixture(scope="session")
def backfilled(system: System, churn_rejected: Made) -> list[dict[str, Any]]:
    """The runs of a backfill of three days of the past, the second of them without data."""
    assert churn_rejected.versions
    with landing.delivery(system.settings, system.flow("churn").spec, None) as delivered:
        for day in (DAYS[0], DAYS[2]):
            landing.land(system.endpoint, "churn", day, delivered)
    period = {"from_date": f"{DAYS[0]}T00:00:00Z", "to_date": f"{DAYS[-1]}T23:00:00Z"}
    system.api.ask("POST", "/backfills", {"dag_id": "churn_ingestion", **period})

    def runs() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = system.api.ask("GET", f"{BACKFILLS}?run_type=backfill")["dag_runs"]
        return found

    until(lambda: len(runs()) == len(DAYS) and all(run["state"] in ("success", "failed") for run in runs()))
    return runs()


def test_a_backfill_writes_the_days_that_have_data(system: System, backfilled: list[dict[str, Any]]) -> None:
    """Each day's partition is made from its own landing prefix; a day without data has none, and fails nobody."""
    manifests = [s3_layout.manifest("churn", day) for day in DAYS]
    assert [key in system.keys("raw/churn/year=2025/") for key in manifests] == [True, False, True]
    assert [run["state"] for run in backfilled] == ["success"] * len(DAYS)


def test_a_backfill_asks_for_no_training(system: System, backfilled: list[dict[str, Any]]) -> None:
    """Its partitions are announced, and no training was started by any of its runs."""
    for run in backfilled:
        source = f"source_dag_id=churn_ingestion&source_run_id={quote(run['dag_run_id'])}"
        events = system.api.ask("GET", f"/assets/events?{source}")["asset_events"]
        assert {event["name"] for event in events} <= {"raw:churn"}
        assert not any(event["created_dagruns"] for event in events)


def until(holds: Callable[[], bool], *, seconds: float = 240) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(1)
