"""The end of a job's log, against botocore's stubber: it explains how a job ended, and never hides it."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from perennial.hooks.jobs import Jobs

NAME = "churn-train-26fa1be354c3"


@pytest.fixture
def logs() -> Iterator[Stubber]:
    with Stubber(boto3.client("logs")) as stubber:
        yield stubber


@pytest.fixture
def jobs(logs: Stubber) -> Jobs:
    return Jobs("training", sagemaker=None, logs=logs.client)


def test_last_log_lines(jobs: Jobs, logs: Stubber) -> None:
    """The end of the log of the instance that worked last, no longer than was asked for."""
    group = "/aws/sagemaker/TrainingJobs"
    # In the order of their names; a stream into which nothing was written yet has no time.
    streams = [
        {"logStreamName": f"{NAME}/algo-1-1", "lastEventTimestamp": 1},
        {"logStreamName": f"{NAME}/algo-1-2", "lastEventTimestamp": 3},
        {"logStreamName": f"{NAME}/algo-2-1", "lastEventTimestamp": 2},
        {"logStreamName": f"{NAME}/algo-2-2"},
    ]
    logs.add_response(
        "describe_log_streams",
        {"logStreams": streams},
        {"logGroupName": group, "logStreamNamePrefix": f"{NAME}/", "limit": 50},
    )
    logs.add_response(
        "get_log_events",
        {"events": [{"message": "fitting"}, {"message": "ValueError: one class"}]},
        {"logGroupName": group, "logStreamName": f"{NAME}/algo-1-2", "limit": 2},
    )
    assert jobs.last_log_lines(NAME, count=2) == ["fitting", "ValueError: one class"]


def test_log_without_streams_is_empty(jobs: Jobs, logs: Stubber) -> None:
    """A job that failed before it wrote anything has no log, and that is no error."""
    logs.add_response("describe_log_streams", {"logStreams": []})
    assert jobs.last_log_lines(NAME) == []


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_missing_log_does_not_hide_the_failure(jobs: Jobs, logs: Stubber, code: str) -> None:
    """Whatever keeps the log from being read, the job's own reason is still told."""
    logs.add_client_error("describe_log_streams", code, "no")
    assert jobs.last_log_lines(NAME) == []


def test_log_that_cannot_be_reached_does_not_hide_the_outcome() -> None:
    """A finished job is finished, and a failed one failed, whether or not CloudWatch answers."""
    nowhere = boto3.client("logs", endpoint_url="http://127.0.0.1:1", config=Config(retries={"max_attempts": 0}))
    assert Jobs("training", sagemaker=None, logs=nowhere).last_log_lines(NAME) == []
