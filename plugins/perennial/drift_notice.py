"""A drift report as a message to people, and as metrics for CloudWatch. Pure functions: no call is made here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.specs import s3_layout
from include.specs.drift import DRIFT_HTML, DriftReport, FeatureDrift, Verdict
from include.specs.environment import Environment
from include.specs.run import MonitoringRun
from perennial.cloudwatch import Point
from perennial.day_notice import day_notice
from perennial.notices import Notice

# As an alarm compares it: each is worse than the one before. Too little traffic is no point on this line.
LEVELS: Mapping[Verdict, int] = {"stable": 0, "warning": 1, "drift": 2, "broken": 3}
_MOST_FEATURES = 20  # that a message names; the page has them all
# What a person should hear of.
SUBJECTS: Mapping[Verdict, str] = {
    "warning": "traffic may drift",
    "drift": "traffic has drifted",
    "broken": "the feed is broken",
}


def notice(run: MonitoringRun, report: DriftReport, where: Environment) -> Notice:
    """What drifted, how much, since when, and where to read on."""
    told = [_told(feature) for feature in report.drifted]
    told += [f"{_told(each.feature)} on {each.on}, quiet today" for each in report.lasting]
    faults = [violation.message for violation in report.violations[:_MOST_FEATURES]]
    return day_notice(
        run,
        report,
        where,
        about="traffic",
        words=SUBJECTS[report.verdict],
        page=s3_layout.monitoring(run.model.name, run.date) + DRIFT_HTML,
        version=run.version,
        features="; ".join(told[:_MOST_FEATURES]),
        feed="; ".join(faults),
        since=(report.since or run.date).isoformat(),
    )


def points(report: DriftReport) -> Iterator[Point]:
    """The verdict's level, the rows, the breaches, and every feature's effect."""
    yield Point(name="TrafficRows", value=report.rows.current, unit="Count")
    yield Point(name="FeedFaults", value=len(report.violations), unit="Count")
    if report.verdict in LEVELS:
        yield Point(name="DriftVerdict", value=LEVELS[report.verdict])
        yield Point(name="DriftedFeatures", value=len(report.drifted), unit="Count")
    predicted = (report.prediction.scores, report.prediction.called) if report.prediction else ()
    for feature in (*report.features, *predicted):
        yield Point(name="DriftEffect", value=feature.effect.value, of={"Feature": feature.name})


def _told(feature: FeatureDrift) -> str:
    since = f", since {feature.since}" if feature.since else ""
    effect = feature.effect
    return f"{feature.name}: {effect.measure} {effect.value:.3g} (matters from {effect.threshold:.3g}{since})"
