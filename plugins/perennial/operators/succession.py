"""Whether a task that is being ended is tried again by Airflow itself, as things stand now."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

# What Airflow says of a task whose next try is on its way. One that a person cleared is `restarting` while its old try
# ends; one that was marked, skipped or timed out says that.
_ON_ITS_WAY = (None, "scheduled", "queued", "up_for_retry", "up_for_reschedule")
# Airflow gives a task five seconds from SIGTERM to SIGKILL.
_PATIENCE_S = 2.0


def another_try_follows(task_instance: Any) -> bool:
    """Whether the task's next try is on its way: a job that this one has started is that one's to join.

    A worker is ended by the same signal whether a person wants it, or Airflow has taken it for dead and given its task
    to another: a scheduler that was killed and started again does so with the tasks of its predecessor's living
    workers. Only the task's state tells the one from the other. Where Airflow does not answer in time, or knows of no
    such task, this says False.
    """
    found: list[bool] = []

    def ask() -> None:
        # Whatever goes wrong, there is a job to be stopped, and little time.
        with contextlib.suppress(Exception):
            found.append(_state(task_instance) in _ON_ITS_WAY)

    # Not in this thread: the signal may have come in the middle of another question, which holds the line to Airflow.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    return found == [True]


def _state(task_instance: Any) -> str | None:
    states = task_instance.get_task_states(
        dag_id=task_instance.dag_id,
        run_ids=[task_instance.run_id],
        task_ids=[task_instance.task_id],
        map_index=task_instance.map_index,
    )
    [state] = states[task_instance.run_id].values()
    return None if state is None else str(state)
