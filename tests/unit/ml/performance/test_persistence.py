"""One bad day is a warning, several are a degradation."""

import datetime as dt

import pytest

from include.ml.performance.persistence import judgement
from include.specs.monitoring import PerformanceRule
from include.specs.performance import DayQuality

FIRST = dt.date(2026, 3, 1)
RULE = PerformanceRule(breaches=2, of_days=3)


def days(pattern: str, *, version: int = 3) -> list[DayQuality]:
    """A day a character: B breached, . did not, ? without a verdict."""
    return [
        DayQuality(
            date=FIRST + dt.timedelta(days=place),
            version=version,
            rows=10,
            labelled=0 if what == "?" else 10,
            positives=0,
            judged=what != "?",
            breached=what == "B",
            reasons=f"reason {place + 1}",
        )
        for place, what in enumerate(pattern)
    ]


@pytest.mark.parametrize(
    ("pattern", "verdict", "since"),
    [
        ("", "insufficient_data", None),
        ("???", "insufficient_data", None),
        (".", "stable", None),
        ("B.", "stable", None),
        ("B", "warning", 1),
        ("..B", "warning", 3),
        ("B..B", "warning", 4),
        ("BB", "degraded", 1),
        ("B.B", "degraded", 3),
        ("BB.", "degraded", 1),
        ("BB..", "stable", None),
        ("BBBBBB", "degraded", 1),
        (".BB?B", "degraded", 2),
        ("B??B", "degraded", 1),
        ("BB???", "degraded", 1),
        ("B????", "warning", 1),
    ],
)
def test_verdict_of_a_row_of_days(pattern: str, verdict: str, since: int | None) -> None:
    """Of the last three days with labels two must breach; days without labels neither count nor break the row."""
    found = judgement(days(pattern), RULE, version=3)
    assert found[:2] == (verdict, None if since is None else FIRST + dt.timedelta(days=since - 1))


def test_the_sentence_names_the_day() -> None:
    """The newest breach, and how many more it takes."""
    assert judgement(days("..B"), RULE, version=3)[2] == (
        "on 2026-03-03: reason 3; it takes 1 more such day to be called degraded"
    )
    assert judgement(days("BB."), RULE, version=3)[2] == (
        "on 2026-03-02: reason 2; on 2 or more of the last 3 days with labels"
    )
    assert judgement(days("."), RULE, version=3)[2] == "on 2026-03-01: reason 1"
    assert judgement(days("??"), RULE, version=3)[2] == (
        "0 of 20 predictions have a label, on no day enough for a verdict"
    )
    assert judgement([], RULE, version=3)[2] == "no predictions were captured"


def test_one_day_can_be_enough() -> None:
    """When the rule says so, the sentence speaks of no others."""
    found = judgement(days("B"), PerformanceRule(breaches=1, of_days=1), version=3)
    assert found == ("degraded", FIRST, "on 2026-03-01: reason 1")


def test_days_of_another_version_say_nothing() -> None:
    """What the last one did wrong is not the fault of this one."""
    assert judgement(days("BBB", version=2), RULE, version=3)[0] == "insufficient_data"
