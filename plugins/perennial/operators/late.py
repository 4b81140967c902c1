"""Tells people of landing objects that came after their day was ingested, and are in no partition."""

from __future__ import annotations

import datetime as dt
from typing import Any

from perennial import landings
from perennial.hooks.lake import LAKE_ERRORS, Lake
from perennial.landing_notice import command, late_notice
from perennial.landings import LateLanding
from perennial.operators import days
from perennial.operators.base import FlowOperator, provenance, required_date
from perennial.operators.notify import deliver

# Days before its own at which a scheduled ingestion looks: as many as are run afterwards that were missed.
LATE_DAYS = 14
_DAY = dt.timedelta(days=1)


def tell_late(task: FlowOperator, context: Any) -> None:
    """Look at the days before that of `task`'s run, and tell each find once, with the command that ingests it.

    Only the newest run of the schedule looks. What landed before the model's first partition is history, which a person
    ingests who wants it.
    """
    run, date, lake = context["dag_run"], required_date(context), task.lake()
    if run.run_type != "scheduled" or days.now() >= run.data_interval_end + _DAY:
        return
    first = next(iter(lake.dates(task.spec.name)), date)
    for before in (date - ago * _DAY for ago in range(1, LATE_DAYS + 1)):
        found = _looked_at(task, lake, before) if before >= first else None
        if found and found.objects and not _is_of_its_run(context, found, age=date - before):
            _tell(task, found, context, lake)


def _looked_at(task: FlowOperator, lake: Lake, date: dt.date) -> LateLanding | None:
    try:
        return landings.late(lake, task.spec.name, date)
    except LAKE_ERRORS as error:
        # Another day's manifest is no reason to leave this one's data where it is.
        task.log.warning("What came late for %s cannot be looked for: %s", date, error)
        return None


def _is_of_its_run(context: Any, found: LateLanding, *, age: dt.timedelta) -> bool:
    """Whether the day's own run may still read it, or has failed and left no partition, of which people have heard."""
    run = context["dag_run"]
    states = ["queued", "running"] if found.partition else ["queued", "running", "failed"]
    dates = [run.data_interval_start - age]
    return bool(context["ti"].get_dr_count(dag_id=run.dag_id, logical_dates=dates, states=states))


def _tell(task: FlowOperator, found: LateLanding, context: Any, lake: Lake) -> None:
    where, keys = task.where(), [source.key for source in found.objects]
    task.log.warning("In no partition, since they came late: %s; ingest with %s", keys, command(task.spec, found.date))
    deliver(task, late_notice(task.spec, found, where, provenance(context, where)), context, where, lake)
