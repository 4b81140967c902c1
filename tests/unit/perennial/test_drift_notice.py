"""A drift report as people and alarms hear of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from perennial import drift_notice

from include.specs.drift import LastingDrift, Violation
from include.specs.environment import Environment
from include.specs.model import ModelSpec

Make = Callable[..., Any]


def test_message_says_what_drifted_how_much_and_since_when(
    churn: ModelSpec, where: Environment, monitoring_run: Make, drift_report: Make
) -> None:
    """And whose the model is, and where to read on."""
    notice = drift_notice.notice(monitoring_run(churn), drift_report("drift"), where)
    assert notice.subject == "churn: traffic has drifted (2026-03-01)"
    assert notice.body["features"] == "tenure: ks 0.12 (matters from 0.05, since 2026-02-28)"
    assert (notice.body["since"], notice.body["owner"]) == ("2026-02-28", churn.owner.email)
    assert "monitoring/churn/year%3D2026" in str(notice.body["report"]).replace("=", "%3D")
    assert notice.body["runbook"] == "docs/runbook.md#traffic-drift"


def test_drift_that_is_quiet_today_says_what_it_was(
    churn: ModelSpec, where: Environment, monitoring_run: Make, drift_report: Make
) -> None:
    """On the newest day on which it breached, and since when: the message is no emptier for it."""
    [then] = drift_report("drift").features
    lasting = (LastingDrift(on=dt.date(2026, 2, 28), feature=then),)
    report = dataclasses.replace(drift_report("stable"), verdict="drift", lasting=lasting)
    notice = drift_notice.notice(monitoring_run(churn), report, where)
    assert notice.body["features"] == (
        "tenure: ks 0.12 (matters from 0.05, since 2026-02-28) on 2026-02-28, quiet today"
    )
    assert notice.body["since"] == "2026-02-28"


def test_broken_feed_is_told_as_that(
    churn: ModelSpec, where: Environment, monitoring_run: Make, drift_report: Make
) -> None:
    """Not as drift: its faults are named, and no feature is blamed."""
    words = "expected tenure, got none"
    fault = Violation(column="tenure", kind="missing_column", rows=900, breaks=True, message=words)
    notice = drift_notice.notice(monitoring_run(churn), drift_report("broken", violations=(fault,)), where)
    assert notice.subject == "churn: the feed is broken (2026-03-01)"
    assert (notice.body["feed"], notice.body["features"]) == (words, "")


def test_metrics_say_how_bad_it_is(drift_report: Make) -> None:
    """The verdict as a level that an alarm compares, and each feature's effect."""
    found = {point.name: point for point in drift_notice.points(drift_report("drift"))}
    assert {name: point.value for name, point in found.items()} == {
        "TrafficRows": 900,
        "FeedFaults": 0,
        "DriftVerdict": 2,
        "DriftedFeatures": 1,
        "DriftEffect": 0.12,
    }
    assert found["DriftEffect"].of == {"Feature": "tenure"}


def test_too_little_traffic_is_no_verdict(drift_report: Make) -> None:
    """An alarm on the level must not read it as stable."""
    names = {point.name for point in drift_notice.points(drift_report("insufficient_data"))}
    assert "DriftVerdict" not in names
