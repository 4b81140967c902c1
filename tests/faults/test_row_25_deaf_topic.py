"""Row 25: SNS does not take a message."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from perennial.callbacks import run_failed

from include.specs.incidents import NOTICES, NoticeReport
from tests.faults.aws_rows import ready
from tests.faults.flow import Flow, Run, small
from tests.faults.place import Place

pytestmark = pytest.mark.row(25, "SNS refuses", "the flow's result stands; the failed notice is on record")


@pytest.fixture(scope="module")
def flow(account: Place, model_name: Callable[[], str]) -> Flow:
    """One model for all tests here, none of which asks for more of it than something to tell."""
    return Flow(spec=small(model_name()), place=account)


@pytest.fixture(scope="module")
def trained(flow: Flow) -> Run:
    """A run that has done everything but tell."""
    return ready(flow, before="resolve").finish_until("notify")


@pytest.fixture(autouse=True)
def _nothing_told(flow: Flow) -> None:
    """What an earlier test told of the run is no record of this one."""
    for key in flow.keys("experiments"):
        if NOTICES in key:
            flow.remove(key)


def _record(flow: Flow) -> NoticeReport:
    [key] = [key for key in flow.keys("experiments") if NOTICES in key]
    return flow.read_as(NoticeReport, key)


def test_a_topic_that_refuses_changes_no_result(flow: Flow, trained: Run) -> None:
    """The version is registered, the run succeeds, and the message that nobody got lies beside its reports.

    Fails when `NotifyOperator` raises what SNS answers, or `send` writes no record of what it could not send.
    """
    flow.place.switch_on("error", service="sns", operation="Publish", code="AuthorizationError", status=403, times=None)
    assert trained.execute("notify") == {"message_id": None}
    assert trained.states["notify"] == "success"
    assert len(flow.packages()) == 1
    record = _record(flow)
    assert record.message_id is None
    assert "AuthorizationError" in str(record.error)
    assert record.body["version"] == 1


def test_a_topic_that_is_away_is_asked_again(
    flow: Flow, trained: Run, inbox: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that may pass is another try; the message is sent once, and its record says so then.

    Fails when `NotifyOperator` takes every fault for final, or `send` does not look at the record.
    """
    monkeypatch.setattr("perennial.hooks.aws.CALL_RETRIES", {"mode": "standard", "max_attempts": 1})
    listen = inbox(flow)
    flow.place.switch_on("error", service="sns", operation="Publish", code="InternalError", status=500, times=2)
    with pytest.raises(ClientError, match="InternalError"):
        trained.execute("notify")
    assert "InternalError" in str(_record(flow).error)
    flow.place.switch_off()
    for _ in range(2):
        trained.execute("notify")
    [message] = listen()
    assert _record(flow).message_id == message["MessageId"]


def test_a_failure_that_cannot_be_told_is_on_record(flow: Flow) -> None:
    """The callback raises nothing, whatever SNS answers.

    Fails when `_tell` lets an exception out (`perennial.callbacks`), or `send` writes no record.
    """
    flow.place.switch_on("error", service="sns", code="AuthorizationError", status=403, times=None)
    run_failed(flow.spec)(flow.training("manual__2").failure_context("resolve"))
    record = _record(flow)
    assert (record.message_id, record.body["run_id"]) == (None, "manual__2")
