"""Row 26: clocks are put forward and back, February has 29 days, the scheduler comes late.

That a real scheduler goes by what is asked of the timetable here is shown in test_row_26_away.py.
"""

import datetime as dt
import itertools
import time
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest
import time_machine
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval, TimeRestriction
from perennial.flows.drift import drift_dag
from perennial.flows.ingestion import ingestion_dag
from perennial.flows.performance import performance_dag
from perennial.operators.base import run_date

from include.specs import s3_layout
from include.specs.environment import PREFIX
from tests.faults.flow import Flow, Run, small
from tests.shared.airflow_context import task_context

pytestmark = pytest.mark.row(
    26,
    "DST change, leap day, late scheduler",
    "one run for each UTC interval; no wall clock in any key",
)
DAY = dt.timedelta(days=1)
# The day in the middle is the odd one.
PERIODS = {
    "leap-day": dt.date(2024, 2, 29),
    "europe-spring": dt.date(2026, 3, 29),
    "europe-autumn": dt.date(2026, 10, 25),
    "america-spring": dt.date(2026, 3, 8),
    "america-autumn": dt.date(2026, 11, 1),
}
ZONES = ("UTC", "Europe/Berlin", "America/New_York")
# A run is due when its interval has ended; the next is due a day later.
LATE = (dt.timedelta(seconds=1), dt.timedelta(hours=7), DAY - dt.timedelta(seconds=1))
# How many missed days are made up where the option `perennial.catch_up` is not set.
MOST = 14
NOWS = (dt.datetime(2024, 3, 1, 2, 0, 30, tzinfo=dt.UTC), dt.datetime(2031, 10, 26, 1, 30, tzinfo=dt.UTC))


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the scheduler's machine thinks it is."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def ingestion() -> Any:
    """The DAG as the scheduler reads it back."""
    return DagSerialization.from_dict(DagSerialization.to_dict(ingestion_dag(small("calendar"))))


@pytest.mark.parametrize("odd", PERIODS.values(), ids=list(PERIODS))
def test_each_utc_day_has_one_run(ingestion: Any, zone: str, odd: dt.date) -> None:
    """Intervals of 24 hours that meet, none twice, none left out, whatever the machine's own time; each names its day.

    Fails when the timetable of `ingestion_dag` is of another zone than UTC, or when `run_date` takes a day as the
    interval's own offset has it.
    """
    first = dt.datetime.combine(odd - 2 * DAY, dt.time(), dt.UTC)
    found = [info.data_interval for info in ingestion.iter_dagrun_infos_between(first, first + 5 * DAY)]
    assert [interval.end - interval.start for interval in found] == [DAY] * 5
    assert all(before.end == after.start for before, after in itertools.pairwise(found))
    local = ZoneInfo(zone)
    dates = [run_date(task_context(interval=(each.start.astimezone(local), each.end))) for each in found]
    assert dates == [odd + (number - 2) * DAY for number in range(5)]


