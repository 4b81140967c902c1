"""What becomes of the job of a task that is ended, by a person, a limit or Airflow itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout, TaskDeferralTimeout, TaskDeferred
from perennial.hooks.jobs import NOBODY, OWNER_TAG
from perennial.operators.jobs import SageMakerJobOperator

from include.specs.model import ModelSpec
from tests.shared.airflow_context import NEXT_TRY

Make = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("run")


@pytest.fixture
def task(churn: ModelSpec, job_task: Make) -> SageMakerJobOperator:
    """A task that stops its job when it is killed."""
    made: SageMakerJobOperator = job_task(churn)
    return made


@pytest.fixture
def given(context: Make, task: SageMakerJobOperator) -> dict[str, Any]:
    """What it is executed with. A person has ended it when it is killed."""
    made: dict[str, Any] = context(task=task)
    made["ti"].state_now = "failed"
    return made


def _wait(operator: SageMakerJobOperator, context: dict[str, Any]) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    return deferred.value


@pytest.mark.parametrize("state", ["restarting", "failed", "success", "skipped", "removed"])
def test_kill_by_a_person_stops_the_job(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any], state: str
) -> None:
    """A task that is cleared or marked leaves nothing billing, nor does one whose run is out of time."""
    _wait(task, given)
    given["ti"].state_now = state
    task.on_kill()
    assert api.names("Stop") == api.names("Create")


@pytest.mark.parametrize("state", [None, "scheduled", "queued", "running", "deferred", "up_for_retry"])
def test_kill_by_airflow_itself_leaves_the_job_to_the_next_try(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any], state: str | None
) -> None:
    """A worker that was taken for dead, or is taken away: the next try joins the job, if it does not run already."""
    _wait(task, given)
    given["ti"].state_now = str(state)
    task.on_kill()
    assert api.names("Stop") == []


@pytest.mark.usefixtures("holding_its_slot")
def test_task_that_is_out_of_time_stops_its_job(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow says that it is running, which it is: `execution_timeout` is the task's own clock."""

    def too_long(_: float) -> None:
        raise AirflowTaskTimeout

    monkeypatch.setattr("perennial.operators.jobs.time.sleep", too_long)
    given["ti"].state_now = "running"
    with pytest.raises(AirflowTaskTimeout):
        task.execute(given)
    task.on_kill()
    assert api.names("Stop") == api.names("Create")


def test_kill_in_the_middle_of_the_start_stops_the_job(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any]
) -> None:
    """The job is there and its answer is not: its task knows its name already, and does not wait for it."""
    api.during_create = task.on_kill
    with pytest.raises(AirflowException, match="this try was ended"):
        task.execute(given)
    assert api.names("Stop") == api.names("Create")


def test_kill_just_before_the_start_stops_the_job(api: Any, task: SageMakerJobOperator, given: dict[str, Any]) -> None:
    """The kill finds no job to stop, and Airflow leaves the task five seconds, in which there is one."""
    api.before_create = task.on_kill
    with pytest.raises(AirflowException, match="this try was ended"):
        task.execute(given)
    assert len(api.names("Create")) == 1
    assert api.names("Stop") == api.names("Create")


def test_kill_just_before_the_start_leaves_the_job_to_the_next_try(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any]
) -> None:
    """What has been asked for by then is joined like any other."""
    given["ti"].state_now, api.before_create = "queued", task.on_kill
    with pytest.raises(AirflowException, match="this try was ended"):
        task.execute(given)
    assert (len(api.names("Create")), api.names("Stop")) == (1, [])


def test_killed_task_starts_nothing(api: Any, task: SageMakerJobOperator, given: dict[str, Any]) -> None:
    """One that was killed while it read its run's configuration, say, and lives for some seconds yet."""
    task.on_kill()
    assert api.calls == []
    with pytest.raises(AirflowException, match="this try was ended"):
        task.execute(given)
    assert api.names("Create") == []


