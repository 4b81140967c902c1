"""Thirty days at a glance."""

import dataclasses
import datetime as dt
import re

import pytest

from include.ml.reporting.drift_history import DAYS, days_before, strip
from include.specs.drift import DriftReport, Effect
from tests.unit.ml.reporting import drift_days
from tests.unit.ml.reporting.drift_days import TODAY

FEATURE = drift_days.stable().features[0]


def on(day: dt.date, verdict: str = "stable") -> DriftReport:
    """The quiet report of another day."""
    return dataclasses.replace(drift_days.stable(), window=day, verdict=verdict)


def ago(days: int) -> dt.date:
    """So many days before today."""
    return TODAY - dt.timedelta(days=days)


def effect(ratio: float, *, drifted: bool = False):
    """A feature with an effect of `ratio` times what matters."""
    return dataclasses.replace(
        FEATURE, effect=Effect(measure="psi", value=ratio * 0.05, threshold=0.05), drifted=drifted
    )


def verdicts(report: DriftReport, *history: DriftReport) -> dict[dt.date, str]:
    """The verdict of each day that has one."""
    return {date: old.verdict for date, old in days_before(report, history).days if old}


def test_the_days_end_with_the_report_and_have_no_gaps():
    """Thirty of them, each with its report or none."""
    days = [date for date, _ in days_before(drift_days.stable(), [on(ago(3))]).days]
    assert days == [ago(n) for n in range(DAYS - 1, -1, -1)]


def test_what_lies_outside_is_left_out():
    """Days after the report's, which a backfill meets, and days too long ago."""
    found = verdicts(drift_days.stable(), on(ago(29)), on(ago(30), "drift"), on(ago(-1), "drift"))
    assert found == {ago(29): "stable", TODAY: "stable"}


def test_of_two_reports_of_a_day_the_later_counts():
    """But today's is the one that the page is about."""
    found = verdicts(drift_days.stable(), on(ago(2), "drift"), on(ago(2), "warning"), on(TODAY, "broken"))
    assert found == {ago(2): "warning", TODAY: "stable"}


@pytest.mark.parametrize("history", [[], [on(ago(40))], [on(TODAY)]], ids=["none", "too old", "today only"])
def test_without_an_earlier_day_there_is_no_history(history):
    """One day is none."""
    assert days_before(drift_days.stable(), history) is None


def test_a_breach_is_tall_and_the_others_are_flat():
    """It can be told without colour; a day without a report is empty, one without the feature has a dash."""
    found = strip("x", [effect(3, drifted=True), effect(3), None, None], [True, True, True, False])
    cells = {cells.style: cells.path for cells in found.cells}
    assert cells == {"h3": "M0 0h9v16h-9zM10 5h9v6h-9z", "unknown": "M20 7.5h9v1h-9z"}
    assert (found.breached, found.about) == (1, "breached on 1 of 2 days")


def test_a_breach_is_never_paler_than_what_matters():
    """One of blank cells has a small effect on the values that are left."""
    (cells,) = strip("x", [effect(0.1, drifted=True)], [True]).cells
    assert cells.style == "h2"


def test_weeks_are_marked_back_from_today():
    """Below the cells' middles, within the strip."""
    marks = days_before(drift_days.stable(), [on(ago(1))]).marks
    assert [mark.text for mark in marks] == ["4 Feb", "11 Feb", "18 Feb", "25 Feb", "4 Mar"]
    assert all(0 < mark.at < 100 for mark in marks)


def test_a_broken_day_shows_the_features_of_the_last_whole_one():
    """When nothing could be compared today, what was known until yesterday is still there."""
    found = days_before(drift_days.broken(), [on(ago(1)), on(ago(2))])
    assert [s.name for s in found.strips] == [feature.name for feature in drift_days.stable().features]
    assert [s.name for s in found.predicted] == ["scores", "calls"]
    assert all(
        re.search("h0|h1|h2", cells.style) or cells.style == "unknown" for s in found.strips for cells in s.cells
    )


def test_a_feature_that_is_new_today_has_no_past():
    """It gets a dash on the days before."""
    today = dataclasses.replace(drift_days.stable(), features=(dataclasses.replace(FEATURE, name="brand new"),))
    (found,) = days_before(today, [on(ago(1))]).strips
    assert found.about == "breached on 0 of 1 day"
