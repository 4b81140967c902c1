"""The verdict over days."""

import datetime as dt
from dataclasses import replace

import pytest

from include.ml.drift import persistence
from include.specs.drift import BaselineRef, RowCount, Separability, Shape, Violation
from include.specs.monitoring import DriftRule
from include.specs.reports import Estimate

TODAY = dt.date(2026, 3, 10)
RULE = DriftRule()
ROWS = RowCount(baseline=1_000, current=1_000, independent_baseline=1_000, independent_current=1_000)


def before(days: int) -> dt.date:
    """So many days before today."""
    return TODAY - dt.timedelta(days=days)


def verdict(*features, earlier=(), rows=ROWS, violations=(), separability=None):
    """Of these features, as they are remembered."""
    remembered = tuple(persistence.remembered(feature, earlier, TODAY, breaches=RULE.breaches) for feature in features)
    return persistence.verdict(
        today(*remembered, earlier=earlier, rows=rows, violations=violations, rows_told=separability)
    )


def today(*features, earlier=(), rows=ROWS, violations=(), rows_told=None) -> persistence.Today:
    """What the verdict rests on."""
    return persistence.Today(
        rule=RULE,
        rows=rows,
        features=features,
        separability=rows_told,
        violations=violations,
        earlier=earlier,
        window=TODAY,
    )


def test_quiet_days_are_stable(compared) -> None:
    """And the reason says what was looked at."""
    assert verdict(compared()) == (
        "stable",
        "none of 1 distributions differs by more than matters and more than chance gives",
    )


def test_the_first_breach_is_a_warning_and_the_second_drift(compared, report) -> None:
    """Of the same feature within the last days."""
    bad = compared(drifted=True)
    assert verdict(bad)[0] == "warning"
    assert "it takes 1 more such day" in verdict(bad)[1]
    assert verdict(bad, earlier=[report(before(2), bad)])[0] == "drift"
    assert verdict(bad, earlier=[report(before(2), compared("weight", drifted=True))])[0] == "warning"


def test_drift_stays_until_the_last_days_are_quiet(compared, report) -> None:
    """One quiet day after two bad ones does not end it."""
    quiet, bad = compared(), compared(drifted=True)
    assert verdict(quiet, earlier=[report(before(1), bad), report(before(2), bad)])[0] == "drift"
    assert verdict(quiet, earlier=[report(before(1), quiet), report(before(2), bad)])[0] == "stable"


def test_since_is_the_first_day_of_an_unbroken_row(compared, report) -> None:
    """As far back as the reports say, and None on a day without a breach."""

    def remembered(feature, earlier):
        return persistence.remembered(feature, earlier, TODAY, breaches=9)

    quiet, bad = compared(), compared(drifted=True)
    earlier = [report(before(1), bad), report(before(2), bad), report(before(3), quiet), report(before(4), bad)]
    found = remembered(bad, earlier)
    assert (found.days, found.since) == (4, before(2))
    assert remembered(bad, []).since == TODAY
    assert remembered(quiet, earlier).since is None
    assert remembered(bad, [report(before(1), replace(bad, since=before(20)))]).since == before(20)


def test_drift_that_is_quiet_today_keeps_since_when_it_has_been(compared, report) -> None:
    """And so does the day after, on which it is back: drift has not been off in between."""
    quiet, bad = compared(), compared(drifted=True)
    yesterday = report(before(1), replace(bad, since=before(6)))
    found = persistence.remembered(quiet, [yesterday, report(before(2), bad)], TODAY, breaches=2)
    assert (found.days, found.since) == (2, before(6))
    lasted = report(before(1), replace(quiet, since=before(6)))
    assert persistence.remembered(bad, [lasted, report(before(2), bad)], TODAY, breaches=2).since == before(6)


def test_drift_that_is_quiet_today_says_what_it_rests_on(compared, report) -> None:
    """The newest day on which it breached: today's distance does not matter, and is no reason for anything."""
    was = replace(
        compared(value=0.4, drifted=True),
        reason="far apart",
        shape=Shape(levels=("a",), baseline=(1.0,), current=(1.0,)),
    )
    earlier = [report(before(1), was), report(before(2), compared(value=0.3, drifted=True))]
    now = persistence.remembered(compared(value=0.01), earlier, TODAY, breaches=RULE.breaches)
    assert verdict(now, earlier=earlier) == (
        "drift",
        "size (on 2026-03-09, quiet today): far apart; on 2 or more of the last 3 days",
    )
    [lasting] = persistence.lasting(today(now, earlier=earlier))
    assert (lasting.on, lasting.feature.effect.value, lasting.feature.since) == (before(1), 0.4, before(2))
    assert (lasting.feature.drifted, lasting.feature.shape) == (True, Shape())
    assert persistence.lasting(today(was, earlier=earlier)) == ()


def test_what_breached_today_and_what_lasts_are_told_together(compared, report) -> None:
    """The largest effect first."""
    bad, worse = compared(value=0.2, drifted=True), compared("weight", value=0.3, drifted=True)
    earlier = [report(before(1), bad, worse), report(before(2), worse)]
    found = verdict(bad, compared("weight", value=0.0), earlier=earlier)
    assert found[1].startswith("weight (on 2026-03-09, quiet today): ; size: ;")


def test_days_that_were_left_out_are_mentioned(compared, report) -> None:
    """Friday's breach is one of the last three days on Monday, and the sentence says how."""
    found = verdict(compared(drifted=True), earlier=[report(before(4), compared(drifted=True))])
    assert found[1].endswith("on 2 or more of the last 3 days, those without a verdict left out")


