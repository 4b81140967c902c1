"""Which intervals a scheduler makes runs for that was away, and for which it makes none."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval, TimeRestriction
from perennial.timetables import CronCatchUpTimetable

DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 3, 31, 9, tzinfo=dt.UTC)
NEWEST = dt.date(2026, 3, 30)  # whose interval ended at 02:00 of the day after
DAILY, AT_MOST = "0 2 * * *", 5


def dag(timetable: CronCatchUpTimetable | None = None, **options: Any) -> Any:
    """A DAG with that timetable, as the scheduler reads it back."""
    timetable = timetable or CronCatchUpTimetable(DAILY, at_most=AT_MOST)
    made = DAG("d", schedule=timetable, **{"start_date": START, "catchup": False, **options})
    return DagSerialization.from_dict(DagSerialization.to_dict(made))


def interval(date: dt.date) -> DataInterval:
    """The interval that begins on that day."""
    start = dt.datetime.combine(date, dt.time(2), dt.UTC)
    return DataInterval(start, start + DAY)


def made_up(of: Any, last: DataInterval | None, *, now: dt.datetime = NOW) -> list[dt.date]:
    """The days for which a scheduler makes runs at once, one after the other, as it does."""
    bounds = TimeRestriction(of.start_date, of.end_date, of.catchup)
    dates: list[dt.date] = []
    with time_machine.travel(now, tick=False):
        while info := of.timetable.next_dagrun_info(last_automated_data_interval=last, restriction=bounds):
            if info.run_after > now:
                break
            last = info.data_interval
            dates.append(last.start.date())
    return dates


@pytest.mark.parametrize("days", range(AT_MOST + 1))
def test_each_day_that_was_missed_has_a_run(days: int) -> None:
    """In the order of the days, none twice; where none was missed, none is made before its time."""
    last = interval(NEWEST - days * DAY)
    assert made_up(dag(), last) == [NEWEST - ago * DAY for ago in reversed(range(days))]


def test_no_more_days_are_made_up_than_that() -> None:
    """The newest; nothing is late by months of runs."""
    assert made_up(dag(), interval(dt.date(2026, 1, 5))) == [NEWEST - ago * DAY for ago in reversed(range(AT_MOST))]


def test_a_dag_that_has_never_run_begins_with_the_newest_day() -> None:
    """Whatever its start date: to un-pause it brings no storm."""
    assert made_up(dag(), None) == [NEWEST]


def test_days_before_the_start_are_not_made_up() -> None:
    """Nor is anything after the end."""
    assert made_up(dag(start_date=NOW - 3 * DAY), interval(dt.date(2026, 1, 5))) == [NEWEST - DAY, NEWEST]
    assert made_up(dag(end_date=NOW - 2 * DAY), interval(NEWEST - 3 * DAY)) == [NEWEST - 2 * DAY, NEWEST - DAY]


def test_a_run_is_due_when_its_interval_ends() -> None:
    """Not a second before, and then at once."""
    end = interval(NEWEST).end
    assert made_up(dag(), interval(NEWEST - DAY), now=end - dt.timedelta(seconds=1)) == []
    assert made_up(dag(), interval(NEWEST - DAY), now=end) == [NEWEST]


def test_one_interval_is_the_newest() -> None:
    """As any DAG of Airflow without catch-up."""
    assert made_up(dag(CronCatchUpTimetable(DAILY, at_most=1)), interval(dt.date(2026, 1, 5))) == [NEWEST]


def test_a_backfill_has_every_interval() -> None:
    """It says itself which, however many, in a past of any length."""
    first, last = START + 10 * DAY, START + 50 * DAY
    with time_machine.travel(NOW, tick=False):
        found = [info.data_interval.start for info in dag().iter_dagrun_infos_between(first, last)]
    assert found == [first + dt.timedelta(hours=2, days=day) for day in range(40)]


def test_intervals_are_those_of_the_expression() -> None:
    """Which need not be days."""
    last = DataInterval(dt.datetime(2026, 3, 23, tzinfo=dt.UTC), dt.datetime(2026, 3, 25, tzinfo=dt.UTC))
    twice_a_week = CronCatchUpTimetable("0 0 * * 1,3", at_most=2)
    assert made_up(dag(twice_a_week), last) == [dt.date(2026, 3, 25)]


def test_people_read_when_it_runs() -> None:
    """Airflow shows the expression, and this beside it."""
    found = dag().timetable
    assert (found.summary, found.description) == (DAILY, "At 02:00 (UTC); of missed intervals, the newest 5")
