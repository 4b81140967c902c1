"""SageMaker jobs by name: what a job of a kind is called in the API, and the calls that the operators make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

TERMINAL = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """The API's words for one kind of job, all of which follow from its noun.

    >>> kind = JobKind(noun="Training")
    >>> kind.create, kind.name_field, kind.log_group
    ('create_training_job', 'TrainingJobName', '/aws/sagemaker/TrainingJobs')
    """

    noun: str

    @property
    def name_field(self) -> str:
        """Holds the name of a job, in requests and answers."""
        return f"{self.noun}JobName"

    @property
    def arn_field(self) -> str:
        """Holds its ARN, in answers."""
        return f"{self.noun}JobArn"

    @property
    def status_field(self) -> str:
        """Holds its status, in answers."""
        return f"{self.noun}JobStatus"

    @property
    def create(self) -> str:
        """The client's method that starts one."""
        return f"create_{self.noun.lower()}_job"

    @property
    def describe(self) -> str:
        """The client's method that tells how it is."""
        return f"describe_{self.noun.lower()}_job"

    @property
    def stop(self) -> str:
        """The client's method that stops one."""
        return f"stop_{self.noun.lower()}_job"

    @property
    def log_group(self) -> str:
        """Where CloudWatch keeps the logs of such jobs."""
        return f"/aws/sagemaker/{self.noun}Jobs"


KINDS: Mapping[str, JobKind] = {noun.lower(): JobKind(noun=noun) for noun in ("Processing", "Training", "Transform")}
# SageMaker's codes for a job that is not there, or has ended: there is nothing left to stop.
_NOTHING_TO_STOP = ("ValidationException", "ResourceNotFound")


class Jobs:
    """The jobs of one kind in an account and region."""

    def __init__(self, kind: str, *, sagemaker: Any, logs: Any) -> None:
        self.kind = KINDS[kind]
        self._sagemaker, self._logs = sagemaker, logs

    @property
    def region(self) -> str:
        """Where the jobs run."""
        return str(self._sagemaker.meta.region_name)

    def describe(self, name: str) -> dict[str, Any] | None:
        """The job called `name`; None where there is none."""
        try:
            found: dict[str, Any] = getattr(self._sagemaker, self.kind.describe)(**{self.kind.name_field: name})
        except ClientError as error:
            if is_not_found(error):
                return None
            raise
        return found

    def create(self, name: str, request: Mapping[str, Any]) -> bool:
        """Ask for a job; False where one of this name is there already, which is then ours too."""
        try:
            getattr(self._sagemaker, self.kind.create)(**{self.kind.name_field: name}, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceInUse":
                return False
            raise
        return True

    def stop(self, name: str) -> None:
        """Ask a job to stop; a job that has ended already is left as it is."""
        try:
            getattr(self._sagemaker, self.kind.stop)(**{self.kind.name_field: name})
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOTHING_TO_STOP:
                raise

    def status(self, job: Mapping[str, Any]) -> str:
        """InProgress, Completed, Failed, Stopping or Stopped."""
        return str(job[self.kind.status_field])

    def last_log_lines(self, name: str, *, count: int = 15) -> list[str]:
        """The end of the job's log; empty where there is no log (yet)."""
        try:
            streams = self._logs.describe_log_streams(
                logGroupName=self.kind.log_group, logStreamNamePrefix=f"{name}/", limit=1
            )["logStreams"]
            if not streams:
                return []
            events = self._logs.get_log_events(
                logGroupName=self.kind.log_group, logStreamName=streams[0]["logStreamName"], limit=count
            )["events"]
        except ClientError:
            # The log explains a failure; not having it must not hide the failure itself.
            return []
        return [event["message"] for event in events]


def is_not_found(error: ClientError) -> bool:
    """Whether SageMaker says that there is no such job (it has no error code of its own for that)."""
    details = error.response["Error"]
    message = details["Message"].lower()
    return details["Code"] in ("ValidationException", "ResourceNotFound") and (
        "not found" in message or "could not find" in message
    )


def reason(job: Mapping[str, Any]) -> str:
    """Why a job ended as it did, in SageMaker's words.

    A stopped training job has no FailureReason: what stopped it stands in its last secondary status.

    >>> transition = {"Status": "MaxRuntimeExceeded", "StatusMessage": "Training job runtime exceeded"}
    >>> reason({"SecondaryStatus": "MaxRuntimeExceeded", "SecondaryStatusTransitions": [transition]})
    'MaxRuntimeExceeded: Training job runtime exceeded'
    """
    transitions = job.get("SecondaryStatusTransitions") or [{}]
    status = ": ".join(filter(None, (job.get("SecondaryStatus"), transitions[-1].get("StatusMessage"))))
    return str(job.get("FailureReason") or job.get("ExitMessage") or status or "SageMaker gave no reason")


def took_too_long(job: Mapping[str, Any]) -> bool:
    """Whether the job was stopped because it had run for the time that it was given."""
    if job.get("SecondaryStatus") in ("MaxRuntimeExceeded", "MaxWaitTimeExceeded"):
        return True
    began, ended = job.get("ProcessingStartTime"), job.get("ProcessingEndTime")
    limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    if job.get("ProcessingJobStatus") != "Stopped" or not (began and ended and limit):
        return False
    return bool((ended - began).total_seconds() >= limit)
