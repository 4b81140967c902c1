"""People hear of a day's traffic when its verdict changes, and alarms of every day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowSkipException
from perennial.operators.alert import AlertOperator, PublishMetricsOperator

from include.specs.model import ModelSpec
from include.specs.run import Provenance

Make = Callable[..., Any]
Inbox = Callable[[], list[dict[str, Any]]]
KEY = "experiments/churn/manual-1-abc/run.json"


@pytest.fixture
def watched(aws: SimpleNamespace, churn: ModelSpec, kind: Any) -> Make:
    """Leaves a day's report."""

    def make(verdict: str, **changes: Any) -> None:
        run = kind.run(churn, **changes)
        aws.put(KEY, run)
        aws.put(kind.watch.report_key(run), kind.report(verdict, date=run.date))

    return make


@pytest.fixture
def inbox(listen: Callable[..., Inbox]) -> Inbox:
    return listen("perennial-churn")


@pytest.fixture
def alert(churn: ModelSpec, kind: Any) -> Make:
    """Tells, as the task does."""

    def make(context: dict[str, Any]) -> dict[str, Any]:
        operator = AlertOperator(task_id="alert", spec=churn, watch=kind.watch, config_key=KEY)
        told: dict[str, Any] = operator.execute(context)
        return told

    return make


def test_first_such_day_is_told(
    watched: Make, alert: Make, inbox: Inbox, context: Make, kind: Any, provenance: Provenance
) -> None:
    """One message, and the asset's event with the verdict: whatever a person should hear of."""
    for verdict in kind.watch.subjects:
        watched(verdict, provenance=dataclasses.replace(provenance, run=f"run-{verdict}"))
        made = context(run_type="scheduled")
        assert alert(made)["message_id"]
        [envelope] = inbox()
        told = json.loads(envelope["Message"])
        assert (told["verdict"], told["report"].rpartition("/")[2]) == (verdict, kind.watch.page)
        event = made["outlet_events"][kind.watch.asset("churn")].extra
        assert (event["date"], event["verdict"]) == ("2026-03-01", verdict)


def test_topic_that_is_not_there_fails_nothing(
    aws: SimpleNamespace, watched: Make, alert: Make, context: Make, kind: Any
) -> None:
    """The report stands, and the message is on record."""
    watched(kind.worst)
    made = context(run_type="scheduled")
    made["ti"].try_number = made["ti"].max_tries + 1
    assert alert(made) == {"message_id": None}
    assert json.loads(aws.get(f"experiments/churn/manual-1-abc/notices/{kind.notice}.json"))["error"]


@pytest.fixture
def publish(churn: ModelSpec, kind: Any) -> Make:
    """Publishes, as the task does."""

    def make(context: dict[str, Any]) -> dict[str, int]:
        operator = PublishMetricsOperator(task_id="publish_metrics", spec=churn, watch=kind.watch, config_key=KEY)
        done: dict[str, int] = operator.execute(context)
        return done

    return make


def test_metrics_reach_cloudwatch(watched: Make, publish: Make, context: Make, kind: Any) -> None:
    """Under the model's name, at the end of the day."""
    watched(kind.worst)
    count = {"drift": 5, "degraded": 10}[kind.worst]
    assert publish(context(run_type="scheduled")) == {"metrics": count}
    end = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="Perennial",
        MetricName={"drift": "DriftVerdict", "degraded": "PerformanceVerdict"}[kind.worst],
        Dimensions=[{"Name": "Model", "Value": "churn"}],
        StartTime=end - dt.timedelta(hours=1),
        EndTime=end + dt.timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    assert [point["Maximum"] for point in found["Datapoints"]] == [2.0]


def test_metrics_of_long_ago_are_skipped(watched: Make, publish: Make, context: Make, kind: Any) -> None:
    """A backfill writes reports of months; CloudWatch takes two weeks."""
    watched(kind.worst, date=dt.date(2026, 1, 1))
    with pytest.raises(AirflowSkipException, match="older than two weeks"):
        publish(context(run_type="backfill"))
