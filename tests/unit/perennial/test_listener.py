"""What is heard of a person's marks, and what is stopped then."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.listeners.listener import get_listener_manager
from airflow.sdk import TaskInstanceState
from perennial import listener
from perennial.flows import drift, ingestion, performance, training
from perennial.hooks.jobs import Owner
from perennial.orphans import ORPHANS
from perennial_plugin import PerennialPlugin

from include.specs.environment import PREFIX, environment
from include.specs.model import ModelSpec

BUCKET = "AIRFLOW__PERENNIAL__BUCKET"


def _instance(task_id: str, dag_id: str = "churn_training") -> Any:
    return SimpleNamespace(dag_id=dag_id, run_id="r", task_id=task_id, map_index=-1, id=f"try of {task_id}")


def _owners(*task_ids: str, dag_id: str = "churn_training") -> list[Owner]:
    return [Owner.of(_instance(task_id, dag_id), place="lake") for task_id in task_ids]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Owner]]]:
    """The models and tries whose jobs are to end."""
    found: list[tuple[str, list[Owner]]] = []
    monkeypatch.setattr(ORPHANS, "stop", lambda model, owners: found.append((model, owners)))
    monkeypatch.setenv(BUCKET, "lake")
    return found


@pytest.fixture
def hook() -> Iterator[Any]:
    """Airflow's own way to call listeners, with ours among them."""
    manager = get_listener_manager()
    [ours] = PerennialPlugin.listeners
    known = manager.pm.is_registered(ours)
    manager.add_listener(ours)
    yield manager.hook
    if not known:
        manager.pm.unregister(ours)


def _run(dag_id: str = "churn_training") -> Any:
    return SimpleNamespace(dag_id=dag_id, task_instances=[_instance("a", dag_id), _instance("b", dag_id)])


@pytest.mark.parametrize("msg", ["", "Dag Run's state was manually set to `failed`.", "timed_out"])
def test_jobs_of_a_run_that_was_ended_are_ended(hook: Any, ended: list[Any], msg: str) -> None:
    """Marked by a person on either version of Airflow, or out of time: those of all its tasks."""
    hook.on_dag_run_failed(dag_run=_run(), msg=msg)
    assert ended == [("churn", _owners("a", "b"))]


def test_jobs_of_a_run_that_was_marked_as_successful_are_ended(hook: Any, ended: list[Any]) -> None:
    """Nobody waits for them any more than for a failed one's."""
    hook.on_dag_run_success(dag_run=_run("fraud_drift"), msg="")
    assert ended == [("fraud", _owners("a", "b", dag_id="fraud_drift"))]


def test_a_run_that_ends_by_itself_asks_nothing(hook: Any, ended: list[Any]) -> None:
    """Its tasks have ended, and their jobs before them: the scheduler, which calls this, need not look."""
    hook.on_dag_run_success(dag_run=_run(), msg="success")
    for msg in ("task_failure", "all_tasks_deadlocked"):
        hook.on_dag_run_failed(dag_run=_run(), msg=msg)
    assert ended == []


def test_job_of_a_task_that_was_marked_is_ended(hook: Any, ended: list[Any]) -> None:
    """As failed, successful or skipped."""
    hook.on_task_instance_failed(previous_state=None, task_instance=_instance("a"), error="marked")
    hook.on_task_instance_success(previous_state=None, task_instance=_instance("a"))
    hook.on_task_instance_skipped(previous_state=None, task_instance=_instance("a"))
    assert ended == [("churn", _owners("a"))] * 3


def test_a_task_that_ends_by_itself_asks_nothing(hook: Any, ended: list[Any]) -> None:
    """Workers call listeners too."""
    running = TaskInstanceState.RUNNING
    hook.on_task_instance_failed(previous_state=running, task_instance=_instance("a"), error="why")
    hook.on_task_instance_success(previous_state=running, task_instance=_instance("a"))
    assert ended == []


@pytest.mark.parametrize(
    "dag_id", ["somebody_elses", "training", "_training", "perennial_smoke", "data_science_training"]
)
def test_dags_of_others_are_left_alone(hook: Any, ended: list[Any], dag_id: str) -> None:
    """A listener hears of everything in an environment."""
    hook.on_dag_run_failed(dag_run=_run(dag_id), msg="")
    hook.on_task_instance_failed(previous_state=None, task_instance=_instance("a", dag_id), error="")
    assert ended == []


def test_where_the_deployment_is_not_known_it_is_said(
    hook: Any, ended: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Jobs of the same ids may be another deployment's: none is stopped, and a person reads where to look."""
    monkeypatch.delenv(BUCKET)
    hook.on_dag_run_failed(dag_run=_run(), msg="")
    assert ended == []
    assert "perennial.bucket is not set here: a job of churn" in caplog.text


def test_the_deployment_is_told_as_the_tasks_tell_it() -> None:
    """By the option that the operators read the data bucket from."""
    variables = {f"{PREFIX}{name}": "x" for name in ("ROLE_ARN", "IMAGE", "TOPIC_PREFIX")}
    assert environment({**variables, BUCKET: "lake"}).bucket == "lake"
    assert "__".join(("AIRFLOW", *listener.PLACE)).upper() == BUCKET


def test_every_model_is_known(spec: ModelSpec, hook: Any, ended: list[Any]) -> None:
    """By its name, whatever that is made of."""
    named = dataclasses.replace(spec, name=f"{spec.name}-2")
    hook.on_dag_run_failed(dag_run=_run(f"{named.name}_training"), msg="")
    assert [model for model, _ in ended] == [named.name]


def test_every_flow_with_jobs_is_known() -> None:
    """By the ends of their DAG ids."""
    modules = (drift, ingestion, performance, training)
    assert set(listener.FLOWS) == {module.__name__.rpartition(".")[2] for module in modules}
