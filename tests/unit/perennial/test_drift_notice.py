"""A drift report as people and alarms hear of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from perennial import drift_notice

from include.specs.drift import Violation
from include.specs.environment import Environment
from include.specs.model import ModelSpec

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 1)
NOW = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
PUT = botocore.session.get_session().get_service_model("cloudwatch").operation_model("PutMetricData").input_shape


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


def test_broken_feed_is_told_as_that(
    churn: ModelSpec, where: Environment, monitoring_run: Make, drift_report: Make
) -> None:
    """Not as drift: its faults are named, and no feature is blamed."""
    words = "expected tenure, got none"
    fault = Violation(column="tenure", kind="missing_column", rows=900, breaks=True, message=words)
    notice = drift_notice.notice(monitoring_run(churn), drift_report("broken", violations=(fault,)), where)
    assert notice.subject == "churn: the feed is broken (2026-03-01)"
    assert (notice.body["feed"], notice.body["features"]) == (words, "")


@pytest.mark.parametrize("verdict", ["stable", "warning", "drift", "insufficient_data", "broken"])
def test_metrics_are_legal(drift_report: Make, verdict: str) -> None:
    """CloudWatch takes them, whatever the verdict is; columns may have any name."""
    report = drift_report(verdict)
    strange = dataclasses.replace(report.features[0], name=":größe" * 300)
    for request in drift_notice.metrics(dataclasses.replace(report, features=(strange,)), DAY, NOW):
        assert not ParamValidator().validate(request, PUT).has_errors()
        for metric in request["MetricData"]:
            for dimension in metric["Dimensions"]:
                assert dimension["Value"].isascii()
                assert 1 <= len(dimension["Value"]) <= 1024
                assert not dimension["Value"].startswith(":")


def test_metrics_say_how_bad_it_is(drift_report: Make) -> None:
    """The verdict as a level that an alarm compares, and each feature's effect; with the day's end as their time."""
    [request] = drift_notice.metrics(drift_report("drift"), DAY, NOW)
    found = {metric["MetricName"]: metric for metric in request["MetricData"]}
    assert {name: metric["Value"] for name, metric in found.items()} == {
        "TrafficRows": 900,
        "FeedFaults": 0,
        "DriftVerdict": 2,
        "DriftedFeatures": 1,
        "DriftEffect": 0.12,
    }
    assert {metric["Timestamp"] for metric in found.values()} == {dt.datetime(2026, 3, 2, tzinfo=dt.UTC)}
    assert found["DriftEffect"]["Dimensions"][1] == {"Name": "Feature", "Value": "tenure"}


def test_too_little_traffic_is_no_verdict(drift_report: Make) -> None:
    """An alarm on the level must not read it as stable."""
    [request] = drift_notice.metrics(drift_report("insufficient_data"), DAY, NOW)
    assert "DriftVerdict" not in {metric["MetricName"] for metric in request["MetricData"]}


def test_many_features_take_many_calls(drift_report: Make) -> None:
    """CloudWatch takes a thousand metrics in a call."""
    report = drift_report("stable")
    many = dataclasses.replace(report, features=report.features * 2500)
    sizes = [len(request["MetricData"]) for request in drift_notice.metrics(many, DAY, NOW)]
    assert sizes == [1000, 1000, 504]


def test_old_days_are_not_taken() -> None:
    """Two weeks are CloudWatch's limit."""
    assert drift_notice.takes(DAY, NOW)
    assert not drift_notice.takes(DAY, NOW + dt.timedelta(days=14))


def test_no_metric_is_of_the_future(drift_report: Make) -> None:
    """A run by hand may look at a day that is not over."""
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    [request] = drift_notice.metrics(drift_report("stable"), DAY, noon)
    assert {metric["Timestamp"] for metric in request["MetricData"]} == {noon}
