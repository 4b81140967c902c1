"""Branch on a day's verdict, ask for a training once a cool-down."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from perennial import assets
from perennial.operators.monitoring import AskForTrainingOperator, VerdictBranchOperator
from perennial.watches import TRAFFIC

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.run import MonitoringRun, RetrainingRecord

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 1)
INTERVAL = (dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC))
KEY = "experiments/churn/manual-1-abc/run.json"


@pytest.fixture
def watched(aws: SimpleNamespace, churn: ModelSpec, monitoring_run: Make, drift_report: Make) -> Make:
    """Leaves a run's configuration and its report."""

    def make(verdict: str, **changes: Any) -> MonitoringRun:
        run: MonitoringRun = monitoring_run(churn, **changes)
        aws.put(KEY, run)
        aws.put(s3_layout.monitoring("churn", run.date) + "drift.json", drift_report(verdict, date=run.date))
        return run

    return make


@pytest.mark.parametrize(
    ("verdict", "branch"),
    [("stable", []), ("insufficient_data", []), ("warning", ["alert"]), ("drift", ["alert"]), ("broken", ["alert"])],
)
def test_branch_is_that_of_the_verdict(
    watched: Make, churn: ModelSpec, context: Make, verdict: str, branch: list[str]
) -> None:
    """People hear of what may need them, and of nothing else; the page can be opened from the task."""
    watched(verdict)
    made = context()
    operator = VerdictBranchOperator(task_id="drift_branch", spec=churn, watch=TRAFFIC, config_key=KEY, alert="alert")
    assert operator.choose_branch(made) == branch
    assert "report.html" in made["ti"].pushed["_link_DriftReportLink"]


def test_report_that_cannot_be_read_fails(aws: SimpleNamespace, watched: Make, churn: ModelSpec, context: Make) -> None:
    """It is no quiet day."""
    run = watched("stable")
    aws.put(s3_layout.monitoring("churn", run.date) + "drift.json", b'{"verdict": "fine"}')
    operator = VerdictBranchOperator(task_id="drift_branch", spec=churn, watch=TRAFFIC, config_key=KEY, alert="alert")
    with pytest.raises(AirflowFailException, match=r"drift\.json"):
        operator.execute(context())


def _ask(spec: ModelSpec, context: dict[str, Any]) -> dict[str, Any]:
    operator = AskForTrainingOperator(task_id="request_retraining", spec=spec, watch=TRAFFIC, config_key=KEY)
    asked: dict[str, Any] = operator.execute(context)
    return asked


def _other_run(run: MonitoringRun, name: str) -> dict[str, Any]:
    return {"date": run.date, "provenance": dataclasses.replace(run.provenance, run=name)}


def test_drift_asks_for_a_training(aws: SimpleNamespace, watched: Make, churn: ModelSpec, context: Make) -> None:
    """The request says why; and it is on record when that was."""
    watched("drift")
    made = context(run_type="scheduled", interval=INTERVAL)
    asked = _ask(churn, made)
    assert asked["reason"] == "drift on 2026-03-01: It is drift."
    assert made["outlet_events"][assets.retrain("churn")].extra == asked
    record = codec.decode(RetrainingRecord, aws.get(s3_layout.retraining("churn")), source="record")
    assert record == RetrainingRecord(date=DAY, run="manual-1-abc")


@pytest.mark.parametrize("verdict", ["warning", "broken"])
def test_nothing_less_asks(watched: Make, churn: ModelSpec, context: Make, verdict: str) -> None:
    """A warning may pass, and a broken feed is mended, not learned."""
    watched(verdict)
    made = context(run_type="scheduled", interval=INTERVAL)
    with pytest.raises(AirflowSkipException, match=verdict):
        _ask(churn, made)
    assert made["outlet_events"][assets.retrain("churn")].extra == {}


def test_one_training_a_cool_down(watched: Make, churn: ModelSpec, context: Make) -> None:
    """The days after do not ask again; the first day after the cool-down does."""
    run = watched("drift")
    _ask(churn, context(run_type="scheduled", interval=INTERVAL))
    asked = []
    for days in range(1, 9):
        watched("drift", **_other_run(dataclasses.replace(run, date=DAY + dt.timedelta(days=days)), f"day-{days}"))
        try:
            asked.append(_ask(churn, context(run_type="scheduled", interval=INTERVAL))["date"])
        except AirflowSkipException:
            asked.append(None)
    assert asked == [None] * 6 + ["2026-03-08", None]


def test_retry_asks_for_what_it_could_not_yet(watched: Make, churn: ModelSpec, context: Make) -> None:
    """A try that was killed after it had put the request on record is no other request."""
    watched("drift")
    first, second = (_ask(churn, context(run_type="scheduled", interval=INTERVAL)) for _ in range(2))
    assert first == second


def test_of_two_runs_at_a_time_one_asks(
    watched: Make, churn: ModelSpec, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was slower finds the record changed."""
    watched("drift")
    monkeypatch.setattr("perennial.hooks.lake.Lake.swap", lambda *_, **__: False)
    with pytest.raises(AirflowSkipException, match="another run was faster"):
        _ask(churn, context(run_type="scheduled", interval=INTERVAL))


def test_backfill_asks_for_no_training(watched: Make, churn: ModelSpec, context: Make) -> None:
    """What has drifted long ago is no news."""
    watched("drift")
    with pytest.raises(AirflowSkipException, match="backfill"):
        _ask(churn, context(run_type="backfill", interval=INTERVAL))


def test_spec_may_want_no_training_on_drift(watched: Make, churn: ModelSpec, context: Make) -> None:
    """A model that a person retrains."""
    watched("drift")
    watched_only = dataclasses.replace(churn.monitoring, retrain_on_drift=False)
    with pytest.raises(AirflowSkipException, match="retrain_on_drift"):
        _ask(dataclasses.replace(churn, monitoring=watched_only), context(run_type="scheduled", interval=INTERVAL))
