"""What landed after its day was ingested is told of, once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from botocore.exceptions import ClientError
from perennial.operators import days
from perennial.operators.ingestion import FindLandingOperator
from perennial.operators.late import LATE_DAYS

from include.specs import s3_layout
from include.specs.model import ModelSpec
from include.specs.partition import PartitionManifest, SourceObject
from tests.shared.airflow_context import Try

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 20)
TURN = dt.datetime(2026, 3, 21, 2, tzinfo=dt.UTC)
ONE = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Sets the clock: to the turn of the run, if nothing else is said."""

    def put(now: dt.datetime) -> None:
        monkeypatch.setattr(days, "now", lambda: now)

    put(TURN)
    return put


@pytest.fixture
def lands(aws: SimpleNamespace) -> Callable[..., SourceObject]:
    """Drops a file for a day, so many before the run's; what a manifest would say of it."""

    def land(ago: int, name: str = "a.csv", body: bytes = b"x") -> SourceObject:
        key = s3_layout.landing("churn", DAY - ago * ONE) + name
        aws.put(key, body)
        etag = aws.s3.head_object(Bucket="lake", Key=key)["ETag"].strip('"')
        return SourceObject(key=key, bytes=len(body), etag=etag, version_id="known to who reads it")

    return land


@pytest.fixture
def publishes(aws: SimpleNamespace) -> Callable[..., None]:
    """Makes the partition of a day of these objects."""

    def publish(ago: int, *sources: SourceObject) -> None:
        date = DAY - ago * ONE
        manifest = PartitionManifest(model="churn", date=date, files=(), rows=0, columns={}, sources=sources)
        aws.put(s3_layout.manifest("churn", date), manifest)

    return publish


@pytest.fixture(autouse=True)
def _first_partition(publishes: Make) -> None:
    """Of long ago."""
    publishes(LATE_DAYS + 5)


@pytest.fixture
def find(churn: ModelSpec, context: Make) -> Make:
    """The task in the run of a day, by the schedule if nothing else is said; `runs` are the states of other days'."""

    def execute(
        *, later: int = 0, run_type: str = "scheduled", runs: dict[int, str] | None = None, number: int = 1
    ) -> dict[str, str]:
        end = TURN + later * ONE
        given = {"interval": (end - ONE, end), "params": {"date": None}, "attempt": Try(number=number)}
        made = context(run_type=run_type, dag_id="churn_ingestion", run_id=f"{run_type}__{end}", **given)
        made["ti"].states_of_days = {TURN - (1 + ago) * ONE: state for ago, state in (runs or {}).items()}
        found: dict[str, str] = FindLandingOperator(task_id="find_landing", spec=churn).execute(made)
        return found

    return execute


def test_what_a_partition_was_not_made_from_is_told(lands: Make, publishes: Make, find: Make, told: Make) -> None:
    """Which files of which day, what to do, and that the day's other rows are there; today's own are no news."""
    publishes(1, lands(1))
    lands(1, "b.csv")
    lands(1, "c.csv")
    lands(0)
    assert find()["date"] == "2026-03-20"
    [sent] = told()
    assert sent["Subject"] == "churn: data has landed late (2026-03-19)"
    said = json.loads(sent["Message"])
    assert (said["objects"], said["partition"]) == ("b.csv, c.csv", "does not have them")
    assert said["in"] == "s3://lake/landing/churn/year=2026/month=03/day=19/"
    assert said["command"] == """airflow dags trigger churn_ingestion --conf '{"date": "2026-03-19"}'"""
    assert said["runbook"] == "docs/runbook.md#landing-late"


def test_a_day_without_a_partition_lacks_all_that_is_there(lands: Make, find: Make, told: Make) -> None:
    """It was skipped, and then its data came; or nobody was there to run it."""
    lands(0)
    lands(2, "b.csv")
    find(runs={2: "success"})
    [sent] = told()
    assert (json.loads(sent["Message"])["objects"], json.loads(sent["Message"])["partition"]) == ("b.csv", "none")


def test_a_file_that_was_replaced_is_told(lands: Make, publishes: Make, find: Make, told: Make) -> None:
    """By its content: what is dropped again with the same bytes is no news."""
    lands(0)
    publishes(1, lands(1))
    lands(1, body=b"x")
    find()
    assert told() == []
    lands(1, body=b"y")
    find()
    assert len(told()) == 1


def test_it_is_told_once(lands: Make, find: Make, told: Make, at: Make) -> None:
    """Not by the run that is cleared, and not by the next day's; what comes after it is told."""
    for ago in (-1, 0, 1):
        lands(ago)
    for later in (0, 0, 1):
        at(TURN + later * ONE)
        find(later=later, runs={0: "running"})
    assert len(told()) == 1
    lands(1, "b.csv")
    find(later=1, runs={0: "running"})
    [sent] = told()
    assert json.loads(sent["Message"])["objects"] == "a.csv, b.csv"


