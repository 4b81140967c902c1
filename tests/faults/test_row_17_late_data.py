"""Row 17: days arrive late, out of order, or once more with other rows."""

import datetime as dt

import pytest
from perennial.operators import days

from include.specs import s3_layout
from tests.faults.flow import Flow, as_csv, rows

pytestmark = pytest.mark.row(17, "late, out-of-order data", "only its own interval is reprocessed")
FIRST, SECOND, THIRD = (dt.date(2026, 2, 28), dt.date(2026, 3, 1), dt.date(2026, 3, 2))
ROOMS = ("raw", "quarantine")


def _others(flow: Flow, date: dt.date) -> dict[str, tuple[str, ...]]:
    """Every write that the other days have seen."""
    return {
        key: versions
        for room in ROOMS
        for key, versions in flow.written(room).items()
        if s3_layout.day(date) not in key
    }


def _arrives(flow: Flow, date: dt.date, *, seed: int, name: str = "data.csv") -> None:
    """The day's file lands and is ingested; no other day sees a single write."""
    before = _others(flow, date)
    flow.land(date, as_csv(rows(flow.spec.dataset, count=40, seed=seed)), name=name)
    flow.ingest(date)
    assert _others(flow, date) == before


def test_days_out_of_order_touch_only_themselves(flow: Flow) -> None:
    """The third day, then the first, then the second: each makes its own partition, in whichever order.

    Fails when the objects of a run are looked for in more than its day (`FindLandingOperator`), or when publishing
    deletes what lies outside its own prefix.
    """
    for seed, date in enumerate((THIRD, FIRST, SECOND)):
        _arrives(flow, date, seed=seed)
    assert [ref.manifest.date for ref in flow.partitions()] == [FIRST, SECOND, THIRD]
    assert {ref.manifest.rows for ref in flow.partitions()} == {40}


def test_a_file_that_is_late_is_waited_for(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduled run of a day whose file lands after its turn makes that day's partition, as if it had been in time.

    Fails when `FindLandingOperator` looks once.
    """
    _arrives(flow, FIRST, seed=1)
    turn = dt.datetime.combine(THIRD, dt.time(2), dt.UTC)
    monkeypatch.setattr(days, "now", lambda: turn)
    monkeypatch.setenv("AIRFLOW__PERENNIAL__DEFERRABLE", "true")
    run = flow.ingestion(SECOND)
    run.execute("find_landing", meanwhile=lambda: flow.land(SECOND, as_csv(rows(flow.spec.dataset, count=40))))
    run.finish()
    assert run.waited["find_landing"] == 1
    assert [ref.manifest.date for ref in flow.partitions()] == [FIRST, SECOND]


def test_late_rows_of_a_day_rewrite_that_day(flow: Flow) -> None:
    """A second file for a day in the past makes that day anew, with the rows of both; its neighbours keep their bytes.

    Fails when a date is ingested with anything but all of its own objects.
    """
    for seed, date in enumerate((FIRST, SECOND, THIRD)):
        _arrives(flow, date, seed=seed)
    before = {ref.manifest.date: ref for ref in flow.partitions()}
    flow.land(SECOND, as_csv(rows(flow.spec.dataset, count=30, seed=9)), name="late.csv")
    untouched = _others(flow, SECOND)
    flow.ingest(SECOND, asked=True)
    after = {ref.manifest.date: ref for ref in flow.partitions()}
    assert after[SECOND].manifest.rows == 70
    assert {date for date in after if after[date] != before[date]} == {SECOND}
    assert _others(flow, SECOND) == untouched


def test_a_training_of_a_past_window_does_not_see_later_days(flow: Flow) -> None:
    """What is late for a window is not in it, and what came after it is not either.

    Fails when `ResolveRunOperator` no longer bounds its partitions by the run's data interval (`window`).
    """
    for seed, date in enumerate((THIRD, FIRST)):
        _arrives(flow, date, seed=seed)
    end = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)
    run = flow.training("scheduled__1", run_type="scheduled", interval=(end, end))
    assert [s3_layout.date_of(key) for key in run.execute("resolve")["partitions"]] == [FIRST]
