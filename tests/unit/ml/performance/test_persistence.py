"""One bad day is a warning, several are a degradation."""

import dataclasses
import datetime as dt

import pytest

from include.ml.performance.persistence import Judgement, judgement
from include.specs.monitoring import PerformanceRule
from include.specs.performance import DayQuality

FIRST = dt.date(2026, 3, 1)
RULE = PerformanceRule(breaches=2, of_days=3)


def days(pattern: str, versions: str = "") -> list[DayQuality]:
    """A day a character: B breached, . did not, ? without a verdict; and the version that answered, _ for unknown."""
    return [
        DayQuality(
            date=FIRST + dt.timedelta(days=place),
            version=None if version == "_" else int(version),
            rows=10,
            labelled=0 if what == "?" else 10,
            positives=0,
            judged=what != "?",
            breached=what == "B",
            reasons=f"reason {place + 1}",
        )
        for place, (what, version) in enumerate(zip(pattern, versions or "3" * len(pattern), strict=True))
    ]


def judged(pattern: str, versions: str = "", *, watched: int = 3, rule: PerformanceRule = RULE) -> Judgement:
    """What follows from such days, where every version's evaluation is known."""
    return judgement(days(pattern, versions), rule, watched=watched, known=range(9))


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
    found = judged(pattern)
    assert (found.version, found.verdict) == (3, verdict)
    assert found.since == (None if since is None else FIRST + dt.timedelta(days=since - 1))


def test_the_sentence_names_the_day() -> None:
    """The newest breach, and how many more it takes."""
    assert judged("..B").reasons == ("on 2026-03-03: reason 3; it takes 1 more such day to be called degraded")
    assert judged("BB.").reasons == ("on 2026-03-02: reason 2; on 2 or more of the last 3 days with labels")
    assert judged(".").reasons == "on 2026-03-01: reason 1"
    assert judged("??").reasons == ("0 of 20 predictions have a label, on no day enough for a verdict")
    assert judged("").reasons == "no predictions were captured"


def test_one_day_can_be_enough() -> None:
    """When the rule says so, the sentence speaks of no others."""
    found = judged("B", rule=PerformanceRule(breaches=1, of_days=1))
    assert (found.verdict, found.since, found.reasons) == ("degraded", FIRST, "on 2026-03-01: reason 1")


@pytest.mark.parametrize(
    ("pattern", "versions", "about", "verdict", "since"),
    [
        # What one version did wrong is not the fault of the next.
        ("BB.", "223", 3, "stable", None),
        ("BBB", "223", 3, "warning", 3),
        ("B.BB", "2233", 3, "degraded", 3),
        # Before a day of the next can be judged, the news is of the one before.
        ("BB??", "2233", 2, "degraded", 1),
        (".B?", "223", 2, "warning", 2),
        ("..?", "223", 2, "stable", None),
        ("BB?", "123", 2, "warning", 2),
        # Rolled back: days in between are another's, and neither count nor break the row.
        ("B.B", "323", 3, "degraded", 1),
        ("B..", "323", 3, "stable", None),
        (".B?", "323", 2, "warning", 2),
        # A day of nobody says nothing.
        ("?B", "_3", 3, "warning", 2),
        ("??", "__", 3, "insufficient_data", None),
        ("??", "22", 3, "insufficient_data", None),
    ],
)
def test_verdict_is_about_the_version_of_the_newest_judged_day(
    pattern: str, versions: str, about: int, verdict: str, since: int | None
) -> None:
    """By its own days alone, whichever version serves now."""
    found = judged(pattern, versions)
    assert (found.version, found.verdict) == (about, verdict)
    assert found.since == (None if since is None else FIRST + dt.timedelta(days=since - 1))


def test_the_sentence_says_whose_verdict_it_is() -> None:
    """Until when that version answered, and that nothing is known of the one that serves; of one that serves, nothing
    has to be said."""
    assert judged("BB??", "2233").reasons == (
        "of version 2, which answered until 2026-03-02, on 2026-03-02: reason 2; on 2 or more of the last 3 days with "
        "labels; version 3 serves now, and no day of its own has enough labels yet"
    )
    assert judged(".?", "22").reasons.endswith("version 3 serves now, and no day of its own has enough labels yet")
    assert judged("..?", "323").reasons.endswith("version 3 serves now again, and no day since has enough labels yet")
    assert judged("B.", "23").reasons == "on 2026-03-02: reason 2"


def test_labels_without_an_evaluation_are_told() -> None:
    """Many labels and no verdict: the sentence says why. A day without predictions is nobody's."""
    found = judgement(days("???", "_23"), RULE, watched=3, known=(3,))
    assert found.reasons == (
        "0 of 30 predictions have a label, on no day enough for a verdict; on 2 of 3 days a version answered whose "
        "evaluation is not known"
    )
    empty = [dataclasses.replace(day, rows=0, labelled=0) for day in days("?", "_")]
    assert judgement(empty, RULE, watched=3, known=(3,)).reasons == (
        "on none of 1 days is there a prediction that a label could find; on 2026-03-01: reason 1"
    )
