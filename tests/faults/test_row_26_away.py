"""Row 26 with a real scheduler: the last run of a flow is days ago, and nobody was there meanwhile."""

import datetime as dt

import pytest
from perennial.hooks.lake import Lake

from include.specs.incidents import NOTICES
from laptop.settings import BUCKET
from tests.faults.real_airflow import CATCH_UP, RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.row(
        26,
        "DST change, leap day, late scheduler",
        "one run for each UTC interval; no wall clock in any key",
    ),
]
DAG_ID, DAY = "away_ingestion", dt.timedelta(days=1)


@pytest.fixture
def newest(system: RealAirflow) -> dt.date:
    """The last day whose interval has ended. The flow is paused, and has never run but for what it did to the lake."""
    system.api.ask("PATCH", f"/dags/{DAG_ID}", {"is_paused": True})
    for backfill in system.api.ask("GET", f"/backfills?dag_id={DAG_ID}")["backfills"]:
        if backfill["completed_at"] is None:
            system.api.ask("PUT", f"/backfills/{backfill['id']}/cancel")
    for run in system.runs(DAG_ID):
        system.api.ask("DELETE", f"/dags/{DAG_ID}/dagRuns/{run['dag_run_id']}")
    return (dt.datetime.now(dt.UTC) - dt.timedelta(hours=26)).date()


def test_days_that_were_missed_are_run_afterwards(system: RealAirflow, newest: dt.date) -> None:
    """Each day one run, which reads that day; of more days than `perennial.catch_up`, the newest, up to the last. None
    waits for what is past, two are told of that had no data, and none that was only not read yet.

    Fails when a daily flow has a timetable of Airflow's own and no `catchup`, or when the scheduler cannot read ours
    back (`PerennialPlugin`).
    """
    missed = [newest - ago * DAY for ago in reversed(range(CATCH_UP))]
    landed = [missed[0], missed[2], missed[-1]]
    for date in landed:
        system.land("away", date, rows=60)
    _last_run(system, newest - (CATCH_UP + 2) * DAY)
    system.api.unpause(DAG_ID)
    until(lambda: _ended(system, newest), of=f"the run of {newest}")
    assert sorted(_date(run) for run in system.runs(DAG_ID, run_type="scheduled")) == missed
    found = Lake(BUCKET, s3=system.client("s3")).partitions("away", start=missed[0])
    assert [ref.manifest.date for ref in found] == landed
    assert sorted(_told(system)) == ["landing-absent", "landing-absent"]
    assert f"the newest {CATCH_UP}" in system.api.ask("GET", f"/dags/{DAG_ID}/details")["timetable_description"]


def _last_run(system: RealAirflow, date: dt.date) -> None:
    """Have the flow's last run be that of `date`, as far as Airflow knows."""
    period = {"from_date": f"{date}T00:00:00Z", "to_date": f"{date}T23:00:00Z"}
    system.api.ask("POST", "/backfills", {"dag_id": DAG_ID, **period})
    since = dt.datetime.now(dt.UTC)
    # What is next is worked out whenever the file is parsed.
    system.restart("dag-processor")
    until(lambda: system.api.parsed_since(DAG_ID, since), of=f"{DAG_ID} to be parsed")


def _told(system: RealAirflow) -> list[str]:
    """The kinds of what was told of the model's days."""
    pages = system.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="experiments/away/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return [key.rsplit("/", 1)[1].removesuffix(".json") for key in keys if f"/{NOTICES}" in key]


def _ended(system: RealAirflow, newest: dt.date) -> bool:
    runs = system.runs(DAG_ID, run_type="scheduled")
    return newest in map(_date, runs) and {run["state"] for run in runs} == {"success"}


def _date(run: dict[str, str]) -> dt.date:
    return dt.datetime.fromisoformat(run["logical_date"]).date()
