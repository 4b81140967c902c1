"""A batch transform is one more declaration: its jobs are named, joined, followed and stopped as all others are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, TaskDeferred

from include.specs.model import ModelSpec

Make = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("run")


@pytest.fixture
def task(churn: ModelSpec, job_task: Make) -> Any:
    return job_task(churn, "score")


def _waits_for(task: Any, context: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    arguments: dict[str, Any] = deferred.value.trigger.serialize()[1]
    return arguments


def test_it_is_started_once(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A second try, in another process, joins it; the trigger looks for a transform job."""
    waited_for = [_waits_for(job_task(churn, "score"), context()) for _ in range(2)]
    [request] = api.requests("Create")
    assert request["TransformJobName"].startswith("churn-score-")
    assert {(found["kind"], found["job_name"]) for found in waited_for} == {("transform", request["TransformJobName"])}


@pytest.mark.usefixtures("holding_its_slot")
def test_it_gives_its_name(api: Any, task: Any, context: Make) -> None:
    """And no model, which it has not made."""
    api.created = ["InProgress", "Completed"]
    assert set(task.execute(context())) == {"job_name", "job_arn"}


@pytest.mark.parametrize("ended", ["Failed", "Stopped"])
def test_next_generation_after_it_has_ended_badly(api: Any, task: Any, context: Make, ended: str) -> None:
    """Under the next number, as ever."""
    api.existing = [[ended]]
    first = _waits_for(task, context())["job_name"].removesuffix("-2")
    assert api.names("Create") == [f"{first}-2"]


@pytest.mark.usefixtures("holding_its_slot")
def test_its_reason_is_told(api: Any, task: Any, context: Make) -> None:
    """With the end of its log."""
    api.created, api.log_lines = ["Failed: ClientError: See job logs"], ["no such column: tenure"]
    with pytest.raises(AirflowException, match=r"(?s)ClientError: See job logs.*no such column: tenure"):
        task.execute(context())


def test_a_kill_stops_it(api: Any, task: Any, context: Make) -> None:
    """The service is asked to stop a transform job."""
    given = context(task=task)
    _waits_for(task, given)
    given["ti"].state_now = "failed"
    task.on_kill()
    assert [name for name, _ in api.calls if name.startswith("Stop")] == ["StopTransformJob"]


def test_where_there_is_no_room(api: Any, task: Any, context: Make) -> None:
    """The same type is asked for again: the spec names no other."""
    api.existing = [["Failed: CapacityError: no room"]]
    _waits_for(task, context())
    [request] = api.requests("Create")
    assert request["TransformResources"] == {"InstanceType": "ml.m5.large", "InstanceCount": 1}
