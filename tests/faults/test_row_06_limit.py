"""Row 6: the account may not have another such instance."""

import json
from collections.abc import Callable

import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError
from perennial import quotas
from perennial.callbacks import run_failed

from tests.faults.aws_rows import ready, started, wait_s
from tests.faults.flow import Flow

pytestmark = pytest.mark.row(6, "ResourceLimitExceeded", "long backoff, then a clear failure and an alert")
LIMIT = "The account-level service limit 'ml.m5.large for processing job usage'"
WORDS = f"{LIMIT} is 4 Instances, with current utilization of 4 Instances"
NONE_AT_ALL = f"{LIMIT} is 0 Instances, with current utilization of 0 Instances"
ASKS = 5
Inbox = Callable[[Flow], list[dict[str, object]]]


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try asks a few times only, and at once."""
    monkeypatch.setenv("AIRFLOW__PERENNIAL__RETRY_PACE", "0")
    monkeypatch.setattr(quotas, "ASKS", ASKS)


def _refuse(flow: Flow, words: str, *, times: int | None = None) -> None:
    flow.place.switch_on(
        "error",
        service="sagemaker",
        operation="CreateProcessingJob",
        code="ResourceLimitExceeded",
        message=words,
        times=times,
    )


@pytest.mark.usefixtures("_hurried")
def test_a_limit_is_waited_for_and_then_told(flow: Flow, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try asks again and again, since other jobs end; minutes pass between the tries, and after the last, the
    topic hears AWS's own words.

    Fails when a try asks once (`perennial.quotas`), when LIMIT has another kind's delays (`perennial.retries`), or a
    failed try is not recorded (`FlowOperator.on_record`).
    """
    listen = inbox(flow)
    run = ready(flow, before="preprocess")
    _refuse(flow, WORDS)
    errors = []
    for _ in range(3):
        with pytest.raises(ClientError, match="account-level service limit") as failed:
            run.execute("candidate.preprocess")
        errors.append(failed.value)
    run_failed(flow.spec)(run.failure_context("candidate.preprocess"))
    [message] = [json.loads(each["Message"]) for each in listen()]
    assert WORDS in message["cause"]
    assert (message["fault"], message["task_id"]) == ("limit", "candidate.preprocess")
    assert "quota" in message["advice"]
    assert flow.place.hits() == 3 * (1 + ASKS)
    assert started(flow, "preprocess") == []
    monkeypatch.delenv("AIRFLOW__PERENNIAL__RETRY_PACE")
    for number, error in enumerate(errors, start=1):
        assert 300 <= wait_s(error, number) <= 3600


@pytest.mark.usefixtures("_hurried")
def test_a_limit_that_passes_fails_no_try(flow: Flow) -> None:
    """Whoever waits for an instance asks until it is there.

    Fails when a try ends with the first refusal (`perennial.quotas`).
    """
    run = ready(flow, before="preprocess")
    _refuse(flow, WORDS, times=ASKS)
    assert run.execute("candidate.preprocess")["job_name"] in started(flow, "preprocess")
    assert flow.failures() == []


@pytest.mark.usefixtures("_hurried")
def test_a_limit_of_none_is_told_at_once(flow: Flow) -> None:
    """A fresh account may run none of most types: that no other job uses up, and no time mends.

    Fails when `of_error` (`perennial.retries`) takes it for a limit that others use up.
    """
    run = ready(flow, before="preprocess")
    _refuse(flow, NONE_AT_ALL)
    with pytest.raises(AirflowFailException, match="is 0 Instances"):
        run.execute("candidate.preprocess")
    assert flow.place.hits() == 1
    [failure] = flow.failures()
    assert (failure.fault, failure.retried) == ("quota", False)
    assert "ask AWS for a quota" in failure.advice