def test_what_was_ingested_again_is_in_its_partition(lands: Make, publishes: Make, find: Make, told: Make) -> None:
    """And marks are no data; what the producer has deleted since is nobody's news."""
    lands(0)
    gone = SourceObject(key=s3_layout.landing("churn", DAY - ONE) + "gone.csv", bytes=1, etag="e")
    publishes(1, lands(1), lands(1, "b.csv"), gone)
    lands(1, "_SUCCESS")
    find()
    assert told() == []


@pytest.mark.parametrize(("ago", "seen"), [(LATE_DAYS, 1), (LATE_DAYS + 1, 0), (-1, 0)])
def test_it_looks_as_far_back_as_days_are_made_up(lands: Make, find: Make, told: Make, ago: int, seen: int) -> None:
    """And at no day that is still to come."""
    lands(0)
    lands(ago)
    find()
    assert len(told()) == seen


@pytest.mark.parametrize(("state", "seen"), [("queued", 0), ("running", 0), ("failed", 0), ("success", 1)])
def test_a_day_without_a_partition_may_be_read_yet(lands: Make, find: Make, told: Make, state: str, seen: int) -> None:
    """By its own run; and of one that has failed, people have heard."""
    lands(0)
    lands(1)
    find(runs={1: state})
    assert len(told()) == seen


@pytest.mark.parametrize(("state", "seen"), [("queued", 0), ("running", 0), ("failed", 1), ("success", 1)])
def test_a_partition_may_be_made_anew_yet(
    lands: Make, publishes: Make, find: Make, told: Make, state: str, seen: int
) -> None:
    """By its day's own run; where that has failed, the partition was made by hand, and may lack something again."""
    lands(0)
    publishes(1, lands(1))
    lands(1, "b.csv")
    find(runs={1: state})
    assert len(told()) == seen


@pytest.mark.parametrize("run_type", ["manual", "backfill"])
def test_only_a_scheduled_run_looks(lands: Make, find: Make, told: Make, run_type: str) -> None:
    """Whoever runs a day by hand wants that day."""
    lands(0)
    lands(1)
    find(run_type=run_type)
    assert told() == []


def test_only_the_newest_run_looks(lands: Make, find: Make, told: Make, at: Make) -> None:
    """One of a day that was missed, or a cleared one, knows less than that."""
    lands(0)
    lands(1)
    at(TURN + ONE)
    find()
    assert told() == []


def test_what_landed_before_the_first_partition_is_history(
    aws: SimpleNamespace, lands: Make, publishes: Make, find: Make, told: Make
) -> None:
    """A model that is new, on data of years, tells nobody of each of its days."""
    aws.s3.delete_object(Bucket="lake", Key=s3_layout.manifest("churn", DAY - (LATE_DAYS + 5) * ONE))
    for ago in range(5):
        lands(ago)
    find()
    publishes(2, lands(2))
    lands(2, "b.csv")
    find()
    assert {sent["Subject"] for sent in told()} == {f"churn: data has landed late (2026-03-{day})" for day in (18, 19)}


def test_it_looks_before_it_waits(lands: Make, find: Make, told: Make) -> None:
    """And also where the day itself has nothing."""
    lands(1)
    with pytest.raises(TaskDeferred):
        find()
    assert len(told()) == 1


def test_a_manifest_that_cannot_be_read_keeps_no_other_day(
    aws: SimpleNamespace, lands: Make, find: Make, told: Make
) -> None:
    """What is late for others is told, and the day's own data is found."""
    lands(0)
    lands(1)
    lands(2)
    aws.put(s3_layout.manifest("churn", DAY - ONE), b"{")
    assert find()["date"] == "2026-03-20"
    assert len(told()) == 1


def test_who_cannot_be_told_does_not_keep_the_day(aws: SimpleNamespace, lands: Make, find: Make) -> None:
    """There is no topic: that is tried again as any call is, and then the day goes on; tomorrow's run tells it."""
    lands(0)
    lands(1)
    with pytest.raises(ClientError, match="NotFound"):
        find()
    assert find(number=4)["date"] == "2026-03-20"
    assert [key for key in aws.results() if "/landing-2026-03-19/notices/landing-late-" in key]


def test_a_skipped_day_is_skipped_after_it_has_told(lands: Make, find: Make, told: Make, at: Make) -> None:
    """What is missing today, and what came late for days before: two messages."""
    lands(1)
    at(TURN + dt.timedelta(hours=6))
    with pytest.raises(AirflowSkipException):
        find()
    assert {sent["Subject"] for sent in told()} == {
        "churn: data has landed late (2026-03-19)",
        "churn: no data has landed (2026-03-20)",
    }
