"""What Airflow says has become of a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def state_of(task_instance: Any, *, ask: Callable[..., dict[str, Any]]) -> str:
    """The task's state; `removed` where there is no such task any more, as after a run or a DAG was deleted.

    Args:
        ask: Airflow's `get_task_states`, which a worker's task instance has and a trigger's has not.
    """
    states = ask(
        dag_id=task_instance.dag_id,
        run_ids=[task_instance.run_id],
        task_ids=[task_instance.task_id],
        map_index=task_instance.map_index,
    )
    found = [*states.get(task_instance.run_id, {}).values()]
    return str(found[0]) if found else "removed"
