"""What has landed for a model's days."""

import datetime as dt
from types import SimpleNamespace

import pytest
from perennial.hooks.lake import Lake
from perennial.landings import is_fed, is_gap, landed

from include.specs import s3_layout

DAY = dt.date(2026, 3, 1)


@pytest.fixture
def lake(aws: SimpleNamespace) -> Lake:
    return Lake("lake", s3=aws.s3)


def _land(aws: SimpleNamespace, *ago: int, name: str = "a.csv") -> None:
    for number in ago:
        aws.put(s3_layout.landing("churn", DAY - dt.timedelta(days=number)) + name, b"x")


def test_a_day_has_its_own_objects(aws: SimpleNamespace, lake: Lake) -> None:
    """Not its neighbours', not another model's, and no marks."""
    _land(aws, -1, 0, 1)
    _land(aws, 0, name="_SUCCESS")
    aws.put(s3_layout.landing("churn-two", DAY) + "a.csv", b"x")
    assert [found.key for found in landed(lake, "churn", DAY)] == [s3_layout.landing("churn", DAY) + "a.csv"]


@pytest.mark.parametrize(("ago", "fed"), [((), False), ((0, -1), False), ((1,), True), ((7,), True), ((8,), False)])
def test_a_feed_is_alive_if_the_week_before_had_something(
    aws: SimpleNamespace, lake: Lake, ago: tuple[int, ...], fed: bool
) -> None:
    """The day itself, and what comes after it, says nothing."""
    _land(aws, *ago)
    assert is_fed(lake, "churn", DAY) == fed


@pytest.mark.parametrize(
    ("ago", "gap"),
    [
        ((1,), True),
        ((1, 7), True),
        ((1, 7, 8), True),
        ((0, 1), False),
        ((2, 3), False),
        ((1, 8), False),
        ((), False),
    ],
)
def test_a_gap_begins_after_a_day_that_had_something(
    aws: SimpleNamespace, lake: Lake, ago: tuple[int, ...], gap: bool
) -> None:
    """Unless one began on that day of the week before, too."""
    _land(aws, *ago)
    assert is_gap(lake, "churn", DAY) == gap
