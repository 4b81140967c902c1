"""A training run that is resolved again, later: what it keeps, and what it is by then."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from perennial.operators.training import ResolveRunOperator

from include.specs import codec
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun

Make = Callable[..., Any]
MONDAY = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
NEXT = MONDAY + dt.timedelta(days=7)
BEFORE, THAT_DAY = dt.date(2026, 3, 1), MONDAY.date()
SCHEDULED: dict[str, Any] = {"run_id": "scheduled__1", "run_type": "scheduled", "interval": (MONDAY, MONDAY)}


@pytest.fixture
def lay(aws: SimpleNamespace, partition: Make) -> Callable[..., None]:
    """Puts the manifests of some days into the lake."""

    def put(*days: dt.date) -> None:
        for day in days:
            ref = partition(date=day)
            aws.put(ref.manifest_key, ref.manifest)

    return put


@pytest.fixture
def resolve(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., TrainingRun]:
    """Resolves the scheduled run, with some things about it changed; what its configuration is from then on."""

    def run(*, spec: ModelSpec = churn, now: dt.datetime = MONDAY, **changes: Any) -> TrainingRun:
        monkeypatch.setattr("perennial.operators.days.now", lambda: now)
        result = ResolveRunOperator(task_id="resolve", spec=spec).execute(context(**{**SCHEDULED, **changes}))
        written = codec.decode(TrainingRun, aws.get(result["config_key"]), source="run.json")
        assert result["reason"] == written.provenance.reason
        return written

    return run


def test_run_that_a_backfill_takes_over_keeps_its_reason(resolve: Make, lay: Make) -> None:
    """Its jobs are used again, and the report that they wrote names the first one; that it is of the past is new."""
    lay(BEFORE)
    first = resolve()
    again = resolve(run_type="backfill")
    assert again == dataclasses.replace(first, past_window=True)
    assert again.provenance.reason == "scheduled run"


def test_run_that_came_out_otherwise_has_its_new_reason(resolve: Make, lay: Make, churn: ModelSpec) -> None:
    """Its jobs are other ones, and write a report of their own."""
    lay(BEFORE)
    resolve()
    corrected = dataclasses.replace(churn, use_case="another")
    assert resolve(spec=corrected, run_type="backfill").provenance.reason == "backfill run"


def test_configuration_that_nobody_can_read_is_replaced(aws: SimpleNamespace, resolve: Make, lay: Make) -> None:
    """It may be of a later release, or spoilt; a run can always be resolved."""
    lay(BEFORE)
    key = f"experiments/churn/{resolve().provenance.run}/run.json"
    aws.put(key, b"{")
    assert resolve(run_type="backfill").provenance.reason == "backfill run"


@pytest.mark.parametrize(
    ("now", "newest", "expected"),
    [
        (MONDAY, BEFORE, False),
        # Tried again, or held up, until the day's own partition had come, and others.
        (MONDAY + dt.timedelta(days=1), THAT_DAY, False),
        (NEXT - dt.timedelta(seconds=1), THAT_DAY + dt.timedelta(days=5), False),
        (NEXT, THAT_DAY, True),
        (NEXT + dt.timedelta(days=21), THAT_DAY + dt.timedelta(days=27), True),
        # Nothing has come since: it is trained on the newest there is.
        (NEXT + dt.timedelta(days=21), BEFORE, False),
    ],
)
def test_scheduled_run_is_of_the_past_once_the_next_had_its_turn(
    resolve: Make, lay: Make, now: dt.datetime, newest: dt.date, expected: bool
) -> None:
    """One that is cleared weeks later is no news; one that is late by a retry or an outage is."""
    lay(*{BEFORE, newest})
    run = resolve(now=now)
    assert run.past_window is expected
    assert [ref.manifest.date for ref in run.partitions] == [BEFORE]


@pytest.mark.parametrize("run_type", ["manual", "asset_triggered"])
def test_run_that_reads_all_there_is_is_never_overtaken(resolve: Make, lay: Make, run_type: str) -> None:
    """Whenever it is resolved, and though Airflow gives a run by hand an interval."""
    lay(BEFORE, THAT_DAY)
    run = resolve(now=NEXT + dt.timedelta(days=21), run_type=run_type)
    assert (run.past_window, len(run.partitions)) == (False, 2)


def test_window_that_was_not_past_is_by_now(resolve: Make, lay: Make) -> None:
    """A run that had ended, and is cleared weeks later: all is as it was, but no news any more."""
    lay(BEFORE)
    first = resolve()
    lay(THAT_DAY)
    assert resolve(now=NEXT) == dataclasses.replace(first, past_window=True)
