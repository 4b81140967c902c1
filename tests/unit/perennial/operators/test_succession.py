"""Whether a task that is being ended is ended for good."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from perennial.operators import succession
from perennial.operators.succession import is_ended

from tests.shared.airflow_context import RecordingTaskInstance


def _instance(state: str, map_index: int = -1) -> RecordingTaskInstance:
    instance = RecordingTaskInstance(SimpleNamespace(task_id="train"))
    instance.state_now, instance.map_index = state, map_index
    return instance


@pytest.mark.parametrize("map_index", [-1, 2])
@pytest.mark.parametrize(
    ("state", "ended"), [("queued", False), ("running", False), ("None", False), ("restarting", True), ("failed", True)]
)
def test_the_state_of_the_task_tells(state: str, ended: bool, map_index: int) -> None:
    """Of a mapped task, that of its own part."""
    assert is_ended(_instance(state, map_index)) is ended


def test_where_airflow_knows_of_no_such_task_it_is_ended() -> None:
    """A run that was deleted meanwhile is not tried again."""
    assert is_ended(_instance("")) is True


def test_an_error_is_no_answer() -> None:
    """An API server that is down has ended nothing: its tasks are tried again, and join their jobs."""
    asking: Any = _instance("failed")

    def down(**_: Any) -> None:
        raise ConnectionError

    asking.get_task_states = down
    assert is_ended(asking) is False


def test_where_airflow_does_not_answer_in_time_it_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal came in the middle of a question, whose answer nobody fetches before this returns."""
    monkeypatch.setattr(succession, "_PATIENCE_S", 0.05)
    busy, silent = threading.Lock(), _instance("failed")
    answered = silent.get_task_states

    def ask(**asked: Any) -> Any:
        with busy:
            return answered(**asked)

    silent.get_task_states = ask  # type: ignore[method-assign]
    with busy:
        assert is_ended(silent) is False
    monkeypatch.setattr(succession, "_PATIENCE_S", 60)
    assert is_ended(silent) is True
