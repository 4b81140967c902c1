"""What came of a run, from a real server of the AWS API."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from include.specs import codec, reports, s3_layout
from include.specs.reports import Confusion, DataReport, Estimate, EvaluationReport, GateReport, GateRule
from laptop import aws, outcome
from laptop.airflow_api import Run, TaskState
from laptop.errors import FlowError
from laptop.flow import Finished
from laptop.settings import BUCKET

RUN = Run(dag_id="churn_training", run_id="manual__2026-03-01")


def gate(*, passed: bool) -> GateReport:
    """A gate with one rule."""
    rule = GateRule(rule="roc_auc >= 0.8", observed=0.85 if passed else 0.7, required=0.8, passed=passed)
    return GateReport(verdict="register" if passed else "reject", rules=(rule,), reasons="Because of [rules].")


def evaluation(*, synthetic: bool = False) -> EvaluationReport:
    """An evaluation with next to nothing in it."""
    confusion = Confusion(threshold=0.5, true_positive=1, false_positive=1, false_negative=1, true_negative=1)
    estimate = Estimate(value=0.85, low=0.8, high=0.9)
    data = DataReport(rows=4, positives=2, sha256="0" * 64, synthetic=synthetic)
    return EvaluationReport(model="churn", run="slug", metrics={"roc_auc": estimate}, data=data, confusion=confusion)


def leave_reports(endpoint: str, judged: GateReport, *, synthetic: bool = False) -> None:
    """What a training run leaves in its folder."""
    prefix = s3_layout.experiment("churn", "slug")
    files = {
        reports.GATE: codec.encode(judged),
        reports.EVALUATION: codec.encode(evaluation(synthetic=synthetic)),
        reports.HTML: b"<!doctype html>",
    }
    for name, body in files.items():
        aws.client("s3", endpoint).put_object(Bucket=BUCKET, Key=prefix + name, Body=body)


def register(endpoint: str, run_id: str) -> None:
    """Register a version from that run."""
    sagemaker = aws.client("sagemaker", endpoint)
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    if not groups:
        sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    sagemaker.create_model_package(
        ModelPackageGroupName="churn",
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={outcome.RUN_ID_PROPERTY: run_id},
    )


def read(endpoint: str, folder: Path) -> outcome.Outcome:
    """The outcome of RUN."""
    return outcome.read(endpoint, RUN, model="churn", slug="slug", reports_folder=folder)


def printed(came: outcome.Outcome) -> str:
    """What a person sees of it."""
    console = Console(file=io.StringIO(), width=80, markup=False)
    outcome.show(console, came, model="churn")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_registered_candidate_is_told_with_its_status(endpoint: str, tmp_path: Path) -> None:
    """The version is the one that this run registered, not the newest one; the report lies where it says."""
    leave_reports(endpoint, gate(passed=True))
    for run_id in ("another", RUN.run_id, "later"):
        register(endpoint, run_id)
    came = read(endpoint, tmp_path / "reports")
    assert "Registry: churn version 2, PendingManualApproval" in printed(came)
    assert came.report.read_bytes() == b"<!doctype html>"
    assert str(came.report) in printed(came).replace("\n", "")


def test_a_rejected_candidate_is_no_failure(endpoint: str, tmp_path: Path) -> None:
    """The table has rule, observed, required and passed; the registry has nothing; the reason is printed as it is."""
    leave_reports(endpoint, gate(passed=False))
    shown = printed(read(endpoint, tmp_path))
    assert "Gate: reject: Because of [rules]." in shown
    assert "Registry: nothing was registered" in shown
    (row,) = [line for line in shown.splitlines() if "roc_auc >=" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["roc_auc >= 0.8", "0.7000", "0.8000", "no"]


@pytest.mark.parametrize("synthetic", [True, False])
def test_made_up_data_is_said_in_words(endpoint: str, tmp_path: Path, synthetic: bool) -> None:
    """Figures of made-up data are never shown without saying so, and real ones never with it."""
    leave_reports(endpoint, gate(passed=False), synthetic=synthetic)
    assert (outcome.SYNTHETIC[:30] in printed(read(endpoint, tmp_path))) is synthetic


def test_a_missing_report_is_a_failure(endpoint: str, tmp_path: Path) -> None:
    """A run that left no gate did not do its work."""
    with pytest.raises(FlowError, match=r"expected s3://.*/experiments/churn/slug/gate.json to be there"):
        read(endpoint, tmp_path)


@pytest.mark.parametrize(("passed", "registered"), [(True, False), (False, True)])
def test_gate_and_registry_must_agree(endpoint: str, tmp_path: Path, passed: bool, registered: bool) -> None:
    """A rejected candidate in the registry, or an accepted one that is not in it, is a failure."""
    leave_reports(endpoint, gate(passed=passed))
    if registered:
        register(endpoint, RUN.run_id)
    with pytest.raises(FlowError, match="but the registry holds"):
        read(endpoint, tmp_path)


def test_times_are_told_task_by_task() -> None:
    """Steps, runs with their tasks, and the total; a task that was skipped took no time."""
    tasks = (
        TaskState(task_id="train", state="success", duration_s=5.04),
        TaskState(task_id="reject", state="skipped"),
    )
    told = outcome.times({"Airflow": 14.0}, [Finished(run=RUN, tasks=tasks, duration_s=9.0)], 30.0, width=80)
    assert told.splitlines() == ["Time: Airflow 14.0 s", "churn_training 9.0 s: train 5.0 s", "Total 30.0 s"]


@pytest.mark.parametrize("width", [24, 34, 80])
def test_a_time_is_never_apart_from_its_unit(width: int) -> None:
    """However narrow the terminal, lines are broken between steps only, and none is wider where a step fits."""
    steps = {"settings": 0.1, "data base": 16.1, "an-other": 2.0, "Airflow": 114.0, "DAG files": 3.3}
    lines = outcome.times(steps, [], 30.0, width=width).splitlines()
    assert " ".join(line.strip() for line in lines) == f"Time: {outcome.joined(steps)} Total 30.0 s"
    assert all(line.endswith((" s", " s ·")) for line in lines)
    assert max(map(len, lines)) <= width


def test_numbers_that_are_close_are_told_apart() -> None:
    """What was observed never reads like what was required where the rule is broken."""
    near = GateRule(rule="roc_auc >= 0.85", observed=0.849996, required=0.85, passed=False)
    assert [outcome.number(value, near.decimals) for value in (near.observed, near.required)] == [
        "0.849996",
        "0.850000",
    ]


@pytest.mark.parametrize("width", [0, 1, 2])
def test_a_terminal_without_columns_is_told_all_the_same(width: int) -> None:
    """Some say that they have none: a line for each step, and no error after all the work."""
    lines = outcome.times({"settings": 0.1, "Airflow": 14.0}, [], 30.0, width=width).splitlines()
    assert [line.strip() for line in lines] == ["Time: settings 0.1 s ·", "Airflow 14.0 s", "Total 30.0 s"]
