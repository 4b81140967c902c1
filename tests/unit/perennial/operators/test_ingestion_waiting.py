"""A day whose data has not come yet is waited for; one whose data does not come is told of."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred
from botocore.exceptions import ClientError
from perennial.flows.ingestion import ingestion_dag
from perennial.operators import days
from perennial.operators.ingestion import FindLandingOperator

from include.specs import s3_layout
from include.specs.model import ModelSpec
from tests.shared.airflow_context import Try

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 1)
TURN = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)
INTERVAL = (TURN - dt.timedelta(days=1), TURN)
LAST = TURN + dt.timedelta(hours=6)
HOURS = dt.timedelta(hours=1)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Sets the clock."""
    return lambda now: monkeypatch.setattr(days, "now", lambda: now)


@pytest.fixture
def lands(aws: SimpleNamespace) -> Callable[..., None]:
    """Drops a file for a day, so many before the run's."""

    def land(*ago: int) -> None:
        for number in ago:
            aws.put(s3_layout.landing("churn", DAY - dt.timedelta(days=number)) + "a.csv", b"x")

    return land


@pytest.fixture
def find(churn: ModelSpec, context: Make) -> Make:
    """The task in a run of the day, by the schedule if nothing else is said."""

    def execute(
        *, run_type: str = "scheduled", date: str | None = None, number: int = 1, **dataset: Any
    ) -> dict[str, str]:
        spec = dataclasses.replace(churn, dataset=dataclasses.replace(churn.dataset, **dataset))
        given = {"interval": INTERVAL, "params": {"date": date}, "attempt": Try(number=number)}
        made = context(run_type=run_type, dag_id="churn_ingestion", **given)
        found: dict[str, str] = FindLandingOperator(task_id="find_landing", spec=spec).execute(made)
        return found

    return execute


@pytest.mark.parametrize("ago", [1, 7])
@pytest.mark.parametrize("when_absent", ["skip", "fail"])
def test_scheduled_run_waits_for_the_first_file(lands: Make, find: Make, at: Make, ago: int, when_absent: str) -> None:
    """Without a worker, a quarter of an hour at a time, and by the clock no longer than the spec says."""
    lands(ago)
    for now, until in ((TURN, TURN + days.LOOK_EVERY), (LAST - dt.timedelta(minutes=1), LAST)):
        at(now)
        with pytest.raises(TaskDeferred) as deferred:
            find(when_absent=when_absent)
        assert deferred.value.trigger.serialize()[1]["moment"] == until
        assert deferred.value.method_name == "look_again"


def test_file_that_came_is_found_when_it_looks_again(lands: Make, churn: ModelSpec, context: Make, at: Make) -> None:
    """It is pinned as any."""
    at(TURN + HOURS)
    lands(1, 0)
    waited = context(run_type="scheduled", interval=INTERVAL, params={"date": None})
    operator = FindLandingOperator(task_id="find_landing", spec=churn)
    assert operator.resume_execution("look_again", {"event": None}, waited)["date"] == "2026-03-01"


