"""A model's topic hears how a run came out."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from perennial.operators.notify import NotifyOperator, subject

from include.specs.catalog import load
from include.specs.model import ModelSpec
from include.specs.reports import GateReport

Make = Callable[..., Any]
CONFIG = "experiments/{}/manual-1-abc/run.json"
GATE = "experiments/{}/manual-1-abc/gate.json"
RECORD = "experiments/churn/manual-1-abc/notices/verdict-reject.json"


@pytest.fixture
def inbox(listen: Make, spec: ModelSpec) -> Callable[[], list[dict[str, Any]]]:
    """Reads what arrived in a queue that listens to the model's topic."""
    read: Callable[[], list[dict[str, Any]]] = listen(f"perennial-{spec.name}")
    return read


@pytest.fixture(autouse=True)
def configured(aws: SimpleNamespace, training_run: Make) -> Callable[..., None]:
    """A run of each model; makes another of it."""

    def make(spec: ModelSpec, **changes: Any) -> None:
        aws.put(CONFIG.format(spec.name), training_run(spec, **changes))

    for spec in load().values():
        make(spec)
    return make


def _notify(spec: ModelSpec, context: dict[str, Any], registered: Any = None) -> Any:
    key = CONFIG.format(spec.name)
    return NotifyOperator(task_id="notify", spec=spec, config_key=key, registered=registered).execute(context)


def test_registered_version_is_told(
    aws: SimpleNamespace, spec: ModelSpec, context: Make, gate: Callable[[str], GateReport], inbox: Make
) -> None:
    """The message names the version, its approval, the reasons, the report, what to do and the run."""
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
        "past_window": False,
        "version": 3,
        "approval_status": "PendingManualApproval",
        "runbook": "docs/runbook.md#registered",
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
    assert message["runbook"] == "docs/runbook.md#rejected"


def test_missing_verdict_is_not_made_up(spec: ModelSpec, context: Make, inbox: Make) -> None:
    """Without a verdict nothing is sent, and the task fails."""
    with pytest.raises(AirflowFailException, match=r"gate\.json, found no such object"):
        _notify(spec, context())
    assert inbox() == []


def test_backfill_is_no_news(spec: ModelSpec, context: Make, inbox: Make) -> None:
    """Whatever it found, and though there is no verdict to read: nobody is told, and the task is skipped."""
    with pytest.raises(AirflowSkipException, match="a backfill finds is no news"):
        _notify(spec, context(run_type="backfill"))
    assert inbox() == []


@pytest.mark.parametrize("run_type", ["manual", "scheduled", "asset_triggered"])
def test_every_other_run_is_news(
    aws: SimpleNamespace, spec: ModelSpec, context: Make, gate: Callable[[str], GateReport], inbox: Make, run_type: str
) -> None:
    """Whoever started it."""
    aws.put(GATE.format(spec.name), gate("reject"))
    _notify(spec, context(run_type=run_type))
    assert len(inbox()) == 1


def test_retry_tells_nothing_twice(
    aws: SimpleNamespace, spec: ModelSpec, context: Make, gate: Callable[[str], GateReport], inbox: Make
) -> None:
    """A task that was killed after it had told finds that on record."""
    aws.put(GATE.format(spec.name), gate("reject"))
    assert _notify(spec, context()) == _notify(spec, context())
    assert len(inbox()) == 1


def test_verdict_that_has_changed_is_told(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, gate: Callable[[str], GateReport], listen: Make
) -> None:
    """A run that is cleared may come out otherwise: who heard of a rejection hears of the version that waits."""
    inbox = listen("perennial-churn")
    for verdict, registered in (("reject", None), ("register", {"version": 3}), ("register", {"version": 3})):
        aws.put(GATE.format("churn"), gate(verdict))
        _notify(churn, context(), registered)
    assert [envelope["Subject"] for envelope in inbox()] == [
        "churn: candidate rejected by the quality gate",
        "churn: version 3 registered, waiting for approval",
    ]


@pytest.fixture
def past(churn: ModelSpec, configured: Make) -> ModelSpec:
    """A model whose run is of a past window: a person started it."""
    configured(churn, past_window=True)
    return churn


@pytest.fixture
def told_of(aws: SimpleNamespace, gate: Make, listen: Make) -> Make:
    """Leaves a verdict; reads what arrives for the model's topic."""

    def make(verdict: str) -> Any:
        aws.put(GATE.format("churn"), gate(verdict))
        return listen("perennial-churn")

    return make


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("register", "version 3 of a past window registered, waiting for approval"),
        ("reject", "candidate of a past window rejected by the quality gate"),
    ],
)
def test_past_window_is_called_one(past: ModelSpec, context: Make, told_of: Make, verdict: str, words: str) -> None:
    """What an old interval gave is not announced as new; and the message's record is one that can be read."""
    inbox = told_of(verdict)
    for _ in range(2):
        _notify(past, context(), {"version": 3} if verdict == "register" else None)
    [envelope] = inbox()
    assert envelope["Subject"] == f"churn: {words}"
    assert json.loads(envelope["Message"])["past_window"] is True


@pytest.fixture
def rejected(aws: SimpleNamespace, gate: Callable[[str], GateReport]) -> None:
    """A run of one model whose candidate was rejected."""
    aws.put(GATE.format("churn"), gate("reject"))


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """SNS that refuses, each time that a test says so."""
    with Stubber(boto3.client("sns")) as stubber:
        monkeypatch.setattr("perennial.operators.notify.client", lambda _: stubber.client)
        yield stubber


def _try(context: dict[str, Any], number: int) -> dict[str, Any]:
    context["ti"].try_number = number  # of 4: one, and three retries
    return context


@pytest.mark.usefixtures("rejected")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_refusal_that_may_pass_is_left_to_the_next_try(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, refusing: Stubber, number: int
) -> None:
    """As long as there is one; the message is on record meanwhile."""
    refusing.add_client_error("publish", "Throttling")
    with pytest.raises(ClientError, match="Throttling"):
        _notify(churn, _try(context(), number))
    assert "Throttling" in json.loads(aws.get(RECORD))["error"]


@pytest.mark.usefixtures("rejected")
@pytest.mark.parametrize(("code", "number"), [("Throttling", 4), ("AuthorizationError", 1), ("InvalidParameter", 2)])
def test_refusal_never_fails_the_run(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, refusing: Stubber, code: str, number: int
) -> None:
    """What SNS refuses to the last, or once and for all, stays on record; the run's result stands."""
    refusing.add_client_error("publish", code)
    assert _notify(churn, _try(context(), number)) == {"message_id": None}
    record = json.loads(aws.get(RECORD))
    assert record["message_id"] is None
    assert code in record["error"]
    assert record["body"]["reasons"] == "The one rule says reject."
    assert [key for key in aws.listing() if "/failures/" in key] == []


@pytest.mark.usefixtures("rejected")
def test_message_that_nobody_got_can_be_found(
    churn: ModelSpec, context: Make, refusing: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    """The task's log says where it lies."""
    refusing.add_client_error("publish", "AuthorizationError")
    _notify(churn, context())
    log = "".join(capsys.readouterr())
    assert "Nobody was told" in log
    assert RECORD in unquote(log)


def test_subject_fits_sns() -> None:
    """The longest name that a model can have leaves room in a subject of 100 characters."""
    assert len(subject({"model": "m" * 24, "verdict": "register", "version": 10**6, "past_window": True})) <= 100
