"""What is made of a job that did not complete."""

from typing import Any

import pytest
from perennial import retries
from perennial.hooks.jobs import reason
from perennial.outcomes import fault_of, message

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
