"""A day is looked at when all of it is there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred
from perennial.operators import days
from perennial.operators.days import DayOperator
from perennial.operators.predictions import FindPredictionsOperator
from perennial.operators.traffic import FindTrafficOperator

from include.specs.model import ModelSpec

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 1)
INTERVAL = (dt.datetime(2026, 3, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
WHOLE = dt.datetime(2026, 3, 2, 3, tzinfo=dt.UTC)  # three hours after its end, as the spec says


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Sets the clock."""
    return lambda moment: monkeypatch.setattr(days, "now", lambda: moment)


@pytest.fixture(params=[FindTrafficOperator, FindPredictionsOperator])
def operator(request: pytest.FixtureRequest, churn: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> DayOperator:
    """Each task that looks at a day, of a model that has no version yet: it skips when it looks."""
    registry = SimpleNamespace(versions=lambda _: iter([]), describe=None)
    monkeypatch.setattr(f"{request.param.__module__}.Packages", lambda: registry)
    made: DayOperator = request.param(task_id="find", spec=churn)
    return made


@pytest.mark.parametrize("run_type", ["manual", "backfill", "asset_triggered"])
@pytest.mark.parametrize("missing_h", [0.1, 3, 20, 9600])
def test_day_that_is_not_whole_is_refused(
    aws: SimpleNamespace, operator: DayOperator, context: Make, at: Make, run_type: str, missing_h: float
) -> None:
    """Today, one to come, and yesterday while its late files come: nothing is begun, and the error says what to do."""
    at(WHOLE - dt.timedelta(hours=missing_h))
    words = r"2026-03-01 is no whole day before 2026-03-02 03:00 UTC.*give an earlier `date`"
    with pytest.raises(AirflowFailException, match=words):
        operator.execute(context(run_type=run_type, params={"date": "2026-03-01"}))
    assert aws.results() == []


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("missing_h", [0.1, 3, 26])
def test_scheduled_run_waits_until_its_day_is_whole(
    operator: DayOperator, context: Make, at: Make, missing_h: float
) -> None:
    """Without a worker, whatever its schedule; then it looks."""
    waits = context(run_type="scheduled", interval=INTERVAL)
    at(WHOLE - dt.timedelta(hours=missing_h))
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(waits)
    assert deferred.value.trigger.serialize()[1]["moment"] == WHOLE
    at(WHOLE)
    with pytest.raises(AirflowSkipException, match="has no version"):
        operator.resume_execution(deferred.value.method_name, {"event": None}, waits)


@pytest.mark.usefixtures("aws", "holding_its_slot")
def test_where_nothing_defers_it_waits_in_its_worker(
    operator: DayOperator, context: Make, at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it looks, in the same try; which may take so long."""
    waits: list[float] = []
    at(WHOLE - dt.timedelta(hours=1))
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(AirflowSkipException, match="has no version"):
        operator.execute(context(run_type="scheduled", interval=INTERVAL))
    assert waits == [3600]
    assert operator.execution_timeout == dt.timedelta(hours=6 + 3 + 6)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("run_type", ["manual", "backfill", "scheduled"])
def test_whole_day_is_looked_at(operator: DayOperator, context: Make, at: Make, run_type: str) -> None:
    """By whomever."""
    at(WHOLE)
    assert operator.whole_day(context(run_type=run_type, interval=INTERVAL)) == DAY


def test_batches_are_there_when_their_day_ends(churn: ModelSpec, context: Make, at: Make) -> None:
    """No file of them comes late."""
    watched = dataclasses.replace(churn.monitoring, source="predictions")
    operator = FindTrafficOperator(task_id="find", spec=dataclasses.replace(churn, monitoring=watched))
    at(INTERVAL[1])
    assert operator.whole_day(context(interval=INTERVAL)) == DAY
