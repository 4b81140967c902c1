"""Job records: what SageMaker knows of a job. The request never changes; the state is replaced as a whole.

Because a state is immutable and replaced in one assignment, whoever sees a terminal status sees all the rest with it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from localaws.jobs.logs import Metric

TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
STOPPING = "Stopping the training job"
_STATE_LOCK = threading.Lock()  # one for all jobs: records are pickled, and a change takes microseconds


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """What differs between kinds of job in names alone: ``<noun>JobName``, ``<noun>JobStatus`` …"""

    noun: str
    resource: str
    log_group: str
    conflict: str
    missing: str

    def field_name(self, suffix: str) -> str:
        """The API's name of one of this kind's fields.

        >>> PROCESSING.field_name("JobStatus")
        'ProcessingJobStatus'
        """
        return f"{self.noun}{suffix}"


PROCESSING = JobKind(
    noun="Processing",
    resource="processing-job",
    log_group="/aws/sagemaker/ProcessingJobs",
    conflict="Job name must be unique within an AWS account and region, "
    "and a job with this name already exists ({arn})",
    missing="Could not find requested job with name: {name}",
)
TRAINING = JobKind(
    noun="Training",
    resource="training-job",
    log_group="/aws/sagemaker/TrainingJobs",
    conflict="Training job names must be unique within an AWS account and region, "
    "and a training job with this name already exists ({arn})",
    missing="Requested resource not found.",
)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One secondary status and how long the job was in it; ``ended`` is None for the current one."""

    status: str
    message: str
    started: datetime
    ended: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class JobState:
    """Where a job is. Times are aware, in UTC; seconds are whole ones, as SageMaker counts them."""

    created: datetime
    modified: datetime
    status: str = "InProgress"
    started: datetime | None = None
    ended: datetime | None = None
    failure_reason: str | None = None
    exit_message: str | None = None
    transitions: tuple[Transition, ...] = ()
    metrics: tuple[Metric, ...] = ()
    artifacts: str | None = None
    training_seconds: int | None = None
    billable_seconds: int | None = None

    @property
    def secondary_status(self) -> str:
        """The status of the last transition."""
        return self.transitions[-1].status if self.transitions else "Starting"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""
        return self.status in TERMINAL

    def entering(self, status: str, message: str, at: datetime) -> JobState:
        """The state after a transition to another secondary status."""
        closed = tuple(replace(step, ended=step.ended or at) for step in self.transitions)
        final = at if status in {*TERMINAL, "MaxRuntimeExceeded", "MaxWaitTimeExceeded"} else None
        step = Transition(status=status, message=message, started=at, ended=final)
        return replace(self, transitions=(*closed, step), modified=at)


@dataclass(kw_only=True)
class JobRecord:
    """A job: who it is, what was asked for, and its state."""

    kind: JobKind
    name: str
    arn: str
    account: str
    region: str
    request: Mapping[str, Any]
    state: JobState
    tags: list[dict[str, str]] = field(default_factory=list)

    def change(self, at: datetime, /, **changes: Any) -> bool:
        """Replace parts of the state; refused (False) once the job has ended."""
        with _STATE_LOCK:
            if self.state.is_terminal:
                return False
            self.state = replace(self.state, modified=at, **changes)
            return True

    def enter(self, status: str, message: str, at: datetime, /, **changes: Any) -> bool:
        """Go to another secondary status, with other changes, in one step; refused (False) once the job has ended."""
        with _STATE_LOCK:
            if self.state.is_terminal:
                return False
            self.state = replace(self.state.entering(status, message, at), **changes)
            return True

    def stop(self, at: datetime, /) -> bool:
        """Be told to stop; False when the job has been told before, or has ended."""
        with _STATE_LOCK:
            if self.state.is_terminal or self.state.status == "Stopping":
                return False
            told = self.state.entering("Stopping", STOPPING, at) if self.state.transitions else self.state
            self.state = replace(told, status="Stopping", modified=at)
            return True

    def gen_response_object(self) -> dict[str, Any]:
        """What moto's Search shows of the job."""
        return described(self)


def described(record: JobRecord) -> dict[str, Any]:
    """The fields of Describe that every kind of job has: the request as it was sent, and the state."""
    state, kind = record.state, record.kind
    answer = {name: value for name, value in record.request.items() if name != "Tags"}
    answer |= {
        kind.field_name("JobArn"): record.arn,
        kind.field_name("JobStatus"): state.status,
        kind.field_name("StartTime"): state.started,
        kind.field_name("EndTime"): state.ended,
        "CreationTime": state.created,
        "LastModifiedTime": state.modified,
        "FailureReason": state.failure_reason,
        "ExitMessage": state.exit_message,
    }
    return {name: value for name, value in answer.items() if value is not None}


def summary(record: JobRecord) -> dict[str, Any]:
    """A job's entry in a list."""
    names = [record.kind.field_name(suffix) for suffix in ("JobName", "JobArn", "JobStatus", "EndTime")]
    full = described(record) | {record.kind.field_name("JobName"): record.name}
    return {name: full[name] for name in (*names, "CreationTime", "LastModifiedTime") if name in full}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which jobs of a page a List call wants, and in which order the pages are cut."""

    name_contains: str | None = None
    status: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    modified_after: datetime | None = None
    modified_before: datetime | None = None
    sort_by: str | None = None

    def order(self, record: JobRecord) -> tuple[float | str, ...]:
        """What jobs are sorted by; no two have the same."""
        created = record.state.created.timestamp()
        keys = {"Name": (record.name,), "Status": (record.state.status, created, record.name)}
        return keys.get(self.sort_by or "", (created, record.name))

    def matches(self, record: JobRecord) -> bool:
        """Whether a job is wanted."""
        state = record.state
        return (
            (self.name_contains is None or self.name_contains.lower() in record.name.lower())
            and (self.status is None or self.status == state.status)
            and within(state.created, self.created_after, self.created_before)
            and within(state.modified, self.modified_after, self.modified_before)
        )


def within(moment: datetime, after: datetime | None, before: datetime | None) -> bool:
    """Whether a moment lies between two, where each may be open."""
    return (after is None or moment > after) and (before is None or moment < before)
