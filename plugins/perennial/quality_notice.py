"""A report on realised quality as a message to people, and as metrics. Pure functions: no call is made here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.specs import s3_layout
from include.specs.environment import Environment
from include.specs.metrics import METRICS
from include.specs.performance import (
    PERFORMANCE_HTML,
    DayQuality,
    PerformanceReport,
    PerformanceVerdict,
    RealisedMetric,
)
from include.specs.reports import Estimate
from include.specs.run import PerformanceRun
from perennial.cloudwatch import Point
from perennial.day_notice import day_notice
from perennial.notices import Notice

# As an alarm compares it: each is worse than the one before. Too few labels are no point on this line.
LEVELS: Mapping[PerformanceVerdict, int] = {"stable": 0, "warning": 1, "degraded": 2}
# What a person should hear of.
SUBJECTS: Mapping[PerformanceVerdict, str] = {"warning": "quality may fall", "degraded": "quality has fallen"}


def notice(run: PerformanceRun, report: PerformanceReport, where: Environment) -> Notice:
    """What fell, by how much, since when, on how many labels, and what is expected of the days without; of which
    version, and which one serves now."""
    fallen, until = report.fallen, report.served_until
    return day_notice(
        run,
        report,
        where,
        about="quality",
        words=SUBJECTS[report.verdict] + _replaced(report),
        page=s3_layout.monitoring(run.model.name, run.date) + PERFORMANCE_HTML,
        version=report.registered.version,
        served_until=until.isoformat() if until else None,
        serves_now=run.version,
        metric=report.metric,
        fell=_fell(report.metric, fallen) if fallen else "",
        others="; ".join(_others(report.metric, fallen)) if fallen else "",
        labels=f"{fallen.labelled} of {fallen.rows} predictions of {fallen.date}" if fallen else "",
        estimate=_estimate(report),
        since=(report.since or run.date).isoformat(),
    )


def points(report: PerformanceReport) -> Iterator[Point]:
    """The verdict's level and whose it is, the labels, the newest day with a verdict, and the estimate of the newest
    day without.

    Versions are numbers to compare: an alarm on a verdict may care only for the version that serves.
    """
    yield Point(name="LabelledRows", value=sum(day.labelled for day in report.days), unit="Count")
    yield Point(name="JudgedDays", value=sum(day.judged for day in report.days), unit="Count")
    if report.verdict in LEVELS:
        yield Point(name="PerformanceVerdict", value=LEVELS[report.verdict])
        yield from _versions(report)
    if newest := report.newest:
        yield Point(name="NewestJudgedDayAge", value=(report.window - newest.date).days, unit="Count")
        for name, found in newest.metrics.items():
            yield Point(name="RealisedQuality", value=found.realised.value, of={"Metric": name})
    if (day := report.estimated) and day.estimated:
        for name, estimate in day.estimated.metrics.items():
            yield Point(name="EstimatedQuality", value=estimate.value, of={"Metric": name})


def _versions(report: PerformanceReport) -> Iterator[Point]:
    if report.registered.version is not None:
        yield Point(name="JudgedVersion", value=report.registered.version)
        yield Point(name="WatchedVersion", value=report.watched or report.registered.version)


def _replaced(report: PerformanceReport) -> str:
    """What a subject says of a version that serves no longer."""
    version, serves = report.registered.version, report.watched
    return f": version {version}, by now replaced by {serves}" if report.served_until else ""


def _fell(name: str, day: DayQuality) -> str:
    found = day.metrics[name]
    told = f"{METRICS[name].title} {_told(found.realised)} on {day.date}, {_told(found.registered)} registered"
    return f"{told}: {_worse(name, found):.3f} worse"


def _others(decides: str, day: DayQuality) -> Iterator[str]:
    """What else is worse for certain: no difference lies outside the interval."""
    for name, found in day.metrics.items():
        certain = found.difference.low > 0 or found.difference.high < 0
        if name != decides and certain and _worse(name, found) > 0:
            yield f"{METRICS[name].title} {found.realised.value:.3f}, {_worse(name, found):.3f} worse"


def _worse(name: str, found: RealisedMetric) -> float:
    return -found.difference.value if METRICS[name].higher_is_better else found.difference.value


def _estimate(report: PerformanceReport) -> str:
    day, name = report.estimated, report.metric
    if day is None or day.estimated is None or name not in day.estimated.metrics:
        return ""
    return f"{METRICS[name].title} {_told(day.estimated.metrics[name])} on {day.date}, estimated without labels"


def _told(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
