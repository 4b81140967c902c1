"""Whether a task that is being ended is ended for good, or tried again by Airflow itself, as things stand now."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from perennial.task_state import state_of

# What Airflow says of a task that a person, or a limit of its run, has ended. One that a person cleared is `restarting`
# while its old try ends. Of any other task Airflow says that it is on its way, or at work: in its next try already, or
# in this one still, whose worker is taken away.
_ENDED = ("restarting", "failed", "success", "skipped", "upstream_failed", "removed")
# Airflow gives a task five seconds from SIGTERM to SIGKILL.
_PATIENCE_S = 2.0


def is_ended(task_instance: Any) -> bool:
    """Whether the task is ended on purpose: else a job that this try has started is the next try's to join.

    A worker is ended by the same signal whether a person wants it; or Airflow has taken it for dead and given its task
    to another, as a scheduler that was killed and started again does with its predecessor's living workers; or its
    machine is taken away. Only the task's state tells the one from the others.

    Where Airflow does not answer in time this says False. A person's mark reaches a worker as an answer of Airflow's:
    one that gets none is ended for having lost touch.
    """
    found: list[bool] = []

    def ask() -> None:
        # Whatever goes wrong, there is little time.
        with contextlib.suppress(Exception):
            found.append(state_of(task_instance, ask=task_instance.get_task_states) in _ENDED)

    # Not in this thread: the signal may have come in the middle of another question, which holds the line to Airflow.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    return found == [True]
