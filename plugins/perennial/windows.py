"""Which days a training reads: pure functions of the run's dates, of the spec's days, and of what is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from croniter import croniter

from include.specs.partition import PartitionRef


def bounds(context: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[dt.date | None, dt.date | None]:
    """First day, and day after the last, of the data to train on; None where it is open.

    What a person asked for, else the end of the run's data interval (scheduled and backfilled runs), else everything.

    Args:
        params: as `apply_overrides` has found them good.
    """
    start, end = (dt.date.fromisoformat(params[name]) if params.get(name) else None for name in ("start", "end"))
    run = context["dag_run"]
    if end is None and run.run_type in ("scheduled", "backfill") and run.data_interval_end:
        end = _day(run.data_interval_end)
    return start, end


def is_past(context: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """Whether the run was started for a time that has passed: a backfill, or a window whose end a person has set."""
    return bool(context["dag_run"].run_type == "backfill" or params.get("end"))


def first_day_of_next(context: Mapping[str, Any], schedule: str, *, now: dt.datetime) -> dt.date | None:
    """The first day that the next scheduled run reads and this one does not; None where that one is not due by `now`.

    A run that is late, by a retry or an outage, is still the newest until then.

    Args:
        schedule: cron, UTC.
    """
    run = context["dag_run"]
    if run.run_type != "scheduled" or run.data_interval_end is None:
        return None
    return _day(run.data_interval_end) if now >= next_turn(schedule, run.data_interval_end) else None


def next_turn(schedule: str, turn: dt.datetime) -> dt.datetime:
    """When a schedule (cron, UTC) is due for the first time after `turn`.

    >>> next_turn("0 4 * * mon", dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)).isoformat()
    '2026-03-09T04:00:00+00:00'
    """
    due: dt.datetime = croniter(schedule, turn.astimezone(dt.UTC)).get_next(dt.datetime)
    return due


def of_last_days(partitions: Sequence[PartitionRef], days: int | None) -> tuple[PartitionRef, ...]:
    """Those of the `days` that end with the newest one's; all of them where `days` is None."""
    if days is None:
        return tuple(partitions)
    before = partitions[-1].manifest.date - dt.timedelta(days=days)
    return tuple(ref for ref in partitions if ref.manifest.date > before)


def of_one_origin(partitions: Sequence[PartitionRef]) -> tuple[PartitionRef, ...]:
    """Those that are as real, or as made up, as the newest: the two are never mixed."""
    synthetic = partitions[-1].manifest.synthetic
    return tuple(ref for ref in partitions if ref.manifest.synthetic == synthetic)


def _day(time: dt.datetime) -> dt.date:
    return time.astimezone(dt.UTC).date()
