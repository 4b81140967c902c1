"""Leaves on record why a task failed, where the run's one notice of failure finds it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.specs import codec, s3_layout
from include.specs.incidents import FailureReport, failure_file
from perennial import naming
from perennial.hooks.lake import LAKE_ERRORS, Lake
from perennial.retries import Fault

if TYPE_CHECKING:
    from perennial.operators.base import FlowOperator

log = logging.getLogger(__name__)
# Characters of a record's message; the task's log has all of it.
LONGEST_MESSAGE = 16_000


class _OfFaultError(AirflowException):
    """One that says what `fault` is behind it, for the retry policy and the record."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


class PassingError(_OfFaultError):
    """A try that failed because of a `fault` that may pass."""


class FinalError(_OfFaultError, AirflowFailException):
    """A task that failed because of a `fault` that no other try can mend."""


def failed(message: str, fault: Fault) -> AirflowException:
    """The exception that ends a try because of `fault`, and the task too where no other try can mend it."""
    return PassingError(message, fault) if fault.passes else FinalError(message, fault)


def record(task: FlowOperator, context: Mapping[str, Any], fault: Fault, message: str) -> None:
    """Write the task instance's record. What keeps it from being written is logged and changes nothing else."""
    ti, run = context["ti"], context["dag_run"]
    report = FailureReport(
        task_id=task.task_id,
        try_number=getattr(ti, "try_number", 1),
        fault=fault.name,
        retried=fault.passes,
        message=_cut(message),
        advice=fault.advice,
    )
    try:
        prefix = s3_layout.experiment(task.spec.name, naming.run_slug(run.dag_id, run.run_id))
        task.lake().write(prefix + failure_file(task.task_id, ti.map_index), codec.encode(report))
    except Exception:
        log.warning("This failure could not be put on record", exc_info=True)


def _cut(text: str) -> str:
    """What begins a text says why; its end is quoted from elsewhere.

    >>> _cut("short")
    'short'
    """
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}… (cut: {len(text)} characters)"


def read(lake: Lake, model: str, run: str, ti: Any) -> FailureReport | None:
    """What the last try of the task instance left in the folder of `run`.

    None where it left nothing, or nothing that can be read: one that was killed leaves nothing, and what the one before
    it has left says another thing.
    """
    key = s3_layout.experiment(model, run) + failure_file(ti.task_id, getattr(ti, "map_index", None))
    try:
        found = lake.find_as(FailureReport, key)
    except LAKE_ERRORS:
        # The run's failure is told without its reason: S3 may be what failed.
        log.warning("Why this run failed cannot be read", exc_info=True)
        return None
    report = found[0] if found else None
    return report if report and report.try_number == getattr(ti, "try_number", report.try_number) else None
