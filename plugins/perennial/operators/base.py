"""What all operators share: where they run, and which run they belong to."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
    DownstreamTasksSkipped,
    TaskDeferralError,
)

import include
from include.specs.environment import UNKNOWN, Environment, bucket, environment, is_of_an_option
from include.specs.errors import PartitionError, PerennialError
from include.specs.model import ModelSpec
from include.specs.run import Provenance
from perennial import failures, naming, retries, stamps
from perennial.hooks.lake import Lake

# What a task raises that skips or branches, and has not failed.
_SIGNALS = (AirflowSkipException, DownstreamTasksSkipped)


class FlowOperator(BaseOperator):
    """A task of a model's flow. Reads where it is only when it runs, so that parsing a DAG needs no settings."""

    def __init__(self, *, spec: ModelSpec, **kwargs: Any) -> None:
        # Each entry of a returned dictionary is an XCom of its own: `common.returned` refers to them one by one.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.spec = spec

    def execute(self, context: Any) -> Any:
        """Do the task's work."""
        with self.on_record(context):
            return self.perform(context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a wait; one that failed or took too long is on record as any failure."""
        with self.on_record(context):
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except TaskDeferralError as error:
                # Airflow says no more than that the trigger failed: why, its traceback ends with.
                raise TaskDeferralError(": ".join((str(error), *_last_line(next_kwargs)))) from error

    @contextmanager
    def on_record(self, context: Any) -> Iterator[None]:
        """Whatever fails inside is recorded for the run's one notice; what no other try can mend ends the task."""
        try:
            yield
        except (Exception, AirflowTaskTimeout) as error:
            fault = _fault(error)
            if fault is None:
                raise
            failures.record(self, context, fault, str(error) or type(error).__name__)
            if fault.passes or isinstance(error, AirflowFailException):
                raise
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error

    def perform(self, context: Any) -> Any:
        """The task's work; what it returns goes to XCom."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does")

    @staticmethod
    def where() -> Environment:
        """The environment of the process that runs the task."""
        return environment(os.environ)

    def lake(self) -> Lake:
        """The data bucket. No other option is needed for it: what fails for one can be put on record."""
        return Lake(bucket(os.environ))


def provenance(context: Mapping[str, Any], where: Environment, *, reason: str = "") -> Provenance:
    """Which run this is."""
    run = context["dag_run"]
    return Provenance(
        run=naming.run_slug(run.dag_id, run.run_id),
        dag_id=run.dag_id,
        run_id=run.run_id,
        run_url=where.run_url(run.dag_id, run.run_id),
        code_version=_code_version(where),
        reason=reason,
    )


def _code_version(where: Environment) -> str:
    """What the option says; where it says nothing, which code this process runs."""
    if where.code_version != UNKNOWN:
        return where.code_version
    return stamps.code_version(Path(str(include.__file__)).parent)


def run_date(context: Mapping[str, Any]) -> dt.date | None:
    """The day (UTC) that the run's data interval begins on; None for a run that has no interval."""
    start = context["dag_run"].data_interval_start
    return start.astimezone(dt.UTC).date() if start else None


def required_date(context: Mapping[str, Any]) -> dt.date:
    """The day that a person asked for (the DAG param `date`), else that of the run's data interval.

    Raises:
        PartitionError: the run has neither, or that day has not begun (UTC): what lies under it was put there by
            mistake, and would be the newest until then.
    """
    asked = context["params"].get("date")
    date = dt.date.fromisoformat(asked) if asked else run_date(context)
    if date is None:
        raise PartitionError("this run has no data interval: give the param `date` (YYYY-MM-DD)")
    if date > (today := _today()):
        raise PartitionError(f"{date} has not begun: it is {today} (UTC); give an earlier `date`")
    return date


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _last_line(next_kwargs: Mapping[str, Any] | None) -> list[str]:
    lines = "".join((next_kwargs or {}).get("traceback") or []).splitlines()
    return [line.strip() for line in lines if line.strip()][-1:]


def _fault(error: BaseException) -> retries.Fault | None:
    """What failed; None for what is no failure but Airflow's way to skip or branch."""
    if isinstance(error, _SIGNALS):
        return None
    if is_of_an_option(error):
        return retries.CONFIGURATION
    final = isinstance(error, PerennialError | AirflowFailException) and not hasattr(error, "fault")
    return retries.DATA if final else retries.of_error(error)