@pytest.mark.usefixtures("holding_its_slot")
def test_killed_task_waits_no_longer(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that waits in its worker ends by itself, should nobody end its process."""
    monkeypatch.setattr("perennial.operators.jobs.time.sleep", lambda _: task.on_kill())
    with pytest.raises(AirflowException, match="this try was ended"):
        task.execute(given)
    assert api.names("Stop") == api.names("Create")


@pytest.mark.usefixtures("holding_its_slot")
def test_task_that_is_killed_while_it_waits_for_quota_claims_nothing(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should nobody end its process: by the time that it wakes, its next try may have started the job."""
    successor = {OWNER_TAG: NEXT_TRY}

    def meanwhile(_: float) -> None:
        task.on_kill()
        [name] = api.names("Describe")
        api.jobs[name], api.tags = ["InProgress"], dict(successor)

    monkeypatch.setattr("perennial.operators.starting.time.sleep", meanwhile)
    api.no_more_of = ("ml.m5.large",)
    with pytest.raises(AirflowException, match="this try was ended"):
        task.execute(given)
    assert api.tags == successor


def test_task_that_is_killed_while_it_looks_for_its_job_claims_nothing(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has found is for the next try to join, or was stopped by the kill."""
    api.existing, look = [["InProgress"]], task.jobs.describe

    def described(name: str) -> Any:
        found = look(name)
        monkeypatch.setattr(task.jobs, "describe", look)
        task.on_kill()
        return found

    monkeypatch.setattr(task.jobs, "describe", described)
    given["ti"].state_now, api.tags = "queued", {OWNER_TAG: NEXT_TRY}
    with pytest.raises(AirflowException, match="this try was ended"):
        task.execute(given)
    assert api.tags == {OWNER_TAG: NEXT_TRY}


def test_kill_of_a_later_generation_stops_that_one(api: Any, task: SageMakerJobOperator, given: dict[str, Any]) -> None:
    """A job that has ended is left as it is."""
    api.existing = [["Failed: InternalServerError: sorry"]]
    _wait(task, given)
    task.on_kill()
    assert api.names("Stop") == api.names("Create") == [api.names("Describe")[0] + "-2"]


def test_kill_while_the_outcome_is_read_stops_nothing(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any]
) -> None:
    """After the wait the job has ended, and bills no more."""
    api.existing = [["Completed"]]
    task.execute_complete(given, {"job_name": "churn-train-x", "status": "Completed"})
    task.on_kill()
    assert api.names("Stop") == []


def test_job_may_be_left_to_its_own_limit(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """Where a kill does not stop the job, neither the task nor the triggerer does, and it carries nobody's name."""
    operator = job_task(churn, stop_on_kill=False)
    deferred = _wait(operator, context(task=operator))
    operator.on_kill()
    assert deferred.trigger.stop_on_kill is False
    assert api.tags[OWNER_TAG] == NOBODY
    assert api.names("Stop") == []


def _waited_too_long(task: SageMakerJobOperator, context: dict[str, Any]) -> None:
    """As Airflow resumes a task whose trigger has not fired in time."""
    with pytest.raises(TaskDeferralTimeout):
        task.resume_execution("__fail__", {"error": "Trigger timeout"}, context)


def test_job_that_was_waited_for_too_long_is_stopped(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any]
) -> None:
    """Airflow ends the trigger and kills nothing. The task's next try, if it has one, starts afresh."""
    _wait(task, given)
    _waited_too_long(task, given)
    assert api.names("Stop") == api.names("Create")


@pytest.mark.parametrize("attempt", [NEXT_TRY, NOBODY])
def test_job_of_another_is_not_stopped_for_taking_too_long(
    api: Any, task: SageMakerJobOperator, given: dict[str, Any], attempt: str
) -> None:
    """Somebody else waits for it, or it was to outlive its task."""
    _wait(task, given)
    api.tags[OWNER_TAG] = attempt
    _waited_too_long(task, given)
    assert api.names("Stop") == []


def test_job_that_may_outlive_its_task_is_left_when_the_wait_ends(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """Nothing is asked of SageMaker."""
    operator = job_task(churn, stop_on_kill=False)
    _waited_too_long(operator, context(task=operator))
    assert api.calls == []
