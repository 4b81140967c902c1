"""Which of the partitions a run trains on: pure functions of its dates, of the spec's days, and of what is there."""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from perennial.windows import bounds, first_day_of_next, is_past, of_last_days, of_one_origin

from include.specs.partition import PartitionRef

Make = Callable[..., Any]
INTERVAL = (dt.datetime(2026, 3, 4, 4, tzinfo=dt.UTC), dt.datetime(2026, 3, 4, 4, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("run_type", "params", "expected"),
    [
        ("manual", {}, (None, None)),
        ("asset_triggered", {}, (None, None)),
        ("scheduled", {}, (None, "2026-03-04")),
        ("backfill", {}, (None, "2026-03-04")),
        ("scheduled", {"end": "2026-02-01"}, (None, "2026-02-01")),
        ("scheduled", {"start": "2026-01-01"}, ("2026-01-01", "2026-03-04")),
        ("manual", {"start": "2026-01-01", "end": "2026-02-01"}, ("2026-01-01", "2026-02-01")),
    ],
)
def test_bounds(context: Make, run_type: str, params: dict[str, str], expected: tuple[str | None, str | None]) -> None:
    """A person's dates first, then the end of the run's interval, then everything."""
    found = bounds(context(run_type=run_type, interval=INTERVAL), params)
    assert tuple(day and day.isoformat() for day in found) == expected


@pytest.mark.parametrize(
    ("run_type", "params", "expected"),
    [
        ("manual", {}, False),
        ("asset_triggered", {}, False),
        ("scheduled", {}, False),
        ("scheduled", {"end": None, "start": "2026-01-01"}, False),
        ("manual", {"start": "2026-01-01", "end": ""}, False),
        ("backfill", {}, True),
        ("manual", {"end": "2026-02-01"}, True),
        ("asset_triggered", {"start": "2026-01-01", "end": "2026-02-01"}, True),
    ],
)
def test_past_window(context: Make, run_type: str, params: dict[str, str | None], expected: bool) -> None:
    """A backfill is about a time that has passed, and so is a window whose end somebody has set; no other run is."""
    assert is_past(context(run_type=run_type, interval=INTERVAL), params) is expected


@pytest.mark.parametrize(
    ("run_type", "late", "expected"),
    [
        ("scheduled", dt.timedelta(hours=23, minutes=59), None),
        ("scheduled", dt.timedelta(days=1), dt.date(2026, 3, 4)),
        ("manual", dt.timedelta(days=9), None),
        ("backfill", dt.timedelta(days=9), None),
    ],
)
def test_first_day_of_next(context: Make, run_type: str, late: dt.timedelta, expected: dt.date | None) -> None:
    """The day that this run ends before, once the next scheduled one is due; no other run has a next."""
    made = context(run_type=run_type, interval=INTERVAL)
    assert first_day_of_next(made, "0 4 * * *", now=INTERVAL[1] + late) == expected


@given(offsets=st.sets(st.integers(0, 40), min_size=1), days=st.integers(1, 45))
def test_last_days(offsets: set[int], days: int) -> None:
    """The newest is always there, and with it those less than `days` days before it."""
    refs = [_ref(offset) for offset in sorted(offsets)]
    left = [int(ref.manifest_key) for ref in of_last_days(refs, days)]
    assert left == [offset for offset in sorted(offsets) if max(offsets) - offset < days]


def test_no_number_of_days_is_all_of_them() -> None:
    """A spec that does not say how far back reads all."""
    refs = (_ref(0), _ref(4000))
    assert of_last_days(refs, None) == refs


@given(origins=st.lists(st.booleans(), min_size=1, max_size=12))
def test_one_origin(origins: list[bool]) -> None:
    """What is left is of the newest one's origin, all of it, in its order."""
    refs = [_ref(i, synthetic) for i, synthetic in enumerate(origins)]
    left = of_one_origin(refs)
    assert left == tuple(ref for ref in refs if ref.manifest.synthetic == origins[-1])
    assert left[-1] is refs[-1]


def _ref(day: int, synthetic: bool = False) -> PartitionRef:
    manifest = SimpleNamespace(date=dt.date(2026, 1, 1) + dt.timedelta(days=day), synthetic=synthetic)
    return PartitionRef(manifest_key=str(day), sha256="", manifest=manifest)