BASELINE = BaselineRef(version=3, run="run", sha256="0")


def test_only_the_last_days_of_the_same_baseline_count(compared, report) -> None:
    """Not later ones, which a backfill finds; not another version's; not days that said nothing."""
    bad = compared(drifted=True)
    history = [
        report(before(-1), bad),
        report(TODAY, bad),
        report(before(1), bad, verdict="broken"),
        report(before(2), bad, run="another"),
        report(before(3), bad, verdict="insufficient_data"),
        report(before(4), bad),
        report(None, bad),
        report(before(9), bad),
        report(before(6), bad),
    ]
    found = persistence.comparable(history, window=TODAY, baseline=BASELINE, days=4)
    # Before today, those of two, four and five days ago: of the last nobody knows.
    assert [each.window for each in found] == [before(4)]
    assert [each.window for each in persistence.comparable(history, window=TODAY, baseline=BASELINE, days=5)] == [
        before(4), before(6)
    ]  # fmt: skip
    assert persistence.comparable(history, window=None, baseline=BASELINE, days=3) == ()


def test_days_that_nobody_looked_at_have_passed_all_the_same(compared, report) -> None:
    """Two breaches that are weeks apart do not follow each other; nor does a day without a report end a row of them."""
    bad = compared(drifted=True)
    month = [report(before(27), bad)]
    assert persistence.comparable(month, window=TODAY, baseline=BASELINE, days=3) == []
    yesterday_missing = [report(before(2), bad), report(before(3), bad)]
    found = persistence.comparable(yesterday_missing, window=TODAY, baseline=BASELINE, days=3)
    assert [each.window for each in found] == [before(2)]


def test_weekend_without_traffic_is_none_of_the_last_days(compared, report) -> None:
    """A breach on Friday and one on Monday follow each other."""
    bad = compared(drifted=True)
    weekend = [report(before(day), verdict="insufficient_data") for day in (1, 2)]
    found = persistence.comparable([*weekend, report(before(3), bad)], window=TODAY, baseline=BASELINE, days=3)
    assert [each.window for each in found] == [before(3)]


@pytest.mark.parametrize(("run", "version", "same"), [("other", 3, 0), ("run", 4, 1), ("", 3, 1), ("", 4, 0)])
def test_version_is_told_by_its_run(compared, report, run: str, version: int, same: int) -> None:
    """A group that was begun anew gives its numbers again; the number decides only where a report names no run."""
    yesterday = report(before(1), compared(), version=version, run=run)
    assert len(persistence.comparable([yesterday], window=TODAY, baseline=BASELINE, days=3)) == same


def test_a_broken_feed_is_broken_and_not_drift(compared) -> None:
    """Whatever else breached."""
    fault = Violation(column="x", kind="missing_column", rows=0, breaks=True, message="the column x is gone")
    found = verdict(compared(drifted=True), violations=[fault])
    assert found == ("broken", "the feed is broken: the column x is gone")
    assert verdict(compared(), violations=[replace(fault, breaks=False)])[0] == "stable"


def test_few_rows_have_no_verdict(compared) -> None:
    """On either side."""
    few = replace(ROWS, independent_current=199)
    assert verdict(compared(drifted=True), rows=few)[0] == "insufficient_data"
    assert "199 independent rows are too few" in verdict(compared(), rows=few)[1]


@pytest.mark.parametrize(("days", "expected"), [(0, "warning"), (1, "drift")])
def test_what_no_feature_tells_a_classifier_may(compared, report, days: int, expected: str) -> None:
    """With the same patience."""
    told = Separability(roc_auc=Estimate(value=0.8, low=0.7, high=0.9), threshold=0.6, drifted=True)
    earlier = [replace(report(before(day + 1), compared()), separability=told) for day in range(days)]
    found = verdict(compared(), earlier=earlier, separability=told)
    assert found[0] == expected
    assert "ROC-AUC 0.800, above 0.600" in found[1]
    assert persistence.remembered_rows(today(compared(), earlier=earlier, rows_told=told)).since == before(days)
    assert verdict(compared(), earlier=earlier, separability=replace(told, drifted=False))[0] == "stable"


def test_rows_that_could_be_told_apart_are_not_said_to_be_so_today(compared, report) -> None:
    """Nor is an area that is within what does not matter called above it."""
    told = Separability(roc_auc=Estimate(value=0.8, low=0.7, high=0.9), threshold=0.6, drifted=True, since=before(5))
    no_longer = Separability(roc_auc=Estimate(value=0.51, low=0.49, high=0.53), threshold=0.6, drifted=False)
    earlier = [replace(report(before(day), compared()), separability=told) for day in (1, 2)]
    now = today(compared(), earlier=earlier, rows_told=no_longer)
    assert persistence.verdict(now) == (
        "drift",
        (
            "no feature by itself, but a classifier told the rows of 2026-03-09 from the baseline's, not today's: "
            "ROC-AUC 0.800, above 0.600; on 2 or more of the last 3 days"
        ),
    )
    assert persistence.remembered_rows(now).since == before(5)
    found = verdict(compared(drifted=True), earlier=earlier, separability=no_longer)
    assert found[1].startswith("size: ; and a classifier told the rows of 2026-03-09")


def test_many_features_are_not_all_named(compared) -> None:
    """The largest effects are."""
    found = verdict(*(compared(str(number), value=number / 10, drifted=True) for number in range(1, 8)))
    assert found[1].startswith("7: ")
    assert "and 4 more" in found[1]
