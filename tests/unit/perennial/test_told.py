"""A verdict is news unless people have heard it of this version, and nothing else has been found since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from perennial import told
from perennial.hooks.lake import Lake
from perennial.told import Verdict

from include.specs.run import ToldRecord

FIFTH = dt.date(2026, 3, 5)
MINE = ToldRecord(date=FIFTH, verdict="drift", judged_run="run-3", run="mine")
EARLIER = replace(MINE, date=dt.date(2026, 3, 2), run="theirs")
SAME, OTHER = ("drift", "run-3"), ("stable", "run-3")
KEY = "monitoring/churn/told-drift.json"


@pytest.fixture
def lake(aws: SimpleNamespace) -> Lake:
    return Lake("lake", s3=aws.s3)


def unread() -> Iterator[Verdict]:
    yield from map(pytest.fail, ["no report had to be read"])


@pytest.mark.parametrize(
    ("known", "since"),
    [
        pytest.param(None, [SAME], id="nothing was told"),
        pytest.param(replace(EARLIER, verdict="warning"), [("warning", "run-3")], id="another verdict was told"),
        pytest.param(replace(EARLIER, judged_run="run-2"), [("drift", "run-2")], id="it was told of another version"),
        pytest.param(EARLIER, [SAME, OTHER], id="a day since then was quiet"),
        pytest.param(EARLIER, [("drift", "run-2")], id="a day since then is about another version"),
        pytest.param(EARLIER, [SAME, None], id="a report since then cannot be read"),
        pytest.param(EARLIER, [], id="nothing is known of the days since then"),
    ],
)
def test_a_change_is_news(known: ToldRecord | None, since: Iterable[Verdict]) -> None:
    """In doubt, people hear of it: once too often is better than never."""
    assert told.old_news(known, MINE, since) == ""


@pytest.mark.parametrize(
    ("known", "since", "why"),
    [
        pytest.param(EARLIER, [SAME, SAME], "people have known so since 2026-03-02", id="told, and the same since"),
        pytest.param(
            replace(MINE, run="theirs"), unread(), "heard this of the day from theirs", id="the day run again"
        ),
        pytest.param(
            replace(EARLIER, date=dt.date(2026, 3, 6), verdict="stable"), unread(), "a later day", id="an old day"
        ),
    ],
)
def test_what_people_know_is_no_news(known: ToldRecord, since: Iterable[Verdict], why: str) -> None:
    """And the reason says from when they know."""
    assert why in told.old_news(known, MINE, since)


def test_reports_are_read_as_far_as_it_takes() -> None:
    """The first that says otherwise decides."""
    days = iter([SAME, OTHER, SAME])
    assert told.old_news(EARLIER, MINE, days) == ""
    assert list(days) == [SAME]


def test_what_was_told_is_remembered(lake: Lake) -> None:
    """And replaces what was told of an earlier day, or of the same."""
    assert told.last(lake, KEY) is None
    for record in (EARLIER, MINE, replace(MINE, verdict="warning", run="again")):
        told.remember(lake, KEY, record)
        assert told.last(lake, KEY) == record


def test_a_later_day_stays_on_record(lake: Lake) -> None:
    """Whichever run comes last."""
    told.remember(lake, KEY, MINE)
    told.remember(lake, KEY, EARLIER)
    assert told.last(lake, KEY) == MINE


def test_a_record_that_nobody_can_read_counts_as_none_and_is_replaced(
    lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said which."""
    lake.write(KEY, b"{}")
    assert told.last(lake, KEY) is None
    assert f"{KEY} is no record" in caplog.text
    told.remember(lake, KEY, MINE)
    assert told.last(lake, KEY) == MINE
