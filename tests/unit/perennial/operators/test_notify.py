"""A model's topic hears how a run came out."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from perennial.operators.notify import NotifyOperator, subject

from include.specs.model import ModelSpec
from include.specs.reports import GateReport

Make = Callable[..., Any]
GATE = "experiments/{}/manual-1-abc/gate.json"


@pytest.fixture
def inbox(listen: Make, spec: ModelSpec) -> Callable[[], list[dict[str, Any]]]:
    """Reads what arrived in a queue that listens to the model's topic."""
    read: Callable[[], list[dict[str, Any]]] = listen(f"perennial-{spec.name}")
    return read


def _notify(spec: ModelSpec, context: dict[str, Any], registered: Any = None) -> Any:
    return NotifyOperator(task_id="notify", spec=spec, run="manual-1-abc", registered=registered).execute(context)


def test_registered_version_is_told(
    aws: SimpleNamespace, spec: ModelSpec, context: Make, gate: Callable[[str], GateReport], inbox: Make
) -> None:
    """The message names the version, its approval, the reasons, the report and the run."""
    aws.put(GATE.format(spec.name), gate("register"))
    result = _notify(spec, context(), {"version": 3, "approval_status": "PendingManualApproval"})
    [envelope] = inbox()
    assert envelope["Subject"] == f"{spec.name}: version 3 registered, waiting for approval"
    assert result == {"message_id": envelope["MessageId"]}
    message = json.loads(envelope["Message"])
    assert message.pop("report").endswith("evaluation_report.html")
    assert message == {
        "model": spec.name,
        "owner": spec.owner.email,
        "verdict": "register",
        "reasons": "The one rule says register.",
        "version": 3,
        "approval_status": "PendingManualApproval",
        "dag_id": "churn_training",
        "run_id": "manual__1",
    }


def test_rejected_candidate_is_told(
    aws: SimpleNamespace, spec: ModelSpec, context: Make, gate: Callable[[str], GateReport], inbox: Make
) -> None:
    """A run that registered nothing says so, and why."""
    aws.put(GATE.format(spec.name), gate("reject"))
    _notify(spec, context())
    [envelope] = inbox()
    assert envelope["Subject"] == f"{spec.name}: candidate rejected by the quality gate"
    message = json.loads(envelope["Message"])
    assert (message["version"], message["reasons"]) == (None, "The one rule says reject.")


def test_missing_verdict_is_not_made_up(spec: ModelSpec, context: Make, inbox: Make) -> None:
    """Without a verdict nothing is sent, and the task fails."""
    with pytest.raises(AirflowFailException, match=r"gate\.json, found no such object"):
        _notify(spec, context())
    assert inbox() == []


def test_subject_fits_sns() -> None:
    """The longest name that a model can have leaves room in a subject of 100 characters."""
    assert len(subject({"model": "m" * 24, "verdict": "register", "version": 10**6})) <= 100
