"""Row 16: a request for a training is delivered twice, or what made it is run again.

What is shown here is what a run makes of its events. That the scheduler starts one run for the events that lie queued
is shown against a real one.
"""

import datetime as dt
from http import HTTPStatus
from typing import Any

import pytest

from include.specs.run import TrainingRun
from tests.faults.flow import Flow, Run, as_csv, rows
from tests.shared.airflow_context import RecordingTaskInstance, asset_events

pytestmark = pytest.mark.row(16, "the same event delivered twice", "one run")
DAY = dt.date(2026, 3, 1)


def _serving(flow: Flow, *requests: dict[str, Any], of: str = "asset_triggered__1") -> Run:
    events = asset_events(flow.spec.name, *requests)
    return flow.training(of, run_type="asset_triggered", events=events)


def _asked_for_versions(flow: Flow) -> int:
    """How many versions were asked for, of whatever model."""
    status, found = flow.place.server.admin("GET", "/calls?operation=CreateModelPackage")
    assert status == HTTPStatus.OK
    return len(found["calls"])


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


def test_a_request_for_what_is_being_trained_on_is_in_vain(flow: Flow) -> None:
    """Two days end together; the first one's training has both, and what the second asked for starts no job.

    So is an event that comes once more when its run has begun. A person who starts a run gets one, and drift does.

    Fails when `ResolveRunOperator` no longer looks at what the newest training is about (`trainings.begin`).
    """
    requests = []
    for n in range(2):
        flow.land(DAY + dt.timedelta(days=n), as_csv(rows(flow.spec.dataset, seed=n)))
        requests += flow.ingest(DAY + dt.timedelta(days=n)).events[f"retrain:{flow.spec.name}"]
    first, second = (_serving(flow, request, of=f"asset_triggered__{n}") for n, request in enumerate(requests, 1))
    first.execute("resolve")
    jobs = flow.jobs()
    second.finish()
    assert set(second.states.values()) == {"skipped"}
    assert flow.jobs() == jobs
    drift, by_hand = {"reason": "drift of tenure"}, flow.ingest(DAY, asked=True).events[f"retrain:{flow.spec.name}"]
    for n, others in enumerate(([drift], [*requests, drift], by_hand), 3):
        _serving(flow, *others, of=f"asset_triggered__{n}").execute("resolve")
    flow.training("manual__1").execute("resolve")


def test_a_training_that_has_failed_is_none(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was to train on is trained on by the next run that is asked for; and its own is not held against it.

    Fails when a record counts whatever became of its run (`_counts`), or against the run that has written it.
    """
    flow.land(DAY)
    [request] = flow.ingest(DAY).events[f"retrain:{flow.spec.name}"]
    first, second = (_serving(flow, request, of=f"asset_triggered__{n}") for n in (1, 2))
    first.execute("resolve")
    with monkeypatch.context() as failed:
        failed.setattr(RecordingTaskInstance, "state_of_runs", "failed")
        second.execute("resolve")
    for cleared in (second, first):
        cleared.execute("resolve")


def test_a_cleared_run_is_the_same_run(flow: Flow) -> None:
    """Every task that is run again finds what it made: no second job of any step, no second version asked for.

    Fails when a job's name no longer follows from its task and its configuration (`naming.job_name`), or when the
    registry is not asked before a version is made (`Packages.of_run`). What a run asks for twice at one time is held
    apart by `ClientToken`, which row 4 is about.
    """
    flow.land(DAY)
    [request] = flow.ingest(DAY).events[f"retrain:{flow.spec.name}"]
    run = _serving(flow, request).finish()
    jobs, [version] = (flow.jobs(), flow.jobs("Training")), flow.packages()
    asked = _asked_for_versions(flow)
    for task_id in ("candidate.preprocess", "candidate.train", "candidate.evaluate", "register"):
        run.execute(task_id)
    assert (flow.jobs(), flow.jobs("Training")) == jobs
    assert [package["ModelPackageArn"] for package in flow.packages()] == [version["ModelPackageArn"]]
    assert _asked_for_versions(flow) == asked


def test_an_ingestion_that_is_cleared_asks_for_no_second_training(flow: Flow) -> None:
    """Its first run has asked; run again, whole, it finds the request, and its job. Corrected, its day is new data.

    Fails when `RequestRetrainingOperator` no longer looks at what was asked for (`_asked_before`).
    """
    data, *request = (f"{asset}:{flow.spec.name}" for asset in ("raw", "retrain", "requested"))
    flow.land(DAY)
    assert set(flow.ingest(DAY).events) == {data, *request}
    cleared = flow.ingest(DAY)
    assert (cleared.states["request_retraining"], set(cleared.events)) == ("skipped", {data})
    assert len(flow.jobs()) == 1
    flow.land(DAY, as_csv(rows(flow.spec.dataset, seed=2)))
    assert set(flow.ingest(DAY).events) == {data, *request}


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

    A person who starts a run gets a training, too: the schedule would not ask for it twice.

    Fails when a partition's manifest or its parts hold anything of the run that wrote them.
    """
    flow.land(DAY)
    first = flow.ingest(DAY)
    before = {key: flow.read(key) for key in flow.keys("raw")}
    second = flow.ingest(DAY, asked=True)
    assert {key: flow.read(key) for key in flow.keys("raw")} == before
    [[data], [request], [_]] = (first.events[f"{asset}:{flow.spec.name}"] for asset in ("raw", "retrain", "requested"))
    by_hand = [request | {"only_if_new": False}]
    assert second.events == {
        f"raw:{flow.spec.name}": [data],
        f"retrain:{flow.spec.name}": by_hand,
        f"requested:{flow.spec.name}": by_hand,
    }
