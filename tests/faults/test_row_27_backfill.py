"""Row 27: three months are ingested again, by one command."""

import datetime as dt
from collections.abc import Callable, Sequence, Sized

import pytest
from perennial.hooks.lake import Lake

from include.specs import s3_layout
from include.specs.partition import PartitionManifest
from laptop.settings import BUCKET
from tests.faults.real_airflow import RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.row(
        27, "90-day backfill", "`max_active_runs` held; nothing deployed from old dates; every partition right"
    ),
]
# The first turn's; each turn has days of its own, since a day that has run once is not run again.
FIRST, DAYS, AT_ONCE = dt.date(2020, 1, 15), 90, 3
# What `flows.ingestion` allows at a time.
OURS = 4
# Days that have data, with so many rows each: the first, the last, the leap day of the first turn, and some between.
ROWS = {0: 60, 1: 61, 45: 62, 60: 63, 89: 64}


def test_ninety_days_are_ingested_and_nobody_is_told(system: RealAirflow, turn: int) -> None:
    """Each run reads its own day, never more than so many at a time; no day asks for a training.

    Fails when `RequestRetrainingOperator` emits in runs of a backfill, or `FindLandingOperator` does not go by the
    run's own interval.
    """
    first = FIRST + (turn - 1) * dt.timedelta(days=DAYS)
    dates = [first + dt.timedelta(days=day) for day in range(DAYS)]
    for day, rows in ROWS.items():
        system.land("daily", dates[day], rows=rows)
    trainings = len(system.runs("daily_training"))
    busiest = _backfilled(system, dates[0], dates[-1])
    assert _states(system, dates) == ["success"] * DAYS
    assert 1 <= busiest <= AT_ONCE
    lake = Lake(BUCKET, s3=system.client("s3"))
    found = lake.partitions("daily", start=dates[0], end=dates[-1] + dt.timedelta(days=1))
    assert {ref.manifest.date: ref.manifest.rows for ref in found} == {dates[day]: rows for day, rows in ROWS.items()}
    assert len(system.runs("daily_training")) == trainings
    assert system.versions("daily") == []


def test_days_that_a_person_asks_for_wait_for_their_turn(system: RealAirflow, turn: int) -> None:
    """Where no backfill says how many run at a time, our own limit does: all are ingested, never more than it at once.

    Fails when `flows.ingestion` names no max_active_runs.
    """
    first = dt.date(2023, 1, 1) + (turn - 1) * dt.timedelta(days=2 * OURS)
    dates = [first + dt.timedelta(days=day) for day in range(2 * OURS)]
    for date in dates:
        system.land("bygone", date, rows=60)
    runs = [system.api.trigger("bygone_ingestion", conf={"date": date.isoformat()}) for date in dates]
    busiest = _busiest(
        lambda: system.runs("bygone_ingestion", run_type="manual", state="running"),
        until_all=lambda: {system.state(run) for run in runs} <= {"success", "failed"},
        seconds=300,
    )
    assert [system.state(run) for run in runs] == ["success"] * len(runs)
    assert 1 <= busiest <= OURS


def test_a_day_that_is_backfilled_again_reuses_its_job(system: RealAirflow, turn: int) -> None:
    """`--reprocess-behavior completed` runs every task of the days again, and no job; the bytes are the same.

    Fails when a job's name holds what a try has of its own (`naming.job_name`).
    """
    day = dt.date(2025, 3, turn)
    system.land("daily", day, rows=70)
    _backfilled(system, day, day)
    before = (system.jobs("daily"), _manifest(system, day))
    _backfilled(system, day, day, "--reprocess-behavior", "completed")
    [run] = [run for run in system.runs("daily_ingestion", run_type="backfill") if _date(run) == day]
    tries = system.api.ask("GET", f"/dags/daily_ingestion/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    assert max(task["try_number"] for task in tries) == 2
    assert (system.jobs("daily"), _manifest(system, day)) == before


def test_a_past_window_is_trained_and_not_announced(system: RealAirflow, turn: int) -> None:
    """The version is made of its own window's partitions; no flow hears of it, and it is nobody's champion.

    Fails when `AnnounceVersionOperator` does not skip, or `registry.champions` takes a version of a past window.
    """
    days = [dt.date(2022, 1, 1) + dt.timedelta(days=2 * turn + more) for more in (0, 1)]
    champion = _champion(system)
    known = len(system.versions("bygone"))
    for day in days:
        system.ingest("bygone", date=day)
    conf = {"start": days[0].isoformat(), "end": days[1].isoformat()}
    run = system.api.trigger("bygone_training", conf=conf)
    system.until_ended(run)
    assert system.api.xcom(run, "resolve", "partitions") == [s3_layout.manifest("bygone", days[0])]
    assert system.tasks(run)["announce"].state == "skipped"
    versions = system.versions("bygone")
    assert len(versions) == known + 1
    [version] = [each for each in versions if each["CustomerMetadataProperties"]["airflow_run_id"] == run.run_id]
    assert version["CustomerMetadataProperties"]["past_window"] == "true"
    later = system.train("bygone")
    system.until_ended(later)
    assert system.api.xcom(later, "resolve", "champion") == champion


def _champion(system: RealAirflow) -> int | None:
    """The newest version of `bygone` that was not made of a past window: none before the first turn has ended."""
    versions = [
        each["ModelPackageVersion"]
        for each in system.versions("bygone")
        if each["CustomerMetadataProperties"]["past_window"] == "false"
    ]
    return max(versions, default=None)


def _date(run: dict[str, str]) -> dt.date:
    return dt.datetime.fromisoformat(run["logical_date"]).date()


def _states(system: RealAirflow, dates: Sequence[dt.date]) -> list[str]:
    """What has become of the backfilled runs of these dates."""
    return [run["state"] for run in system.runs("daily_ingestion", run_type="backfill") if _date(run) in dates]


def _backfilled(system: RealAirflow, first: dt.date, last: dt.date, *options: str) -> int:
    """Backfill these days; the largest number of runs that were seen at work at a time."""
    period = ("--from-date", f"{first}T00:00:00+00:00", "--to-date", f"{last}T23:00:00+00:00")
    known = {each["id"] for each in system.api.ask("GET", "/backfills?dag_id=daily_ingestion")["backfills"]}
    system.airflow(
        "backfill", "create", "--dag-id", "daily_ingestion", *period, "--max-active-runs", str(AT_ONCE), *options
    )

    def done() -> bool:
        backfills = system.api.ask("GET", "/backfills?dag_id=daily_ingestion")["backfills"]
        return all(each["completed_at"] for each in backfills if each["id"] not in known)

    at_work = {"run_type": "backfill", "state": "running"}
    return _busiest(lambda: system.runs("daily_ingestion", **at_work), until_all=done, seconds=900)


def _busiest(at_work: Callable[[], Sized], *, until_all: Callable[[], bool], seconds: float) -> int:
    """Wait until all runs have ended; the largest number of them that was seen at work at a time."""
    busiest = 0

    def ended() -> bool:
        nonlocal busiest
        busiest = max(busiest, len(at_work()))
        return until_all()

    until(ended, seconds=seconds, of="all runs to end")
    return busiest


def _manifest(system: RealAirflow, day: dt.date) -> PartitionManifest:
    return Lake(BUCKET, s3=system.client("s3")).read_as(PartitionManifest, s3_layout.manifest("daily", day))
