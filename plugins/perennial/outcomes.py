"""How a SageMaker job has ended: which fault that is, and what a person is told of it. No call is made here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from include.specs.job import JobStep
from perennial import retries
from perennial.retries import Fault

# Characters of a line of a job's log that a message quotes: CloudWatch keeps up to 256 KiB of one.
_LONGEST_LINE = 500
# SageMaker's last word on a spot training that was stopped at max_wait_s.
_WAITED_IN_VAIN = "MaxWaitTimeExceeded"
# A container that used more memory than there was is killed (128 + SIGKILL), or SageMaker says what would help.
_NO_MEMORY = re.compile(r"exit code:? 137\b|more memory|\bMemoryError\b", re.IGNORECASE)


def fault_of(job: Mapping[str, Any], status: str) -> Fault:
    """What ended a job that has failed or was stopped.

    A spot job whose time to wait was over found no capacity, or lost it again: the next one may, on another type, and
    goes on from the checkpoint that this one has left.

    >>> fault_of({"FailureReason": "CapacityError: no ml.m5.large"}, "Failed").name, fault_of({}, "Stopped").name
    ('capacity', 'stopped')
    """
    if took_too_long(job):
        return retries.TIMEOUT
    if job.get("SecondaryStatus") == _WAITED_IN_VAIN:
        return retries.CAPACITY
    if status == "Stopped":
        return retries.STOPPED
    return retries.of_reason(reason(job))


def reason(job: Mapping[str, Any]) -> str:
    """Why a job ended as it did, in SageMaker's words, and in the container's own where those stand apart.

    Of a failed processing job SageMaker says the exit code; what the job had to say is its ExitMessage. A stopped
    training job has no FailureReason: what stopped it stands in its last secondary status.

    >>> transition = {"Status": "MaxRuntimeExceeded", "StatusMessage": "Training job runtime exceeded"}
    >>> reason({"SecondaryStatus": "MaxRuntimeExceeded", "SecondaryStatusTransitions": [transition]})
    'MaxRuntimeExceeded: Training job runtime exceeded'
    >>> reason({"FailureReason": "AlgorithmError: , exit code: 1", "ExitMessage": "KeyError: 'x'"})
    "AlgorithmError: , exit code: 1; KeyError: 'x'"
    """
    transitions = job.get("SecondaryStatusTransitions") or [{}]
    status = ": ".join(filter(None, (job.get("SecondaryStatus"), transitions[-1].get("StatusMessage"))))
    failure, told = str(job.get("FailureReason") or ""), str(job.get("ExitMessage") or "")
    own = told if told not in failure else ""
    return "; ".join(filter(None, (failure, own))) or status or "SageMaker gave no reason"


def took_too_long(job: Mapping[str, Any]) -> bool:
    """Whether the job was stopped because it had run for the time that it was given.

    One that waited in vain for spot capacity (`MaxWaitTimeExceeded`) has not: more time to run would not help it.
    """
    if job.get("SecondaryStatus") == "MaxRuntimeExceeded":
        return True
    began, ended = job.get("ProcessingStartTime"), job.get("ProcessingEndTime")
    limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    if job.get("ProcessingJobStatus") != "Stopped" or not (began and ended and limit):
        return False
    return bool((ended - began).total_seconds() >= limit)


def message(name: str, job: Mapping[str, Any], status: str, *, step: str, log_lines: Iterable[str] = ()) -> str:
    """What is told of a job that did not complete: its reason, what to do about it, and the end of its log."""
    tail = "".join(f"\n  {line[:_LONGEST_LINE]}" for line in log_lines)
    said = f"{name} {status.lower()}: {reason(job)}{_advice(job, fault_of(job, status), step)}"
    return said + (f"\nEnd of its log:{tail}" if tail else "")


def left(job: Mapping[str, Any], step: JobStep) -> tuple[str, ...]:
    """The URIs at which a completed job of `step` has left something, or with which those of it begin.

    >>> from include.specs.job import DETECT_DRIFT, TRAIN
    >>> left({"ModelArtifacts": {"S3ModelArtifacts": "s3://lake/models/m.tar.gz"}}, TRAIN)
    ('s3://lake/models/m.tar.gz',)
    >>> output = {"OutputName": "report", "S3Output": {"S3Uri": "s3://lake/monitoring/churn/"}}
    >>> left({"ProcessingOutputConfig": {"Outputs": [output]}}, DETECT_DRIFT)
    ('s3://lake/monitoring/churn/drift.json',)
    """
    if "ModelArtifacts" in job:
        return (str(job["ModelArtifacts"]["S3ModelArtifacts"]),)
    outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    uris = {output["OutputName"]: output["S3Output"]["S3Uri"].rstrip("/") for output in outputs}
    found = (name.partition("/") for name in step.leaves)
    return tuple(f"{uris[output]}/{name}" for output, _, name in found if output in uris)


def _advice(job: Mapping[str, Any], fault: Fault, step: str) -> str:
    """What the fault's own advice cannot name, as the rest of a sentence; empty where it says all."""
    if fault is retries.TIMEOUT:
        return f"; raise step_resources.{step}.max_run_s in the model's spec"
    if job.get("SecondaryStatus") == _WAITED_IN_VAIN:
        return f"; name fallback_instance_types in step_resources.{step} of the model's spec, or raise its max_wait_s"
    if fault is retries.DENIED:
        return f"; allow it to the jobs' role, {job.get('RoleArn', 'perennial.role_arn')}"
    if fault is retries.ALGORITHM and _NO_MEMORY.search(reason(job)):
        return f"; name an instance_type with more memory in step_resources.{step} of the model's spec"
    return ""
