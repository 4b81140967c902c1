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

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.run import RetrainingRecord
from tests.shared.airflow_context import kept_event

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 1)
INTERVAL = (dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC))
KEY = "experiments/churn/manual-1-abc/run.json"


@pytest.fixture
def watched(aws: SimpleNamespace, churn: ModelSpec, kind: Any) -> Make:
    """Leaves a run's configuration and its report."""

    def make(verdict: str, **changes: Any) -> Any:
        run = kind.run(churn, **changes)
        aws.put(KEY, run)
        aws.put(kind.watch.report_key(run), kind.report(verdict, date=run.date))
        return run

    return make


QUIET = ("stable", "insufficient_data")
LOUD = {"drift": ("warning", "drift", "broken"), "degraded": ("warning", "degraded")}


def test_branch_is_that_of_the_verdict(watched: Make, churn: ModelSpec, context: Make, kind: Any) -> None:
    """People hear of what may need them, and of nothing else; the page can be opened from the task."""
    for verdict in (*QUIET, *LOUD[kind.worst]):
        watched(verdict)
        made, operator = context(), _branch(churn, kind)
        assert operator.choose_branch(made) == ([] if verdict in QUIET else ["alert"]), verdict
        assert operator.operator_extra_links == (kind.watch.link(),)
        assert made["ti"].pushed[kind.watch.link().xcom_key].endswith(kind.watch.page)


def _branch(spec: ModelSpec, kind: Any) -> VerdictBranchOperator:
    return VerdictBranchOperator(task_id="branch", spec=spec, watch=kind.watch, config_key=KEY, alert="alert")


def test_report_that_cannot_be_read_fails(
    aws: SimpleNamespace, watched: Make, churn: ModelSpec, context: Make, kind: Any
) -> None:
    """It is no quiet day."""
    run = watched("stable")
    aws.put(kind.watch.report_key(run), b'{"verdict": "fine"}')
    with pytest.raises(AirflowFailException, match=kind.watch.file):
        _branch(churn, kind).execute(context())


@pytest.fixture
def ask(churn: ModelSpec, kind: Any) -> Make:
    """Asks for a training, as the task does."""

    def make(context: dict[str, Any], spec: ModelSpec = churn) -> dict[str, Any]:
        operator = AskForTrainingOperator(task_id="request_retraining", spec=spec, watch=kind.watch, config_key=KEY)
        asked: dict[str, Any] = operator.execute(context)
        return asked

    return make


def _other_run(run: Any, name: str) -> dict[str, Any]:
    return {"date": run.date, "provenance": dataclasses.replace(run.provenance, run=name)}


def test_worst_verdict_asks_for_a_training(
    aws: SimpleNamespace, watched: Make, ask: Make, context: Make, kind: Any
) -> None:
    """The request says why; and it is on record when that was."""
    watched(kind.worst)
    made = context(run_type="scheduled", interval=INTERVAL)
    asked = ask(made)
    words = {"drift": "drift", "degraded": "degraded quality"}[kind.worst]
    assert asked["reason"] == f"{words} on 2026-03-01: It is {kind.worst}."
    assert made["outlet_events"][assets.retrain("churn")].extra == asked
    record = codec.decode(RetrainingRecord, aws.get(s3_layout.retraining("churn")), source="record")
    assert record == RetrainingRecord(date=DAY, run="manual-1-abc")


@pytest.mark.parametrize("kind", ["quality"], indirect=True)
def test_fall_of_a_version_that_serves_no_longer_asks_if_its_successor_has_not_learnt_of_it(
    aws: SimpleNamespace, watched: Make, ask: Make, context: Make, kind: Any
) -> None:
    """The report's fall began on 8 February. Where nothing is asked for, no cool-down begins."""
    serves = {"version": 5, "baseline_run": "later"}
    watched(kind.worst, **serves, learnt_until=dt.date(2026, 2, 20))
    made = context(run_type="scheduled", interval=INTERVAL)
    with pytest.raises(AirflowSkipException, match="version 5 was trained on data up to 2026-02-20"):
        ask(made)
    assert made["outlet_events"][assets.retrain("churn")].extra == {}
    assert s3_layout.retraining("churn") not in aws.listing()
    watched(kind.worst, **serves, learnt_until=dt.date(2026, 2, 7))
    assert ask(context(run_type="scheduled", interval=INTERVAL))["date"] == "2026-03-01"


def test_nothing_less_asks(watched: Make, ask: Make, context: Make, kind: Any) -> None:
    """A warning may pass, and a broken feed is mended, not learned."""
    for verdict in set(LOUD[kind.worst]) - {kind.worst}:
        watched(verdict)
        made = context(run_type="scheduled", interval=INTERVAL)
        with pytest.raises(AirflowSkipException, match=verdict):
            ask(made)
        assert made["outlet_events"][assets.retrain("churn")].extra == {}


def test_one_training_a_cool_down(watched: Make, ask: Make, context: Make, kind: Any) -> None:
    """The days after do not ask again; the first day after the cool-down does."""
    run = watched(kind.worst)
    ask(context(run_type="scheduled", interval=INTERVAL))
    asked = []
    for days in range(1, 9):
        watched(kind.worst, **_other_run(dataclasses.replace(run, date=DAY + dt.timedelta(days=days)), f"day-{days}"))
        try:
            asked.append(ask(context(run_type="scheduled", interval=INTERVAL))["date"])
        except AirflowSkipException:
            asked.append(None)
    assert asked == [None] * 6 + ["2026-03-08", None]


