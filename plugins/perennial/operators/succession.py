"""Whether a task that is being ended is tried again by Airflow itself, as things stand now."""

from __future__ import annotations

import contextlib
import threading
from http import HTTPStatus
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ValidateInletsAndOutlets

# Airflow gives a task five seconds from SIGTERM to SIGKILL.
_PATIENCE_S = 2.0


def another_try_follows(task_instance: Any) -> bool:
    """Whether the task has another try by now: a job that this one has started is that one's to join.

    A worker is ended by the same signal whether a person wants it, or Airflow has taken it for dead and given its task
    to another: a scheduler that was killed and started again does so with the tasks of its predecessor's living
    workers. Airflow gives a task another id with each try, so whether it still knows this try's tells the one from the
    other; the task's state does not, which may be that of the other try.

    Where Airflow does not answer in time this says True. Nobody can have wanted the end then, for that is told by an
    answer; a worker that has lost touch with Airflow is ended as well, and its task tried again.
    """
    found: list[bool] = []

    def ask() -> None:
        # Whatever goes wrong, there is little time.
        with contextlib.suppress(Exception):
            found.append(_is_over(task_instance.id) and _is_known(task_instance))

    # Not in this thread: the signal may have come in the middle of another question, which holds the line to Airflow.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    return found != [False]


def _is_over(attempt: Any) -> bool:
    """Whether Airflow no longer knows the try. Of what may be asked about one, this changes nothing."""
    try:
        task_runner.SUPERVISOR_COMMS.send(ValidateInletsAndOutlets(ti_id=attempt))
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return True
        raise
    return False


def _is_known(task_instance: Any) -> bool:
    """Whether there is such a task at all: that of a run which was deleted has no other try."""
    states = task_instance.get_task_states(
        dag_id=task_instance.dag_id,
        run_ids=[task_instance.run_id],
        task_ids=[task_instance.task_id],
        map_index=task_instance.map_index,
    )
    return bool(states.get(task_instance.run_id))
