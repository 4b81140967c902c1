"""Row 6: the account may not have another such instance."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from perennial.callbacks import run_failed

from tests.faults.aws_rows import ready, started, wait_s
from tests.faults.flow import Flow

pytestmark = pytest.mark.row(6, "ResourceLimitExceeded", "long backoff, then a clear failure and an alert")
WORDS = "The account-level service limit 'ml.m5.large for processing job usage' is 0 Instances"


def test_a_limit_is_waited_for_and_then_told(flow: Flow, inbox: Callable[[Flow], list[dict[str, object]]]) -> None:
    """Minutes between the tries, since other jobs must end first; after the last, the topic hears AWS's own words.

    Fails when LIMIT has another kind's delays (`perennial.retries`), or a failed try is not recorded
    (`FlowOperator.on_record`).
    """
    listen = inbox(flow)
    run = ready(flow, before="preprocess")
    flow.place.switch_on(
        "error",
        service="sagemaker",
        operation="CreateProcessingJob",
        code="ResourceLimitExceeded",
        message=WORDS,
        times=None,
    )
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
    assert started(flow, "preprocess") == []
    for number, error in enumerate(errors, start=1):
        assert 300 <= wait_s(error, number) <= 3600
