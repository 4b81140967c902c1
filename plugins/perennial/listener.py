"""Ends the jobs of tasks that a person, or a run's timeout, has ended where nothing that waits for the job hears of it.

A worker and a trigger stop their job themselves. But a triggerer takes a trigger up only a second or two after its task
has deferred, so that a run which is marked as failed before leaves a job that nobody waits for; and before Airflow 3.3
no trigger is told at all. Airflow tells listeners where such a thing is decided: in the API server, or the scheduler.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from airflow.configuration import conf
from airflow.listeners import hookimpl

log = logging.getLogger(__name__)

FLOWS = ("ingestion", "training", "drift", "performance")
# The option that `include.specs.environment` reads where there are DAGs: an API server has none of it on its path.
PLACE = ("perennial", "bucket")
# A model's name, as specs have it: another's `data_science_training` is no flow of ours.
_MODEL = re.compile("[a-z0-9-]+")
# How a run ends that nobody ended: no task of it waits any more.
_BY_ITSELF = ("success", "task_failure", "all_tasks_deadlocked")


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """A run was marked as failed, or has taken longer than it may."""
    _ended(dag_run, msg)


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """A run was marked as successful."""
    _ended(dag_run, msg)


@hookimpl
def on_task_instance_failed(previous_state: Any, task_instance: Any) -> None:
    """A task was marked as failed."""
    _marked(previous_state, task_instance)


@hookimpl
def on_task_instance_success(previous_state: Any, task_instance: Any) -> None:
    """A task was marked as successful."""
    _marked(previous_state, task_instance)


@hookimpl
def on_task_instance_skipped(previous_state: Any, task_instance: Any) -> None:
    """A task was marked as skipped."""
    _marked(previous_state, task_instance)


def _ended(dag_run: Any, msg: str) -> None:
    if msg not in _BY_ITSELF:
        _begin(dag_run.dag_id, dag_run.task_instances)


def _marked(previous_state: Any, task_instance: Any) -> None:
    # Airflow names the state before where the task has ended by itself.
    if previous_state is None:
        _begin(task_instance.dag_id, [task_instance])


def _begin(dag_id: str, task_instances: Iterable[Any]) -> None:
    """Done by a thread of its own: a person waits for the answer, or a scheduler does."""
    model, _, flow = dag_id.rpartition("_")
    if not (flow in FLOWS and _MODEL.fullmatch(model)):
        return
    place = conf.get(*PLACE, fallback="")
    if not place:
        unset = "perennial.bucket is not set here: a job of %s that nobody waits for may still run: look in SageMaker"
        log.error(unset, model)
        return
    from perennial.hooks.jobs import Owner  # noqa: PLC0415 each process of Airflow loads this, and hardly one needs it
    from perennial.orphans import ORPHANS  # noqa: PLC0415 as above

    # Read here: the thread has no session of the database.
    ORPHANS.stop(model, [Owner.of(task_instance, place=place) for task_instance in task_instances])
