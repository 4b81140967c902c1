"""What Airflow says has become of a task."""

from types import SimpleNamespace
from typing import Any

import pytest
from perennial.task_state import state_of

from tests.shared.airflow_context import RecordingTaskInstance


def _instance(state: Any, map_index: int = -1) -> RecordingTaskInstance:
    instance = RecordingTaskInstance(SimpleNamespace(task_id="train"))
    instance.state_now, instance.map_index = state, map_index
    return instance


@pytest.mark.parametrize("map_index", [-1, 2])
def test_the_state_is_airflows_own_word(map_index: int) -> None:
    """Of a mapped task, that of its own part."""
    instance = _instance("deferred", map_index)
    assert state_of(instance, ask=instance.get_task_states) == "deferred"


def test_a_task_that_airflow_does_not_know_is_removed() -> None:
    """Its run, or its DAG, was deleted meanwhile."""
    instance = _instance("")
    assert state_of(instance, ask=instance.get_task_states) == "removed"
