"""People hear of a day's traffic when its verdict changes, and alarms of every day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowSkipException
from perennial import assets
from perennial.operators.alert import AlertOperator, PublishMetricsOperator
from perennial.watches import TRAFFIC

from include.specs import s3_layout
from include.specs.model import ModelSpec

Make = Callable[..., Any]
Inbox = Callable[[], list[dict[str, Any]]]
DAY = dt.date(2026, 3, 1)
BEFORE = DAY - dt.timedelta(days=1)
KEY = "experiments/churn/manual-1-abc/run.json"


@pytest.fixture
def watched(aws: SimpleNamespace, churn: ModelSpec, monitoring_run: Make, drift_report: Make) -> Make:
    """Leaves a day's report, and that of the day before where one is given."""

    def make(verdict: str, before: str | None = None, *, of: str = "earlier", **changes: Any) -> None:
        history = (BEFORE,) if before else ()
        aws.put(KEY, monitoring_run(churn, history=history, **changes))
        aws.put(s3_layout.monitoring("churn", changes.get("date", DAY)) + "drift.json", drift_report(verdict))
        if before:
            report = drift_report(before, date=BEFORE, run=of)
            aws.put(s3_layout.monitoring("churn", BEFORE) + "drift.json", report)

    return make


@pytest.fixture
def inbox(listen: Callable[..., Inbox]) -> Inbox:
    return listen("perennial-churn")


def _alert(spec: ModelSpec, context: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = AlertOperator(task_id="alert", spec=spec, watch=TRAFFIC, config_key=KEY).execute(context)
    return told


@pytest.mark.parametrize("verdict", ["warning", "drift", "broken"])
def test_first_such_day_is_told(watched: Make, churn: ModelSpec, inbox: Inbox, context: Make, verdict: str) -> None:
    """One message, and the asset's event with the verdict."""
    watched(verdict, "stable")
    made = context(run_type="scheduled")
    assert _alert(churn, made)["message_id"]
    [envelope] = inbox()
    assert json.loads(envelope["Message"])["verdict"] == verdict
    event = made["outlet_events"][assets.drift("churn")].extra
    assert (event["date"], event["verdict"]) == ("2026-03-01", verdict)


def test_same_verdict_is_told_once(watched: Make, churn: ModelSpec, inbox: Inbox, context: Make) -> None:
    """The next day's event is there, and no message."""
    watched("drift", "drift")
    made = context(run_type="scheduled")
    assert _alert(churn, made) == {"message_id": None}
    assert inbox() == []
    assert made["outlet_events"][assets.drift("churn")].extra["verdict"] == "drift"


@pytest.mark.parametrize(("before", "of"), [("warning", "earlier"), ("drift", "another")])
def test_changed_verdict_or_version_is_told(
    watched: Make, churn: ModelSpec, inbox: Inbox, context: Make, before: str, of: str
) -> None:
    """A warning that has become drift is news; so is the drift of a new version."""
    watched("drift", before, of=of)
    _alert(churn, context(run_type="scheduled"))
    assert len(inbox()) == 1


def test_retry_tells_nothing_twice(watched: Make, churn: ModelSpec, inbox: Inbox, context: Make) -> None:
    """The message's record says that it was sent."""
    watched("drift")
    first, second = (_alert(churn, context(run_type="scheduled")) for _ in range(2))
    assert first == second
    assert len(inbox()) == 1


def test_backfill_tells_nobody(watched: Make, churn: ModelSpec, inbox: Inbox, context: Make) -> None:
    """Nor does it emit an event."""
    watched("drift")
    with pytest.raises(AirflowSkipException, match="no news"):
        _alert(churn, context(run_type="backfill"))
    assert inbox() == []


def test_topic_that_is_not_there_fails_nothing(
    aws: SimpleNamespace, watched: Make, churn: ModelSpec, context: Make
) -> None:
    """The report stands, and the message is on record."""
    watched("drift")
    made = context(run_type="scheduled")
    made["ti"].try_number = made["ti"].max_tries + 1
    assert _alert(churn, made) == {"message_id": None}
    assert json.loads(aws.get("experiments/churn/manual-1-abc/notices/traffic-drift.json"))["error"]


def _publish(spec: ModelSpec, context: dict[str, Any]) -> dict[str, int]:
    done: dict[str, int] = PublishMetricsOperator(
        task_id="publish_metrics", spec=spec, watch=TRAFFIC, config_key=KEY
    ).execute(context)
    return done


def test_metrics_reach_cloudwatch(watched: Make, churn: ModelSpec, context: Make) -> None:
    """Under the model's name, at the end of the day."""
    watched("drift")
    assert _publish(churn, context(run_type="scheduled")) == {"metrics": 5}
    end = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="Perennial",
        MetricName="DriftVerdict",
        Dimensions=[{"Name": "Model", "Value": "churn"}],
        StartTime=end - dt.timedelta(hours=1),
        EndTime=end + dt.timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    assert [point["Maximum"] for point in found["Datapoints"]] == [2.0]


def test_metrics_of_long_ago_are_skipped(watched: Make, churn: ModelSpec, context: Make) -> None:
    """A backfill writes reports of months; CloudWatch takes two weeks."""
    watched("drift", date=dt.date(2026, 1, 1))
    with pytest.raises(AirflowSkipException, match="older than two weeks"):
        _publish(churn, context(run_type="backfill"))
