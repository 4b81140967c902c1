"""Whether a task that is being ended is tried again by Airflow itself."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse
from perennial.operators import succession
from perennial.operators.succession import another_try_follows

from tests.shared.airflow_context import TRY, RecordingTaskInstance, Supervisor


@pytest.fixture
def instance() -> RecordingTaskInstance:
    """A try of a task."""
    return RecordingTaskInstance(SimpleNamespace(task_id="train"))


def _with(monkeypatch: pytest.MonkeyPatch, supervisor: Any) -> None:
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)


@pytest.mark.parametrize("map_index", [-1, 2])
@pytest.mark.parametrize(("over", "follows"), [((TRY,), True), ((), False)])
def test_whether_airflow_still_knows_the_try_tells(
    monkeypatch: pytest.MonkeyPatch,
    instance: RecordingTaskInstance,
    over: tuple[str, ...],
    follows: bool,
    map_index: int,
) -> None:
    """A task has another id with each try; a try that was cleared, marked or is out of time keeps its own."""
    _with(monkeypatch, Supervisor(*over))
    instance.map_index = map_index
    assert another_try_follows(instance) is follows


def test_a_task_whose_run_was_deleted_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, instance: RecordingTaskInstance
) -> None:
    """Airflow knows neither this try nor any other."""
    _with(monkeypatch, Supervisor(TRY))
    instance.is_known = False
    assert another_try_follows(instance) is False


@pytest.mark.parametrize("detail", [None, {"status_code": 503}], ids=str)
def test_an_error_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, instance: RecordingTaskInstance, detail: dict[str, int] | None
) -> None:
    """An API server that is down has ended nothing: its tasks are tried again, and join their jobs."""
    error = AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))

    class Down:
        def send(self, _: Any) -> Any:
            raise error

    _with(monkeypatch, Down())
    assert another_try_follows(instance) is True


def test_where_airflow_does_not_answer_in_time_another_follows(
    monkeypatch: pytest.MonkeyPatch, instance: RecordingTaskInstance
) -> None:
    """The signal came in the middle of a question, whose answer nobody fetches before this returns."""
    monkeypatch.setattr(succession, "_PATIENCE_S", 0.05)
    busy, known = threading.Lock(), Supervisor()

    class Waiting:
        def send(self, message: Any) -> Any:
            with busy:
                return known.send(message)

    _with(monkeypatch, Waiting())
    with busy:
        assert another_try_follows(instance) is True
    monkeypatch.setattr(succession, "_PATIENCE_S", 60)
    assert another_try_follows(instance) is False