@pytest.fixture(scope="module", params=[ingestion_dag, drift_dag, performance_dag], ids=lambda build: build.__name__)
def daily(request: pytest.FixtureRequest) -> Any:
    """Each of the flows whose runs are of a day each, as a scheduler reads it back that is no laptop's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(f"{PREFIX}CATCH_UP", raising=False)
        return DagSerialization.from_dict(DagSerialization.to_dict(request.param(small("calendar"))))


@pytest.mark.parametrize("late", LATE, ids=str)
@pytest.mark.parametrize("odd", PERIODS.values(), ids=list(PERIODS))
def test_a_late_scheduler_makes_the_run_that_was_due(
    ingestion: Any, zone: str, odd: dt.date, late: dt.timedelta
) -> None:
    """However late within the interval it comes: the interval that has ended, once, and the next one in its time.

    Fails when the run's interval follows from when it is made, as that of a `CronTriggerTimetable` or of a manual run.
    """
    end = dt.datetime.combine(odd, dt.time(2), dt.UTC)
    due = DataInterval(end - DAY, end)
    last = DataInterval(end - 2 * DAY, end - DAY)
    with time_machine.travel(end + late, tick=False):
        made = _next(ingestion, after=last)
        following = _next(ingestion, after=made.data_interval)
    assert (made.data_interval, made.run_after) == (due, end)
    assert (following.data_interval, following.run_after) == (DataInterval(end, end + DAY), end + DAY), zone


@pytest.mark.parametrize("away", [2, 5, MOST, MOST + 3], ids="{}-days".format)
@pytest.mark.parametrize("odd", PERIODS.values(), ids=list(PERIODS))
def test_a_scheduler_that_was_away_makes_up_each_day(daily: Any, odd: dt.date, away: int) -> None:
    """The runs of all days that nobody was there to run, in their order, each once: of more than two weeks, the newest.

    Fails when a daily flow has a timetable of Airflow's own and no `catchup`, or when `CronCatchUpTimetable` knows only
    the newest interval.
    """
    now = dt.datetime.combine(odd + 3 * DAY, dt.time(23), dt.UTC)
    newest = daily.timetable.infer_manual_data_interval(run_after=pendulum.instance(now))
    found, last = [], DataInterval(newest.start - away * DAY, newest.end - away * DAY)
    with time_machine.travel(now, tick=False):
        while (info := _next(daily, after=last)).run_after <= now:
            found.append(last := info.data_interval)
    wanted = [newest.start - ago * DAY for ago in reversed(range(min(away, MOST)))]
    assert found == [DataInterval(start, start + DAY) for start in wanted]


def _next(dag: Any, *, after: DataInterval) -> Any:
    bounds = TimeRestriction(earliest=dag.start_date, latest=None, catchup=dag.catchup)
    return dag.timetable.next_dagrun_info(last_automated_data_interval=after, restriction=bounds)


def test_an_ingestion_names_nothing_after_the_clock(flow: Flow, zone: str) -> None:
    """Leap day's run, and the same run again years later: the same keys, the same bytes, the same one job.

    Fails when anything of the clock gets into a run's name (`naming.run_slug`), its configuration
    (`FindLandingOperator`), a job's name (`naming.job_name`) or request (`aws_requests`), or a manifest
    (`manifest_of`). The one job has written its parts once, by its own clock: that another job of another run writes
    the same bytes is row 16's.
    """
    odd = PERIODS["leap-day"]
    flow.land(odd)
    first, second = (_left_by(flow, flow.ingestion(odd), now) for now in NOWS)
    assert first == second, zone
    assert s3_layout.manifest(flow.spec.name, odd).endswith("year=2024/month=02/day=29/_manifest.json")
    assert s3_layout.manifest(flow.spec.name, odd) in first
    assert len(flow.jobs()) == 1


def test_a_training_names_nothing_after_the_clock(flow: Flow) -> None:
    """A run on request has no date at all: done again years later, from data to message, it finds its own three jobs.

    Fails when `ResolveRunOperator`, a job's name, what a run's version is found again by (`Packages.of_run`) or the key
    of its message's record (`Notice.key`) takes anything from the clock.
    """
    flow.land(PERIODS["leap-day"])
    flow.ingest(PERIODS["leap-day"])
    context = {"run_id": "asset_triggered__1", "run_type": "asset_triggered"}
    first, second = (_left_by(flow, flow.training(**context), now) for now in NOWS)
    assert first == second
    assert (len(flow.jobs()), len(flow.jobs("Training")), len(flow.packages())) == (3, 1, 1)


def _left_by(flow: Flow, run: Run, now: dt.datetime) -> dict[str, bytes]:
    """All that lies in the model's rooms after a run that took place then."""
    with time_machine.travel(now):
        run.finish()
    rooms = ("raw", "quarantine", "experiments", "processed", "models")
    return {key: flow.read(key) for room in rooms for key in flow.keys(room)}
