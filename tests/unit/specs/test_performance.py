"""performance.json as a value."""

import dataclasses
import datetime as dt
import json
import math
from typing import Any

import pytest

from include.specs import codec
from include.specs.errors import ReportError
from include.specs.performance import (
    BadLabels,
    DayQuality,
    EstimatedQuality,
    LabelsReport,
    PerformanceReport,
    RealisedMetric,
    RegisteredRef,
)
from include.specs.reports import Estimate

ESTIMATE = Estimate(value=0.8, low=0.7, high=0.9)
DAY = DayQuality(
    date=dt.date(2026, 3, 1),
    version=3,
    rows=10,
    labelled=4,
    positives=1,
    judged=True,
    breached=True,
    reasons="because",
    metrics={
        "roc_auc": RealisedMetric(
            realised=ESTIMATE, registered=ESTIMATE, difference=Estimate(value=0, low=-0.1, high=0.1), p_value=0.5
        )
    },
    estimated=EstimatedQuality(rows=10, metrics={"roc_auc": ESTIMATE}, calibrated=False, basis="because"),
)


def report(**changes: Any) -> PerformanceReport:
    """Of one day that breached."""
    whole = PerformanceReport(
        model="toy",
        window=dt.date(2026, 3, 9),
        registered=RegisteredRef(version=3, run="run-1", rows=100, positives=30),
        metric="roc_auc",
        verdict="warning",
        since=DAY.date,
        reasons="because",
        days=(DAY,),
        labels=LabelsReport(files=1, rows=5, ids=4, bad={"no_id": BadLabels(count=1, example="a.parquet, row 3")}),
    )
    return dataclasses.replace(whole, **changes)


def test_a_report_goes_there_and_back() -> None:
    """As JSON."""
    assert codec.decode(PerformanceReport, codec.encode(report()), source="performance.json") == report()


def test_share_of_labels() -> None:
    """Of the rows; a day without rows has none."""
    assert DAY.share_labelled == 0.4
    empty = dataclasses.replace(DAY, rows=0, labelled=0, positives=0)
    assert empty.share_labelled == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labelled": 11}, "positives <= labelled <= rows, got 1, 11 and 10"),
        ({"positives": 5}, "got 5, 4 and 10"),
        ({"too_early": 7}, "expected too_early <= rows - labelled, got 7 of 10 rows, 4 of them with a label"),
        ({"judged": False}, "without a verdict cannot have breached"),
    ],
)
def test_a_day_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str) -> None:
    """Counts that cannot be, and a breach that nobody judged."""
    with pytest.raises(ReportError, match=message):
        dataclasses.replace(DAY, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"days": (DAY, DAY)}, "each day once"),
        ({"since": None}, "'warning' and since None contradict"),
        ({"verdict": "stable"}, "'stable' and since 2026-03-01 contradict"),
        ({"verdict": "insufficient_data"}, "contradict"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str) -> None:
    """A day twice, or a verdict with another's since."""
    with pytest.raises(ReportError, match=message):
        report(**changes)


def test_a_p_value_is_a_number() -> None:
    """Not the NaN of a broken test."""
    with pytest.raises(ReportError, match="a p-value must be a finite number"):
        RealisedMetric(realised=ESTIMATE, registered=ESTIMATE, difference=ESTIMATE, p_value=math.nan)


def test_a_report_knows_its_newest_days() -> None:
    """The last with a verdict, the last that fell, the last that was estimated; none where there is none."""
    quiet = dataclasses.replace(DAY, date=dt.date(2026, 3, 2), breached=False, estimated=None)
    waiting = dataclasses.replace(quiet, date=dt.date(2026, 3, 3), judged=False, estimated=DAY.estimated)
    found = report(days=(DAY, quiet, waiting))
    assert (found.fallen, found.newest, found.estimated) == (DAY, quiet, waiting)
    empty = report(verdict="insufficient_data", since=None, days=())
    assert (empty.fallen, empty.newest, empty.estimated) == (None, None, None)


def test_a_report_may_be_about_a_version_that_serves_no_longer() -> None:
    """The last day that fell is one of its own, and so is the last that it answered; each version is found."""
    ours, next_ = DAY, dataclasses.replace(DAY, date=dt.date(2026, 3, 2), version=5)
    late = dataclasses.replace(DAY, date=dt.date(2026, 3, 4), breached=False, judged=False)
    other = RegisteredRef(version=5, run="run-5", rows=90, positives=20)
    found = report(days=(ours, next_, late), others=(other,), watched=5)
    assert (found.fallen, found.served_until) == (ours, late.date)
    assert [found.registered_of(version) for version in (3, 5, 4, None)] == [found.registered, other, None, None]
    assert dataclasses.replace(found, watched=3).served_until is None
    assert codec.decode(PerformanceReport, codec.encode(found), source="performance.json") == found


def test_a_report_of_one_version_alone_is_read() -> None:
    """As it was written before there were others in it: tomorrow's alert asks yesterday's report what people know."""
    old = {name: value for name, value in codec.to_plain(report()).items() if name not in ("others", "watched")}
    found = codec.decode(PerformanceReport, json.dumps(old), source="performance.json")
    assert (found, found.served_until) == (report(), None)
