"""What is made of a job that did not complete."""

import datetime as dt
from typing import Any

import pytest
from perennial import retries
from perennial.outcomes import fault_of, message, reason, took_too_long

ROLE = "arn:aws:iam::123456789012:role/perennial-jobs"


@pytest.mark.parametrize(
    ("job", "advice"),
    [
        ({"SecondaryStatus": "MaxRuntimeExceeded"}, "; raise step_resources.train.max_run_s in the model's spec"),
        (
            {"SecondaryStatus": "MaxWaitTimeExceeded"},
            "; name fallback_instance_types in step_resources.train of the model's spec, or raise its max_wait_s",
        ),
        ({"FailureReason": "ClientError: AccessDenied", "RoleArn": ROLE}, f"; allow it to the jobs' role, {ROLE}"),
        ({"FailureReason": "ClientError: AccessDenied"}, "; allow it to the jobs' role, perennial.role_arn"),
        (
            {"FailureReason": "ClientError: Please use an instance type with more memory, or less data"},
            "; name an instance_type with more memory in step_resources.train of the model's spec",
        ),
        (
            {"FailureReason": "AlgorithmError: , exit code: 137"},
            "; name an instance_type with more memory in step_resources.train of the model's spec",
        ),
        ({"FailureReason": "AlgorithmError: , exit code: 1"}, ""),
        ({"FailureReason": "InternalServerError: no memory left, exit code 137"}, ""),
    ],
)
def test_message_says_what_to_do_about_this_job(job: dict[str, Any], advice: str) -> None:
    """After its reason: which limit, whose role, what of the instance."""
    assert message("churn-train-x", job, "Failed", step="train") == f"churn-train-x failed: {reason(job)}{advice}"


def test_message_ends_with_the_end_of_the_log() -> None:
    """Line by line, none of them endless."""
    said = message("j", {"FailureReason": "AlgorithmError: x"}, "Failed", step="train", log_lines=["a", "b" * 10_000])
    assert said == f"j failed: AlgorithmError: x\nEnd of its log:\n  a\n  {'b' * 500}"


@pytest.mark.parametrize(
    ("job", "status", "fault"),
    [
        ({"SecondaryStatus": "MaxRuntimeExceeded"}, "Stopped", retries.TIMEOUT),
        ({"SecondaryStatus": "MaxWaitTimeExceeded"}, "Stopped", retries.CAPACITY),
        ({"SecondaryStatus": "MaxWaitTimeExceeded", "TrainingTimeInSeconds": 60}, "Stopped", retries.CAPACITY),
        ({"SecondaryStatus": "Stopped"}, "Stopped", retries.STOPPED),
        ({"FailureReason": "CapacityError: no room"}, "Failed", retries.CAPACITY),
        ({}, "Failed", retries.UNKNOWN),
    ],
)
def test_fault_of_a_job(job: dict[str, Any], status: str, fault: retries.Fault) -> None:
    """Its own limit first, then whether somebody stopped it, then its reason."""
    assert fault_of(job, status) is fault


def _stopped_after(seconds: int) -> dict[str, Any]:
    began = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    return {
        "ProcessingJobStatus": "Stopped",
        "ProcessingStartTime": began,
        "ProcessingEndTime": began + dt.timedelta(seconds=seconds),
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ({"FailureReason": "AlgorithmError: , exit code: 1", "ExitMessage": "y"}, "AlgorithmError: , exit code: 1; y"),
        ({"FailureReason": "AlgorithmError: y, exit code: 1", "ExitMessage": "y"}, "AlgorithmError: y, exit code: 1"),
        ({"FailureReason": "CapacityError: x", "ExitMessage": ""}, "CapacityError: x"),
        ({"ExitMessage": "y"}, "y"),
        ({"SecondaryStatus": "Interrupted"}, "Interrupted"),
        ({}, "SageMaker gave no reason"),
    ],
)
def test_reason_is_sagemakers_own(job: dict[str, str], expected: str) -> None:
    """FailureReason first, then what the container said and it does not hold; silence is named as such."""
    assert reason(job) == expected


@pytest.mark.parametrize(
    ("job", "too_long"),
    [
        ({"SecondaryStatus": "MaxRuntimeExceeded"}, True),
        ({"SecondaryStatus": "MaxWaitTimeExceeded"}, False),
        ({"SecondaryStatus": "Stopped"}, False),
        (_stopped_after(59), False),
        (_stopped_after(60), True),
        ({**_stopped_after(60), "ProcessingJobStatus": "Completed"}, False),
    ],
)
def test_job_that_had_all_its_time_is_known(job: dict[str, Any], too_long: bool) -> None:
    """A training job says so; of a processing job, its times do."""
    assert took_too_long(job) is too_long
