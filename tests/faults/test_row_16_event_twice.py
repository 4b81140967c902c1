"""Row 16: a request for a training is delivered twice, or what made it is run again.

What is shown here is what a run makes of its events. That the scheduler starts one run for the events that lie queued
is shown against a real one.
"""

import datetime as dt
from typing import Any

import pytest

from include.specs.run import TrainingRun
from tests.faults.flow import Flow, Run, as_csv, rows
from tests.shared.airflow_context import asset_events

pytestmark = pytest.mark.row(16, "the same event delivered twice", "one run")
DAY = dt.date(2026, 3, 1)


def _serving(flow: Flow, *requests: dict[str, Any]) -> Run:
    events = asset_events(flow.spec.name, *requests)
    return flow.training("asset_triggered__1", run_type="asset_triggered", events=events)


def test_a_run_serves_an_event_that_came_twice_once(flow: Flow) -> None:
    """One configuration, the reason said once, one job a step, one version.

    Fails when `_reason` no longer folds equal reasons, or when a run is resolved once an event.
    """
    flow.land(DAY)
    [request] = flow.ingest(DAY).events[f"retrain:{flow.spec.name}"]
    run = _serving(flow, request, request).finish()
    resolved = flow.read_as(TrainingRun, run.results["resolve"]["config_key"])
    assert resolved.provenance.reason == "new data: partition 2026-03-01"
    assert [step.removeprefix(f"{flow.spec.name}-").split("-")[0] for step in sorted(flow.jobs())] == [
        "evaluate",
        "ingest",
        "preprocess",
    ]
    assert (len(flow.jobs("Training")), len(flow.packages())) == (1, 1)


def test_a_run_serves_several_requests_together(flow: Flow) -> None:
    """Each reason is kept, oldest first, and what each overrides is applied.

    Fails when `merge_overrides` takes the newest request alone.
    """
    flow.land(DAY)
    flow.ingest(DAY)
    drift = {"reason": "drift of tenure", "params": {"thresholds": {"roc_auc": 0.56}}}
    again = {"reason": "new data: partition 2026-03-01", "params": {"thresholds": {"brier": 0.24}}}
    run = _serving(flow, drift, again, drift)
    run.execute("resolve")
    resolved = flow.read_as(TrainingRun, run.results["resolve"]["config_key"])
    assert resolved.provenance.reason == "drift of tenure; new data: partition 2026-03-01"
    assert resolved.model.gate.thresholds == {"roc_auc": 0.56, "brier": 0.24}


def test_a_cleared_run_is_the_same_run(flow: Flow) -> None:
    """Every task that is run again finds what it made: no second job of any step, no second version.

    Fails when a job's name no longer follows from its task and its configuration (`naming.job_name`), or when the
    registry is not asked before a version is made (`Packages.of_run`, `ClientToken`).
    """
    flow.land(DAY)
    [request] = flow.ingest(DAY).events[f"retrain:{flow.spec.name}"]
    run = _serving(flow, request).finish()
    jobs, [version] = (flow.jobs(), flow.jobs("Training")), flow.packages()
    for task_id in ("candidate.preprocess", "candidate.train", "candidate.evaluate", "register"):
        run.execute(task_id)
    assert (flow.jobs(), flow.jobs("Training")) == jobs
    assert [package["ModelPackageArn"] for package in flow.packages()] == [version["ModelPackageArn"]]


def test_an_ingestion_that_is_cleared_asks_for_no_second_training(flow: Flow) -> None:
    """Its first run has asked; run again, whole, it finds the request, and its job. Corrected, its day is new data.

    Fails when `RequestRetrainingOperator` no longer looks at what was asked for (`_asked_before`).
    """
    request, data = f"retrain:{flow.spec.name}", f"raw:{flow.spec.name}"
    flow.land(DAY)
    assert set(flow.ingest(DAY).events) == {data, request}
    cleared = flow.ingest(DAY)
    assert (cleared.states["request_retraining"], set(cleared.events)) == ("skipped", {data})
    assert len(flow.jobs()) == 1
    flow.land(DAY, as_csv(rows(flow.spec.dataset, seed=2)))
    assert set(flow.ingest(DAY).events) == {data, request}


def test_old_days_that_are_cleared_are_no_storm_of_trainings(flow: Flow) -> None:
    """Of scheduled runs that are run again after their files were corrected, the newest day's asks, and it alone.

    Fails when `RequestRetrainingOperator` no longer asks for the newest partition only (`_too_old`).
    """
    days = [DAY + dt.timedelta(days=n) for n in range(3)]
    for seed in (1, 2):
        for date in days:
            flow.land(date, as_csv(rows(flow.spec.dataset, count=40, seed=seed)))
        runs = [flow.ingest(date) for date in days]
    assert [run.states["request_retraining"] for run in runs] == ["skipped", "skipped", "success"]


def test_a_delivery_that_is_ingested_twice_changes_nothing(flow: Flow) -> None:
    """Another run of the same day's objects gives the same bytes, manifest and all, and asks for the same training.

    A person who starts a run gets a training: the schedule would not ask for it twice.

    Fails when a partition's manifest or its parts hold anything of the run that wrote them.
    """
    flow.land(DAY)
    first = flow.ingest(DAY)
    before = {key: flow.read(key) for key in flow.keys("raw")}
    second = flow.ingest(DAY, asked=True)
    assert {key: flow.read(key) for key in flow.keys("raw")} == before
    assert second.events == first.events
