"""Whether a task that is being ended is tried again by Airflow itself."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from perennial.operators import succession
from perennial.operators.succession import another_try_follows

from tests.shared.airflow_context import RecordingTaskInstance


def _instance(state: str | None, map_index: int = -1) -> RecordingTaskInstance:
    instance = RecordingTaskInstance(SimpleNamespace(task_id="train"))
    instance.state_now, instance.map_index = state, map_index
    return instance


@pytest.mark.parametrize("map_index", [-1, 2])
@pytest.mark.parametrize(
    ("state", "follows"), [(None, True), ("queued", True), ("restarting", False), ("failed", False)]
)
def test_the_state_of_the_task_tells(state: str | None, follows: bool, map_index: int) -> None:
    """Of a mapped task, that of its own part."""
    assert another_try_follows(_instance(state, map_index)) is follows


def test_where_airflow_knows_of_no_such_task_none_follows() -> None:
    """A run that was deleted meanwhile."""
    gone: Any = _instance(None)
    gone.get_task_states = lambda **_: {}
    assert another_try_follows(gone) is False


def test_where_airflow_does_not_answer_in_time_none_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal came in the middle of a question, whose answer nobody fetches before this returns."""
    monkeypatch.setattr(succession, "_PATIENCE_S", 0.05)
    busy, silent = threading.Lock(), _instance("queued")
    answered = silent.get_task_states

    def ask(**asked: Any) -> Any:
        with busy:
            return answered(**asked)

    silent.get_task_states = ask  # type: ignore[method-assign]
    with busy:
        assert another_try_follows(silent) is False
    assert another_try_follows(silent) is True
