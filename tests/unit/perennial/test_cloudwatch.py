"""Metrics as CloudWatch takes them."""

from __future__ import annotations

import datetime as dt

import botocore.session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from perennial import cloudwatch
from perennial.cloudwatch import Point

DAY = dt.date(2026, 3, 1)
NOW = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
PUT = botocore.session.get_session().get_service_model("cloudwatch").operation_model("PutMetricData").input_shape
ROWS = Point(name="TrafficRows", value=900, unit="Count")


def test_metrics_are_legal() -> None:
    """CloudWatch takes them; what a metric is about may have any name."""
    strange = Point(name="DriftEffect", value=0.12, of={"Feature": ":größe" * 300})
    [request] = cloudwatch.put_requests([ROWS, strange], "churn", DAY, NOW)
    assert not ParamValidator().validate(request, PUT).has_errors()
    for metric in request["MetricData"]:
        for dimension in metric["Dimensions"]:
            assert dimension["Value"].isascii()
            assert 1 <= len(dimension["Value"]) <= 1024
            assert not dimension["Value"].startswith(":")


@given(st.lists(st.one_of(st.text(max_size=40), st.text(alphabet=":\\x3a ü?", max_size=8)), unique=True, max_size=8))
def test_features_keep_metrics_of_their_own(names: list[str]) -> None:
    """However they are called: two in one would be two values at a time. CloudWatch takes each."""
    values = [cloudwatch.dimension("Feature", name)["Value"] for name in names]
    assert len(set(values)) == len(names)
    for value in values:
        assert value.isascii()
        assert value.isprintable()
        assert value.strip()
        assert not value.startswith(":")


def test_plain_names_are_told_as_they_are() -> None:
    """And long ones that differ at their end alone are two."""
    assert cloudwatch.dimension("Feature", "Monthly charges: €")["Value"] == r"Monthly charges: \u20ac"
    long = [cloudwatch.dimension("Feature", "ö" * 1000 + end)["Value"] for end in "ab"]
    assert [len(value) for value in long] == [1024, 1024]
    assert long[0] != long[1]


def test_metric_is_the_models_at_the_end_of_the_day() -> None:
    """The model first, then what else it is of."""
    effect = Point(name="DriftEffect", value=0.12, of={"Feature": "tenure"})
    [request] = cloudwatch.put_requests([effect], "churn", DAY, NOW)
    assert request["Namespace"] == "Perennial"
    assert request["MetricData"] == [
        {
            "MetricName": "DriftEffect",
            "Value": 0.12,
            "Unit": "None",
            "Timestamp": dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
            "Dimensions": [{"Name": "Model", "Value": "churn"}, {"Name": "Feature", "Value": "tenure"}],
        }
    ]


def test_many_metrics_take_many_calls() -> None:
    """CloudWatch takes a thousand metrics in a call."""
    requests = cloudwatch.put_requests([ROWS] * 2504, "churn", DAY, NOW)
    assert [len(request["MetricData"]) for request in requests] == [1000, 1000, 504]


def test_old_days_are_not_taken() -> None:
    """Two weeks are CloudWatch's limit."""
    assert cloudwatch.takes(DAY, NOW)
    assert not cloudwatch.takes(DAY, NOW + dt.timedelta(days=14))


def test_no_metric_is_of_the_future() -> None:
    """A run by hand may look at a day that is not over."""
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    [request] = cloudwatch.put_requests([ROWS], "churn", DAY, noon)
    assert request["MetricData"][0]["Timestamp"] == noon
