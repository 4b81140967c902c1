"""The picture of a metric over days."""

import dataclasses
import datetime as dt

import pytest

from include.ml.reporting.performance_days import BOTTOM, LEFT, RIGHT, TOP, DaysChart, Mark, days_chart
from include.specs.performance import PerformanceReport
from include.specs.reports import Estimate
from tests.unit.ml.reporting import quality_days


def chart(report: PerformanceReport) -> DaysChart:
    """That there is one."""
    found = days_chart(report)
    assert found is not None
    return found


def states(report: PerformanceReport) -> list[str]:
    """Of what labels say, in the order of the days."""
    return [mark.state for mark in chart(report).marks if mark.state != "estimated"]


def test_a_mark_a_day_and_kind() -> None:
    """Every day is estimated; those with labels are realised as well, and drawn over it."""
    found = chart(quality_days.degraded())
    assert [mark.state for mark in found.marks[:45]] == ["estimated"] * 45
    assert states(quality_days.degraded()) == ["held"] * 20 + ["fell"] * 5 + ["unjudged"] * 2


def test_marks_lie_inside_and_in_order() -> None:
    """Low below value below high, whatever the days are; the days from left to right."""
    for report in (quality_days.stable(), quality_days.degraded(), quality_days.insufficient()):
        marks = chart(report).marks
        for mark in marks:
            assert LEFT < mark.x < RIGHT
            assert TOP <= mark.high <= mark.y <= mark.low <= BOTTOM
        for kind in ({"estimated"}, {"held", "fell", "unjudged"}):
            places = [mark.x for mark in marks if mark.state in kind]
            assert places == sorted(places)


def test_a_mark_is_told_in_words() -> None:
    """For whoever cannot see it, or wants to know."""
    first: Mark = next(mark for mark in chart(quality_days.degraded()).marks if mark.state == "fell")
    day = next(day for day in quality_days.degraded().days if day.breached)
    assert first.words.startswith(f"8 Feb 2026: fell to {day.metrics['roc_auc'].realised.value:.3f} (")


def test_the_registered_value_has_its_interval() -> None:
    """Over all days, where one version answered them; a report that does not know it has none."""
    report = quality_days.stable()
    [band] = chart(report).bands
    assert (band.left, band.right, band.name) == (LEFT, RIGHT, "")
    assert band.registered is not None
    assert band.registered.high < band.registered.y < band.registered.low
    unknown = dataclasses.replace(report.registered, metrics={})
    [band] = chart(dataclasses.replace(report, registered=unknown)).bands
    assert band.registered is None


def test_the_registered_value_is_that_of_each_days_version() -> None:
    """From where a version took over to where the next one did; of days of nobody there is none."""
    report = quality_days.several()
    bands = chart(report).bands
    assert [band.name for band in bands] == ["version 1", "?", "version 2", "version 3"]
    assert (bands[0].left, bands[-1].right) == (LEFT, RIGHT)
    assert [band.right for band in bands[:-1]] == [band.left for band in bands[1:]]
    words = [band.registered.words if band.registered else None for band in bands]
    known = {each.version: each.metrics["roc_auc"] for each in (report.registered, *report.others)}
    assert words == [
        number
        and f"version {number}: registered with {known[number].value:.3f} "
        f"({known[number].low:.3f} to {known[number].high:.3f})"
        for number in (1, None, 2, 3)
    ]
    assert len({band.registered.y for band in bands if band.registered}) == 3


def test_the_axis_has_room_for_every_version() -> None:
    """One that was registered as better than any day is drawn."""
    report = quality_days.several()
    high = Estimate(value=0.98, low=0.97, high=0.99)
    others = [dataclasses.replace(each, metrics={"roc_auc": high}) for each in report.others]
    bands = chart(dataclasses.replace(report, others=tuple(others))).bands
    for band in bands:
        assert band.registered is None or TOP <= band.registered.high < band.registered.low <= BOTTOM


def test_without_a_value_there_is_no_picture() -> None:
    """Of days without rows, or of none."""
    bare = [dataclasses.replace(day, metrics={}, estimated=None) for day in quality_days.insufficient().days]
    assert days_chart(dataclasses.replace(quality_days.insufficient(), days=tuple(bare))) is None
    assert days_chart(dataclasses.replace(quality_days.insufficient(), days=())) is None


def test_noise_does_not_fill_the_axis() -> None:
    """Days that are all alike lie in the middle of a tenth."""
    narrow = Estimate(value=0.8, low=0.7999, high=0.8001)
    report = quality_days.insufficient()
    days = []
    for day in report.days:
        assert day.estimated is not None
        days.append(dataclasses.replace(day, estimated=dataclasses.replace(day.estimated, metrics={"roc_auc": narrow})))
    registered = dataclasses.replace(report.registered, metrics={"roc_auc": narrow})
    found = chart(dataclasses.replace(report, days=tuple(days), registered=registered))
    assert {round(mark.y) for mark in found.marks} == {round((TOP + BOTTOM) / 2)}
    assert max(mark.low - mark.high for mark in found.marks) < 1


@pytest.mark.parametrize(("days", "most"), [(45, 8), (3, 3), (1, 1)])
def test_dates_are_few_and_end_with_the_last(days: int, most: int) -> None:
    """At equal distances."""
    found = chart(quality_days.report(days=days, labelled=False))
    assert 1 <= len(found.x_ticks) <= most
    assert found.x_ticks[-1].text == "4 Mar"
    gaps = {round(b.at - a.at, 1) for a, b in zip(found.x_ticks, found.x_ticks[1:], strict=False)}
    assert len(gaps) <= 1 or max(gaps) - min(gaps) < 0.2


def test_an_axis_ends_where_the_metric_does() -> None:
    """A share is at most 1 and at least 0."""
    wide = Estimate(value=0.99, low=0.01, high=1.0)
    registered = dataclasses.replace(quality_days.stable().registered, metrics={"roc_auc": wide})
    found = chart(dataclasses.replace(quality_days.stable(), registered=registered))
    assert {tick.text for tick in found.y_ticks} <= {"0", "0.2", "0.4", "0.6", "0.8", "1.0"}
    assert found.bands[0].registered is not None
    assert found.bands[0].registered.high == TOP


def test_days_of_another_year() -> None:
    """A backfill's."""
    shift = dt.timedelta(days=400)
    report = quality_days.insufficient()
    days = tuple(dataclasses.replace(day, date=day.date - shift) for day in report.days)
    moved = chart(dataclasses.replace(report, days=days))
    assert [mark.x for mark in moved.marks] == [mark.x for mark in chart(report).marks]