@pytest.mark.usefixtures("holding_its_slot")
def test_where_nothing_defers_it_waits_in_its_worker(
    lands: Make, find: Make, at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it has found a file, or the time is up; it may take so long."""
    at(TURN)
    lands(1)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        at(days.now() + dt.timedelta(seconds=seconds))
        if len(waits) == 3:
            lands(0)

    monkeypatch.setattr(time, "sleep", sleep)
    assert find()["date"] == "2026-03-01"
    assert waits == [15 * 60] * 3


def test_task_may_take_as_long_as_it_may_wait(churn: ModelSpec) -> None:
    """And some hours for what it does."""
    dataset = dataclasses.replace(churn.dataset, landing_wait_h=30)
    operator = FindLandingOperator(task_id="find_landing", spec=dataclasses.replace(churn, dataset=dataset))
    assert operator.execution_timeout == dt.timedelta(hours=36)


def test_run_may_take_as_much_longer_as_it_may_wait(churn: ModelSpec) -> None:
    """Its jobs lose nothing of their time."""
    waits = [dataclasses.replace(churn.dataset, landing_wait_h=hours) for hours in (0, 30)]
    at_once, late = (ingestion_dag(dataclasses.replace(churn, dataset=each)).dagrun_timeout for each in waits)
    assert at_once
    assert late == at_once + dt.timedelta(hours=30)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("ago", [(), (8,)], ids=["never", "a week"])
def test_a_feed_that_is_silent_is_not_waited_for(lands: Make, find: Make, at: Make, ago: tuple[int, ...]) -> None:
    """Nor is one that has never been."""
    at(TURN)
    lands(*ago)
    with pytest.raises(AirflowSkipException, match="found none"):
        find()


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("now", [LAST, LAST + 700 * HOURS], ids=["in vain", "long past"])
def test_time_is_up_by_the_clock(lands: Make, find: Make, at: Make, now: dt.datetime) -> None:
    """Of a day that was missed and is run afterwards, too: such a run waits for nothing."""
    at(now)
    lands(1)
    with pytest.raises(AirflowSkipException, match="found none"):
        find()
    with pytest.raises(AirflowFailException, match="found none"):
        find(when_absent="fail")


@pytest.mark.parametrize(("run_type", "date"), [("backfill", None), ("manual", None), ("manual", "2026-03-01")])
def test_only_a_scheduled_run_waits_and_tells(
    lands: Make, find: Make, at: Make, told: Make, run_type: str, date: str | None
) -> None:
    """Whoever asks for a day gets an answer at once, and needs no message."""
    at(TURN)
    lands(1)
    with pytest.raises(AirflowFailException if date else AirflowSkipException, match="found none"):
        find(run_type=run_type, date=date)
    assert told() == []


def test_a_day_that_stays_away_is_told_once(lands: Make, find: Make, at: Make, told: Make) -> None:
    """With what was expected where, and what to do; clearing the run tells nothing more."""
    at(LAST)
    lands(1)
    for _ in range(2):
        with pytest.raises(AirflowSkipException):
            find()
    [sent] = told()
    assert sent["Subject"] == "churn: no data has landed (2026-03-01)"
    said = json.loads(sent["Message"])
    assert said["expected"] == "s3://lake/landing/churn/year=2026/month=03/day=01/"
    assert said["command"] == """airflow dags trigger churn_ingestion --conf '{"date": "2026-03-01"}'"""
    assert (said["waited"], said["runbook"]) == ("6 h", "docs/runbook.md#landing-absent")


@pytest.mark.parametrize(
    ("ago", "dataset"),
    [
        ((2,), {}),
        ((1, 8), {}),
        ((1,), {"landing_wait_h": 0}),
        ((), {}),
    ],
    ids=["goes on", "so it was a week ago", "as usual", "never"],
)
def test_a_gap_is_told_of_when_it_begins(
    lands: Make, find: Make, at: Make, told: Make, ago: tuple[int, ...], dataset: dict[str, Any]
) -> None:
    """Not on each of its days, not where it comes every week, and not where the spec calls it usual."""
    at(LAST)
    lands(*ago)
    with pytest.raises(AirflowSkipException):
        find(**dataset)
    assert told() == []


def test_a_gap_within_a_whole_week_is_told(lands: Make, find: Make, at: Make, told: Make) -> None:
    """A week ago this day had data."""
    at(LAST)
    lands(*range(1, 15))
    with pytest.raises(AirflowSkipException):
        find()
    assert len(told()) == 1


def test_a_day_that_fails_is_told_of_as_a_failure(lands: Make, find: Make, at: Make, told: Make) -> None:
    """By the run, and so not here as well."""
    at(LAST)
    lands(1)
    with pytest.raises(AirflowFailException):
        find(when_absent="fail")
    assert told() == []


def test_who_cannot_be_told_does_not_keep_the_day(aws: SimpleNamespace, lands: Make, find: Make, at: Make) -> None:
    """There is no topic: that is tried again as any call is; then the message is on record, and the day is skipped."""
    at(LAST)
    lands(1)
    with pytest.raises(ClientError, match="NotFound"):
        find()
    with pytest.raises(AirflowSkipException):
        find(number=4)
    assert [key for key in aws.results() if key.endswith("/notices/landing-absent.json")]