def test_day_before_the_last_request_asks_for_nothing(
    aws: SimpleNamespace, watched: Make, ask: Make, churn: ModelSpec, context: Make, kind: Any
) -> None:
    """However long before, and the record stays: were it the old day's, the next day would ask once more."""
    run = watched(kind.worst)
    ask(context(run_type="scheduled", interval=INTERVAL))
    for days, cool_down_days in ((1, 7), (6, 7), (7, 7), (50, 7), (1, 0)):
        watched(kind.worst, **_other_run(dataclasses.replace(run, date=DAY - dt.timedelta(days=days)), "a-persons"))
        rule = dataclasses.replace(churn.monitoring, cool_down_days=cool_down_days)
        with pytest.raises(AirflowSkipException, match="asked for on 2026-03-01"):
            ask(context(interval=INTERVAL), dataclasses.replace(churn, monitoring=rule))
    assert codec.decode(RetrainingRecord, aws.get(s3_layout.retraining("churn")), source="record").date == DAY


def test_drift_and_quality_have_one_cool_down(
    aws: SimpleNamespace, watched: Make, ask: Make, context: Make, kind: Any
) -> None:
    """What the other flow asked for on the same day is one training for both."""
    aws.put(s3_layout.retraining("churn"), RetrainingRecord(date=DAY, run="the-other-flows"))
    watched(kind.worst)
    made = context(run_type="scheduled", interval=INTERVAL)
    with pytest.raises(AirflowSkipException, match="asked for on 2026-03-01, and once in 7 days is enough"):
        ask(made)
    assert made["outlet_events"][assets.retrain("churn")].extra == {}


def test_retry_asks_for_what_it_could_not_yet(watched: Make, ask: Make, context: Make, kind: Any) -> None:
    """A try that was killed after it had put the request on record is no other request; so is one that was cleared."""
    watched(kind.worst)
    first, second = (ask(context(run_type="scheduled", interval=INTERVAL)) for _ in range(2))
    assert first == second


def test_cleared_run_asks_once(watched: Make, ask: Make, context: Make, kind: Any) -> None:
    """A run that has asked finds its request in Airflow, and one of another run is none of its own."""
    watched(kind.worst)
    made = context(run_type="scheduled", interval=INTERVAL)
    event = kept_event("requested:churn", ask(made), made["dag_run"])
    with pytest.raises(AirflowSkipException, match="this run has asked for a training already"):
        ask(context(run_type="scheduled", interval=INTERVAL, kept=[event]))
    for of_another in ({"source_dag_id": "churn_ingestion"}, {"source_run_id": "scheduled__2"}):
        ask(context(run_type="scheduled", interval=INTERVAL, kept=[event.model_copy(update=of_another)]))


@pytest.fixture
def worst(watched: Make, kind: Any) -> None:
    """A day whose verdict asks for a training."""
    watched(kind.worst)


@pytest.mark.usefixtures("worst")
@pytest.mark.parametrize("known", [False, True], ids=["first request", "another's before"])
def test_request_whose_answer_was_lost_is_made(
    aws: SimpleNamespace, ask: Make, context: Make, after_first_put: Make, known: bool
) -> None:
    """The record that is in its way is its own: were it taken for another's, nobody would ask for days."""
    if known:
        aws.put(s3_layout.retraining("churn"), RetrainingRecord(date=DAY - dt.timedelta(days=30), run="long-ago"))
    after_first_put(lambda: None)
    made = context(run_type="scheduled", interval=INTERVAL)
    asked = ask(made)
    assert asked["date"] == "2026-03-01"
    assert made["outlet_events"][assets.retrain("churn")].extra == asked


@pytest.mark.usefixtures("worst")
def test_of_two_runs_at_a_time_one_asks(aws: SimpleNamespace, ask: Make, context: Make, after_first_put: Make) -> None:
    """The one that was slower finds another's record, and skips."""
    other = RetrainingRecord(date=DAY, run="faster")
    after_first_put(lambda: aws.put(s3_layout.retraining("churn"), other))
    made = context(run_type="scheduled", interval=INTERVAL)
    with pytest.raises(AirflowSkipException, match="another run was faster"):
        ask(made)
    assert made["outlet_events"][assets.retrain("churn")].extra == {}
    assert codec.decode(RetrainingRecord, aws.get(s3_layout.retraining("churn")), source="record") == other


def test_backfill_asks_for_no_training(watched: Make, ask: Make, context: Make, kind: Any) -> None:
    """What was so long ago is no news."""
    watched(kind.worst)
    with pytest.raises(AirflowSkipException, match="backfill"):
        ask(context(run_type="backfill", interval=INTERVAL))


def test_spec_may_want_no_training(watched: Make, ask: Make, churn: ModelSpec, context: Make, kind: Any) -> None:
    """A model that a person retrains, for either reason."""
    watched(kind.worst)
    field = {"drift": "retrain_on_drift", "degraded": "retrain_on_degradation"}[kind.worst]
    watched_only = dataclasses.replace(churn.monitoring, **{field: False})
    with pytest.raises(AirflowSkipException, match=field):
        ask(context(run_type="scheduled", interval=INTERVAL), dataclasses.replace(churn, monitoring=watched_only))
