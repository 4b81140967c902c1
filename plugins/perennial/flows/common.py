"""What every DAG of the house has: an owner, tags, retries with backoff, timeouts, and a page of documentation."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from typing import Any, cast

from airflow import sdk
from airflow.sdk import BaseOperator

from include.specs.environment import catch_up
from include.specs.job import JobStep
from include.specs.model import ModelSpec
from perennial import quotas
from perennial.aws_requests import longest_s
from perennial.timetables import CronCatchUpTimetable

# Before the first interval that anybody could want to ingest; nothing runs on its own before it is unpaused.
EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

TRIES = 4  # of every task


def defaults(spec: ModelSpec) -> dict[str, Any]:
    """Default arguments of every task."""
    return {
        "owner": spec.owner.name,
        "retries": TRIES - 1,
        "retry_delay": dt.timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": dt.timedelta(minutes=10),
        "execution_timeout": dt.timedelta(hours=6),
        **_retry_policy(),
    }


def daily(cron: str) -> CronCatchUpTimetable:
    """When a flow runs whose runs are of a day each: by `cron`, in UTC, and afterwards for days that were missed."""
    return CronCatchUpTimetable(cron, at_most=catch_up(os.environ))


def longest(spec: ModelSpec, steps: Iterable[JobStep]) -> dt.timedelta:
    """When a run is given up that has not ended: after all that its jobs may take on every try, and a day.

    The waits for a quota are part of a try; those between the tries, and for a job to begin, are in the day.
    """
    jobs_s = sum(longest_s(spec.resources(step.name)) + quotas.LONGEST_S for step in steps)
    return dt.timedelta(days=1) + (TRIES * dt.timedelta(seconds=jobs_s))


def _retry_policy() -> dict[str, Any]:
    """The policy by kind of fault; before Airflow 3.3 there are none, and every failure waits by the delays above."""
    if not hasattr(sdk, "RetryPolicy"):
        return {}
    from perennial.retry_policy import ByFault  # noqa: PLC0415 it cannot be imported there

    return {"retry_policy": ByFault()}


def tags(spec: ModelSpec, flow: str) -> list[str]:
    """Tags by which a person finds a DAG in the UI."""
    return sorted({"perennial", flow, spec.name, *spec.tags.values()})


def doc_md(spec: ModelSpec, text: str, *, backfill: str = "") -> str:
    """The DAG's page: what it is for, whose it is, what it does, and the command that runs its days again."""
    owner = f"{spec.owner.name} <{spec.owner.email}>"
    page = f"# {spec.title}\n\n{spec.description}\n\n**Owner:** {owner}\n\n{text.strip()}\n"
    return f"{page}\nDays again, the last of them included:\n\n    {backfill}\n" if backfill else page


def backfill_command(dag_id: str, *, at_once: int, first: str = "2026-03-01", last: str = "2026-03-05") -> str:
    """The command that runs a daily flow for the days `first` to `last`, both included.

    A day's interval begins at the hour of its schedule, which a bare date as the end would leave out. How many runs go
    on `at_once` is said here: Airflow takes ten otherwise, whatever the DAG itself allows.
    """
    period = f"--from-date {first}T00:00:00+00:00 --to-date {last}T23:59:59+00:00"
    return f"airflow backfill create --dag-id {dag_id} {period} --max-active-runs {at_once}"


def returned(task: BaseOperator, key: str) -> Any:
    """A reference to the entry `key` of the dictionary that `task` will return."""
    return cast("Any", task.output)[key]
