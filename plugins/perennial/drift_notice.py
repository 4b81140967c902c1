"""A drift report as a message to people, and as metrics for CloudWatch. Pure functions: no call is made here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import batched
from typing import Any

from include.specs import s3_layout
from include.specs.drift import DRIFT_HTML, DriftReport, FeatureDrift, Verdict
from include.specs.environment import Environment
from include.specs.run import MonitoringRun
from perennial.notices import Notice

NAMESPACE = "Perennial"
# As an alarm compares it: each is worse than the one before. Too little traffic is no point on this line.
LEVELS: dict[Verdict, int] = {"stable": 0, "warning": 1, "drift": 2, "broken": 3}
_BATCH = 1000  # CloudWatch takes at most so many metrics in a call
_OLDEST = dt.timedelta(days=14)  # … and none that are older
_MOST_FEATURES = 20  # that a message names; the page has them all
# What a person should hear of.
SUBJECTS: dict[Verdict, str] = {
    "warning": "traffic may drift",
    "drift": "traffic has drifted",
    "broken": "the feed is broken",
}


def report_key(run: MonitoringRun) -> str:
    """Where the page on the run's day lies."""
    return s3_layout.monitoring(run.model.name, run.date) + DRIFT_HTML


def notice(run: MonitoringRun, report: DriftReport, where: Environment) -> Notice:
    """What drifted, how much, since when, and where to read on."""
    origin = run.provenance
    told = [_told(feature) for feature in report.drifted[:_MOST_FEATURES]]
    faults = [violation.message for violation in report.violations[:_MOST_FEATURES]]
    since = min((feature.since for feature in report.drifted if feature.since), default=run.date)
    return Notice(
        model=run.model.name,
        run=origin.run,
        kind=f"traffic-{report.verdict}",
        subject=f"{run.model.name}: {SUBJECTS[report.verdict]} ({run.date})",
        body={
            "model": run.model.name,
            "owner": run.model.owner.email,
            "date": run.date.isoformat(),
            "version": run.version,
            "verdict": report.verdict,
            "reasons": report.reasons,
            "features": "; ".join(told),
            "feed": "; ".join(faults),
            "since": since.isoformat(),
            "report": where.object_url(report_key(run)),
            "runbook": f"{where.runbook}#traffic-{report.verdict}",
            "dag_id": origin.dag_id,
            "run_id": origin.run_id,
        },
    )


def takes(date: dt.date, now: dt.datetime) -> bool:
    """Whether CloudWatch takes metrics of `date`."""
    return _moment(date, now) > now - _OLDEST


def metrics(report: DriftReport, date: dt.date, now: dt.datetime) -> list[dict[str, Any]]:
    """Requests of PutMetricData: the verdict's level, the rows, the breaches, and every feature's effect.

    Args:
        now: no metric is of a later time.
    """
    data = [
        {"MetricName": name, "Value": value, "Unit": unit, "Timestamp": _moment(date, now), "Dimensions": dimensions}
        for name, value, unit, dimensions in _points(report)
    ]
    return [{"Namespace": NAMESPACE, "MetricData": list(batch)} for batch in batched(data, _BATCH)]


def _points(report: DriftReport) -> Iterator[tuple[str, float, str, list[dict[str, str]]]]:
    model = _dimension("Model", report.model)
    yield "TrafficRows", report.rows.current, "Count", [model]
    yield "FeedFaults", len(report.violations), "Count", [model]
    if report.verdict in LEVELS:
        yield "DriftVerdict", LEVELS[report.verdict], "None", [model]
        yield "DriftedFeatures", len(report.drifted), "Count", [model]
    predicted = (report.prediction.scores, report.prediction.called) if report.prediction else ()
    for feature in (*report.features, *predicted):
        yield "DriftEffect", feature.effect.value, "None", [model, _dimension("Feature", feature.name)]


def _dimension(name: str, value: str) -> dict[str, str]:
    """CloudWatch takes ASCII, no colon at its beginning and at most 1024 characters.

    >>> _dimension("Feature", ":größe")
    {'Name': 'Feature', 'Value': 'gr??e'}
    """
    return {"Name": name, "Value": value.encode("ascii", "replace").decode().lstrip(":").strip()[:1024] or "?"}


def _told(feature: FeatureDrift) -> str:
    since = f", since {feature.since}" if feature.since else ""
    effect = feature.effect
    return f"{feature.name}: {effect.measure} {effect.value:.3g} (matters from {effect.threshold:.3g}{since})"


def _moment(date: dt.date, now: dt.datetime) -> dt.datetime:
    """The end of the day, or now where that lies ahead."""
    return min(dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), dt.UTC), now)
