"""Row 5: AWS is too busy, for a moment or for longer than a call is willing to wait."""

import pytest
from botocore.exceptions import ClientError
from perennial import retries
from perennial.retries import Fault

from tests.faults.aws_rows import ready, started, wait_s
from tests.faults.flow import Flow

pytestmark = pytest.mark.row(5, "ThrottlingException, 500s", "bounded backoff with jitter, then success")
# Seconds until the second try: a service that is too busy is asked again sooner than one that is unwell.
FIRST_S = {retries.THROTTLING: (2.5, 5), retries.SERVICE: (5, 10)}


@pytest.mark.parametrize(
    ("code", "status"), [("ThrottlingException", 400), ("InternalFailure", 500), ("ServiceUnavailable", 503)]
)
def test_a_moment_is_waited_out_inside_the_call(flow: Flow, call_waits: list[float], code: str, status: int) -> None:
    """The task does not notice: one try, one job, after waits that are bounded and jittered.

    Fails when the clients are made without `CALL_RETRIES`, which try more often than botocore does when it is not told
    (`perennial.hooks.aws`).
    """
    run = ready(flow, before="preprocess")
    flow.place.switch_on("error", service="sagemaker", code=code, status=status, times=7)
    run.execute("candidate.preprocess")
    assert flow.place.hits() == len(call_waits) == 7
    assert max(call_waits) <= 20
    assert len(set(call_waits)) == len(call_waits)
    assert len(started(flow, "preprocess")) == 1


@pytest.mark.usefixtures("call_waits")
@pytest.mark.parametrize(
    ("code", "status", "fault"),
    [("ThrottlingException", 400, retries.THROTTLING), ("NeverHeardOf", 500, retries.SERVICE)],
    ids=["throttled", "500"],
)
def test_longer_than_a_call_waits_is_another_try(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, code: str, status: int, fault: Fault
) -> None:
    """The try ends, the next comes after a wait that is bounded and jittered, and joins the job.

    The wait is that of the fault, and another one for another task that failed at the same time.

    Fails when the code is not in the table, or one that is in no table is not judged by its HTTP status, and the policy
    then waits by another kind's delays; when `delay_s` knows no bound, or draws no jitter (`perennial.retries`); when
    `_identity` is the same for all tasks (`perennial.retry_policy`).
    """
    monkeypatch.setattr("perennial.hooks.aws.CALL_RETRIES", {"mode": "standard", "max_attempts": 2})
    run = ready(flow, before="preprocess")
    flow.place.switch_on(
        "error", service="sagemaker", operation="Describe*", code=code, status=status, times=None, after=1
    )
    with pytest.raises(ClientError, match=code) as failed:
        run.execute("candidate.preprocess")
    [failure] = flow.failures()
    assert failure.fault == fault.name
    flow.place.switch_off()
    run.execute("candidate.preprocess")
    assert len(started(flow, "preprocess")) == 1
    tasks = [run.failure_context("candidate.preprocess"), run.failure_context("candidate.train")]
    tasks.append(flow.training("manual__2").failure_context("candidate.preprocess"))
    waits_s = [wait_s(failed.value, number, of=tasks[0]) for number in range(1, 10)]
    assert FIRST_S[fault][0] <= waits_s[0] <= FIRST_S[fault][1]
    assert max(waits_s) <= 300
    assert len(set(waits_s)) == len(waits_s)
    assert len({wait_s(failed.value, 1, of=task) for task in tasks}) == len(tasks)
