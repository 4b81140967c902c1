"""Row 4: SageMaker takes a Create on, and its answer never arrives."""

import pytest
from botocore.exceptions import ConnectionClosedError

from tests.faults.aws_rows import DAY, ready, started
from tests.faults.flow import Flow

pytestmark = pytest.mark.row(4, "the reply to Create is lost", 'ResourceInUse is read as "mine": attach')


def test_a_job_whose_create_was_not_answered_is_joined(flow: Flow) -> None:
    """The call is tried again, is told that the name is taken, and takes that job for its own: each step has one.

    Fails when `Jobs.create` raises ResourceInUse instead of returning False (`perennial.hooks.jobs`).
    """
    run = ready(flow, before="preprocess")
    for number, step in enumerate(("preprocess", "train", "evaluate"), start=1):
        flow.place.switch_on("lost_reply", service="sagemaker", operation="Create*Job")
        run.execute(f"candidate.{step}")
        assert flow.place.hits() == number
        assert len(started(flow, step)) == 1
    assert run.finish().states["register"] == "success"


def test_a_job_that_no_try_heard_of_is_joined_by_the_next(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is not tried again, and its try ends without knowing of the job: the next one knows its name.

    Fails when the job's name holds something that a try has of its own, its number say (`naming.job_name`).
    """
    monkeypatch.setattr("perennial.hooks.aws.CALL_RETRIES", {"mode": "standard", "total_max_attempts": 1})
    run = ready(flow, before="preprocess")
    flow.place.switch_on("lost_reply", service="sagemaker", operation="Create*Job")
    with pytest.raises(ConnectionClosedError):
        run.execute("candidate.preprocess")
    [job] = started(flow, "preprocess")
    assert run.execute("candidate.preprocess")["job_name"] == job
    assert started(flow, "preprocess") == [job]


def test_an_ingestion_whose_create_was_not_answered_goes_through(flow: Flow) -> None:
    """The same operator, in the other flow.

    Fails when `Jobs.create` raises ResourceInUse instead of returning False (`perennial.hooks.jobs`).
    """
    flow.land(DAY)
    flow.place.switch_on("lost_reply", service="sagemaker", operation="CreateProcessingJob")
    flow.ingest(DAY)
    assert flow.place.hits() == 1
    assert len(started(flow, "ingest")) == 1
