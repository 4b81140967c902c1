"""Row 10: a person or a timeout ends a task while its job runs."""

from typing import Any

import pytest

from laptop.airflow_api import Run
from tests.faults.real_airflow import RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.row(
        10,
        "task cleared, run marked failed, dagrun_timeout",
        "the job is stopped or adopted, never left billing",
    ),
]


@pytest.fixture(params=["waiting in the triggerer", "waiting in the worker"])
def waiting(system: RealAirflow, request: pytest.FixtureRequest) -> RealAirflow:
    """A system whose tasks wait as the parameter says."""
    if request.param == "waiting in the worker":
        request.getfixturevalue("holding_slots")
    return system


def test_the_job_of_a_run_that_is_marked_failed_is_stopped(waiting: RealAirflow) -> None:
    """Nobody waits for its result any more: it bills no longer, and no message is sent about a person's own doing.

    Fails when `on_kill` of the operator does nothing where it waits in the worker; else when neither that of the
    trigger nor the listener (`perennial.listener`) does anything.
    """
    heard = waiting.listen("slow", "row-10")
    run, job = _training(waiting)
    waiting.api.fail(run)
    until(lambda: waiting.jobs("slow")[job] == "Stopped", seconds=60, of=f"{job} to be stopped")
    assert waiting.state(run) == "failed"
    assert heard() == []


def test_the_job_of_a_task_that_is_cleared_is_stopped_or_adopted(waiting: RealAirflow) -> None:
    """The next try joins it, or starts its next generation when it has stopped: never two that run at a time.

    Fails when a cleared task's job goes on and its successor starts another (a name of each try's own).
    """
    run, job = _training(waiting)
    others = _trainings(waiting).keys() - {job}
    waiting.clear(run, "candidate.train")
    waiting.release()
    waiting.until_ended(run)
    found = {name: each for name, each in _trainings(waiting).items() if name not in others}
    statuses = {name: each["TrainingJobStatus"] for name, each in found.items()}
    assert statuses in ({job: "Completed"}, {job: "Stopped", f"{job}-2": "Completed"})
    if len(found) > 1:
        assert found[job]["TrainingEndTime"] <= found[f"{job}-2"]["CreationTime"]


def test_the_job_of_a_run_that_is_marked_failed_before_a_triggerer_looks_is_stopped(system: RealAirflow) -> None:
    """A triggerer takes a trigger up a second or two after its task has deferred; here it does not at all.

    Fails when no listener ends the jobs of runs that a person marks (`perennial.listener`).
    """
    run, job = _unheard(system, "slow")
    system.api.fail(run)
    until(lambda: system.jobs("slow")[job] == "Stopped", seconds=60, of=f"{job} to be stopped")


@pytest.mark.usefixtures("holding_slots")
def test_the_job_of_a_run_that_is_marked_failed_between_two_tries_is_stopped(system: RealAirflow) -> None:
    """The worker has died, Airflow has given the task another id, and the try that has it is not there yet.

    Fails when the listener stops only what carries the id that the task has now (`perennial.hooks.jobs._is_of`).
    """
    run, job = _training(system)
    # Nothing of a paused DAG is queued, so that its next try does not come.
    system.api.ask("PATCH", f"/dags/{run.dag_id}", {"is_paused": True})
    try:
        assert system.kill_workers() >= 2
        until(
            lambda: system.tasks(run)["candidate.train"].state == "up_for_retry", seconds=60, of="the death to be seen"
        )
        assert system.jobs("slow")[job] == "InProgress"
        system.api.fail(run)
        until(lambda: system.jobs("slow")[job] == "Stopped", seconds=60, of=f"{job} to be stopped")
    finally:
        system.api.unpause(run.dag_id)


def test_the_job_of_a_run_that_took_too_long_is_stopped(system: RealAirflow) -> None:
    """The scheduler gives the run up: the job ends with it, and one message says why.

    Fails when neither the trigger's `on_kill` nor the listener does anything, or the DAG has no failure callback
    (`flows.training`).
    """
    heard = system.listen("impatient", "row-10-timeout")
    system.hold("impatient")
    system.hold("impatient")
    run = system.train("impatient")
    job = system.until_job("impatient", "train")
    system.until_ended(run, expected="failed")
    until(lambda: system.jobs("impatient")[job] == "Stopped", seconds=60, of=f"{job} to be stopped")
    told = []
    until(lambda: bool(told.extend(heard()) or told), seconds=60, of="the message")
    assert [(message["run_id"], message["fault"]) for message in told] == [(run.run_id, "run-timeout")]


def test_the_job_of_a_run_that_took_too_long_before_a_triggerer_looks_is_stopped(system: RealAirflow) -> None:
    """Nobody's trigger hears that the scheduler gives the run up: the scheduler itself ends the job.

    Fails when no listener ends the jobs of runs that have taken too long (`perennial.listener`).
    """
    run, job = _unheard(system, "impatient")
    system.until_ended(run, expected="failed")
    until(lambda: system.jobs("impatient")[job] == "Stopped", seconds=60, of=f"{job} to be stopped")


def _unheard(system: RealAirflow, model: str) -> tuple[Run, str]:
    """A run whose training job runs, and whose task has deferred where no triggerer takes its trigger up."""
    system.hold(model)
    system.hold(model)
    run = system.train(model)
    until(lambda: system.tasks(run)["candidate.train"].state is not None, seconds=120, of="the task of the training")
    system.kill("triggerer")
    until(lambda: system.tasks(run)["candidate.train"].state == "deferred", seconds=60, of="its task to wait")
    return run, system.until_job(model, "train")


def _trainings(system: RealAirflow) -> dict[str, dict[str, Any]]:
    """Every training job that there ever was of the model, described."""
    sagemaker = system.client("sagemaker")
    names = [job for job in system.jobs("slow") if "-train-" in job]
    return {name: sagemaker.describe_training_job(TrainingJobName=name) for name in names}


def _training(system: RealAirflow) -> tuple[Run, str]:
    """A run whose training job runs for as long as it is held, and whose task waits for it."""
    known = set(system.jobs("slow"))
    system.hold("slow")
    run = system.train("slow")

    def running() -> list[str]:
        new = {job: status for job, status in system.jobs("slow").items() if job not in known}
        return [job for job, status in new.items() if "-train-" in job and status == "InProgress"]

    until(lambda: bool(running()), seconds=120, of="the training job")
    [job] = running()
    wanted = ("deferred", "running")
    until(lambda: system.tasks(run)["candidate.train"].state in wanted, seconds=30, of="its task to wait")
    return run, job
