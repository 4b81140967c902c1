"""Row 27: three months are ingested again, by one command."""

import datetime as dt
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from perennial.flows.common import backfill_command
from perennial.flows.ingestion import AT_ONCE
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
FIRST, DAYS = dt.date(2020, 1, 15), 90
# Days that have data: the first ones and the last, the leap day of the first turn (45), and every third between.
FULL = sorted({1, DAYS - 1, *range(0, DAYS, 3)})


def test_ninety_days_are_ingested_and_nobody_is_told(system: RealAirflow, turn: int) -> None:
    """Each run reads its own day, as many go on at a time as the DAG's page says, and no day asks for a training.

    Fails when `RequestRetrainingOperator` emits in runs of a backfill, when `FindLandingOperator` does not go by the
    run's own interval, or when `backfill_command` leaves out a day or how many run at a time.
    """
    first = FIRST + (turn - 1) * dt.timedelta(days=DAYS)
    dates = [first + dt.timedelta(days=day) for day in range(DAYS)]
    rows = {dates[day]: 60 + day for day in FULL}
    for date, count in rows.items():
        system.land("daily", date, rows=count)
    trainings = len(system.runs("daily_training"))
    _backfilled(system, dates[0], dates[-1])
    runs = [run for run in system.runs("daily_ingestion", run_type="backfill") if _date(run) in dates]
    assert sorted((_date(run), run["state"]) for run in runs) == [(date, "success") for date in dates]
    assert _busiest(runs) == AT_ONCE
    lake = Lake(BUCKET, s3=system.client("s3"))
    found = lake.partitions("daily", start=dates[0], end=dates[-1] + dt.timedelta(days=1))
    read = {ref.manifest.date: (ref.manifest.rows, [source.key for source in ref.manifest.sources]) for ref in found}
    assert read == {date: (count, [system.landed("daily", date)]) for date, count in rows.items()}
    assert len(system.runs("daily_training")) == trainings
    assert system.versions("daily") == []


def test_days_that_a_person_asks_for_wait_for_their_turn(system: RealAirflow, turn: int) -> None:
    """Where no backfill says how many run at a time, our own limit does: all are ingested, never more than it at once.

    Fails when `ingestion_dag` names no max_active_runs.
    """
    first = dt.date(2023, 1, 1) + (turn - 1) * dt.timedelta(days=2 * AT_ONCE)
    dates = [first + dt.timedelta(days=day) for day in range(2 * AT_ONCE)]
    for date in dates:
        system.land("bygone", date, rows=60)
    runs = [system.api.trigger("bygone_ingestion", conf={"date": date.isoformat()}) for date in dates]
    for run in runs:
        system.until_ended(run)
    ids = {run.run_id for run in runs}
    known = [run for run in system.runs("bygone_ingestion", run_type="manual") if run["dag_run_id"] in ids]
    assert len(known) == len(runs)
    assert 1 < _busiest(known) <= AT_ONCE


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


def _backfilled(system: RealAirflow, first: dt.date, last: dt.date, *options: str) -> None:
    """Backfill these days by the command of the DAG's page, and wait until that has ended."""
    command = backfill_command("daily_ingestion", at_once=AT_ONCE, first=str(first), last=str(last))
    known = {each["id"] for each in _backfills(system)}
    system.airflow(*shlex.split(command)[1:], *options)

    def done() -> bool:
        return all(each["completed_at"] for each in _backfills(system) if each["id"] not in known)

    until(done, seconds=900, of="the backfill to end")


def _backfills(system: RealAirflow) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.api.ask("GET", "/backfills?dag_id=daily_ingestion")["backfills"]
    return found


def _busiest(runs: Sequence[Mapping[str, str]]) -> int:
    """How many of these runs, all of which have ended, were at work at a time when most were."""
    spans = [[dt.datetime.fromisoformat(run[at]) for at in ("start_date", "end_date")] for run in runs]
    return max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans)


def _manifest(system: RealAirflow, day: dt.date) -> PartitionManifest:
    return Lake(BUCKET, s3=system.client("s3")).read_as(PartitionManifest, s3_layout.manifest("daily", day))
