"""Row 30: the credentials of a process expire while its run goes on."""

from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError
from perennial.triggers.jobs import SageMakerJobTrigger

from tests.faults.aws_rows import ready, started, wait_s
from tests.faults.flow import Flow
from tests.faults.triggerer import fired

pytestmark = pytest.mark.row(30, "credentials expire mid-run", "refreshed, or retried without a duplicate")
EXPIRED = {"code": "ExpiredTokenException", "message": "The security token included in the request is expired"}


@pytest.mark.parametrize("let_through", [0, 1, 2], ids=["at the first look", "at the create", "after the create"])
def test_a_try_whose_credentials_expired_is_followed_by_one_that_joins(flow: Flow, let_through: int) -> None:
    """Whichever call it hits, the next try has a process and credentials of its own, and the step has one job.

    Fails when the code of an expired token is not among those of `CREDENTIALS`, which are renewed within seconds
    (`perennial.retries`).
    """
    run = ready(flow, before="preprocess")
    flow.place.switch_on("error", service="sagemaker", after=let_through, **EXPIRED)
    with pytest.raises(ClientError, match="expired") as failed:
        run.execute("candidate.preprocess")
    assert [failure.fault for failure in flow.failures()] == ["credentials"]
    run.execute("candidate.preprocess")
    assert len(started(flow, "preprocess")) == 1
    assert 5 <= wait_s(failed.value, 1) <= 10


@pytest.mark.usefixtures("deferring")
def test_a_try_that_goes_on_after_a_wait_with_old_credentials_is_followed_by_one_that_joins(flow: Flow) -> None:
    """They were good when it deferred, and when the triggerer looked: the next try finds the job that has ended.

    Fails when the job's name holds something that a try has of its own (`naming.job_name`).
    """
    run = ready(flow, before="preprocess")
    with pytest.raises(ClientError, match="expired"):
        run.execute(
            "candidate.preprocess", meanwhile=lambda: flow.place.switch_on("error", service="sagemaker", **EXPIRED)
        )
    assert (flow.place.hits(), run.waited["candidate.preprocess"]) == (1, 1)
    [job] = started(flow, "preprocess")
    assert run.execute("candidate.preprocess")["job_name"] == job
    assert started(flow, "preprocess") == [job]
    assert (run.tries["candidate.preprocess"].number, run.waited["candidate.preprocess"]) == (2, 1)


def test_a_waiting_trigger_takes_new_credentials(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks again with a client made anew, whose credentials are new too, and fires when the job has ended.

    Fails when `_looked_at` raises what may pass, or looks again with the client that it had
    (`perennial.triggers.jobs`).
    """
    job = ready(flow, before="preprocess").execute("candidate.preprocess")["job_name"]
    connect, clients = AwsBaseHook.get_async_conn, []

    async def counted(hook: Any) -> Any:
        clients.append(hook)
        return await connect(hook)

    monkeypatch.setattr(AwsBaseHook, "get_async_conn", counted)
    flow.place.switch_on("error", service="sagemaker", operation="DescribeProcessingJob", times=3, **EXPIRED)
    arguments: dict[str, Any] = {"job_name": job, "kind": "processing", "owner": "try-1", "stop_on_kill": True}
    where = {"connection": "aws_default", "region": None, "poll_interval_s": 0.0, "first_look": 0.0}
    assert fired(SageMakerJobTrigger(**arguments, **where)) == {"job_name": job, "status": "Completed"}
    assert flow.place.hits() == 3
    assert len(clients) == 4
