"""Row 10: a person or a timeout ends a task while its job runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.triggers.base import BaseTrigger

from laptop.airflow_api import Run
from tests.faults.real_airflow import REPO, RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.row(
        10,
        "task cleared, run marked failed, `dagrun_timeout`",
        "the job is stopped or adopted, never left billing",
    ),
]
# In which of Airflow's processes a listener hears what a person ends, and what has taken too long.
HEARING = ("api-server", "scheduler")
# Where a task waits, and the state that it has meanwhile.
IN_THE_WORKER = "waiting in the worker"
WAITING = {"waiting in the triggerer": "deferred", IN_THE_WORKER: "running"}
# Before Airflow 3.3 no trigger is told that its task was ended: there the listener is all that the row goes by.
HEARD_OF = WAITING if hasattr(BaseTrigger, "on_kill") else {IN_THE_WORKER: "running"}
# No partition is so old: a run that is to train on it fails at once.
NO_DATA = {"start": "2001-01-01", "end": "2001-01-02"}


@dataclass(frozen=True, kw_only=True)
class Training:
    """A run whose training job runs for as long as it is held, and the jobs that its model had before it."""

    model: str
    run: Run
    job: str
    known: frozenset[str]


@pytest.fixture(params=WAITING.values(), ids=WAITING.keys())
def waits(request: pytest.FixtureRequest) -> str:
    """In which state a task waits for its job; Airflow's tasks do so."""
    if request.param == "running":
        request.getfixturevalue("holding_slots")
    return str(request.param)


@pytest.fixture
def alone(system: RealAirflow, waits: str, tmp_path: Path) -> Iterator[str]:
    """The same, where no listener hears of anything: Airflow has our package, and not the entry file that names it."""
    (tmp_path / "perennial").symlink_to(REPO / "plugins" / "perennial")
    _restart(system, CORE__PLUGINS_FOLDER=str(tmp_path))
    yield waits
    _restart(system)


def test_the_job_of_a_run_that_is_marked_failed_is_stopped(system: RealAirflow, waits: str) -> None:
    """Nobody waits for its result any more: it bills no longer, and no message is sent about a person's own doing.

    Fails when what waits does nothing (`on_kill` of operator and trigger) and the listener does not either
    (`perennial.listener`), when a try that was ended goes on and asks for the job's next generation, or when whoever
    ends the job tells of it.
    """
    heard = system.listen("slow", "row-10")
    training = _training(system, "slow", waits)
    system.api.fail(training.run)
    _until_stopped(system, training)
    assert system.state(training.run) == "failed"
    assert len(_told(system, "slow", heard)) == 1


@pytest.mark.parametrize("waits", HEARD_OF.values(), ids=HEARD_OF.keys(), indirect=True)
def test_what_waits_for_a_job_stops_it_by_itself(system: RealAirflow, alone: str) -> None:
    """The run is marked as failed: the triggerer hears of it, or the worker at its next heartbeat.

    Fails when `on_kill` does nothing: `SageMakerJobTrigger.on_kill` where the triggerer waits,
    `SageMakerJobOperator.on_kill` where the worker does.
    """
    training = _training(system, "slow", alone)
    system.api.fail(training.run)
    _until_stopped(system, training)


def test_the_job_of_a_task_that_is_cleared_is_stopped_or_adopted(system: RealAirflow, waits: str) -> None:
    """The next try joins it, or starts its next generation when it has stopped: never two that run at a time.

    Fails when a cleared task's job goes on and its successor starts another (a name of each try's own).
    """
    training = _training(system, "slow", waits)
    job, cleared = training.job, system.owner(training.job)
    system.clear(training.run, "candidate.train")
    until(lambda: bool({*_owners(system, training)} - {cleared}), of="the next try to have a job")
    assert len(_owners(system, training)) == 1
    system.release()
    system.until_ended(training.run)
    system.until_idle()
    found = _trainings(system, training)
    statuses = {name: each["TrainingJobStatus"] for name, each in found.items()}
    assert statuses in ({job: "Completed"}, {job: "Stopped", f"{job}-2": "Completed"})
    if len(found) > 1:
        assert found[job]["TrainingEndTime"] <= found[f"{job}-2"]["CreationTime"]
    assert _running(system, training) == []


def test_the_job_of_a_run_that_is_marked_failed_before_a_triggerer_looks_is_stopped(system: RealAirflow) -> None:
    """A triggerer takes a trigger up a second or two after its task has deferred; here it does not at all.

    Fails when no listener ends the jobs of runs that a person marks (`perennial.listener`).
    """
    training = _unheard(system, "slow")
    system.api.fail(training.run)
    _until_stopped(system, training)


@pytest.mark.usefixtures("holding_slots")
def test_the_job_of_a_run_that_is_marked_failed_between_two_tries_is_stopped(system: RealAirflow) -> None:
    """The worker has died, Airflow has given the task another id, and the try that has it is not there yet.

    Fails when the listener stops only what carries the id that the task has now (`perennial.hooks.jobs._is_of`).
    """
    training = _training(system, "slow", "running")
    run, job = training.run, training.job
    # Nothing of a paused DAG is queued, so that its next try does not come.
    system.api.ask("PATCH", f"/dags/{run.dag_id}", {"is_paused": True})
    try:
        assert system.kill_workers() >= 2
        until(lambda: system.tasks(run)["candidate.train"].state == "up_for_retry", of="the death to be seen")
        assert system.jobs("slow")[job] == "InProgress"
        system.api.fail(run)
        _until_stopped(system, training)
    finally:
        system.api.unpause(run.dag_id)


def test_the_job_of_a_run_that_took_too_long_is_stopped(system: RealAirflow, waits: str) -> None:
    """The scheduler gives the run up: the job ends with it, and one message says why.

    Fails when neither what waits nor the listener does anything (`on_kill`, `perennial.listener`), or the DAG has no
    failure callback (`flows.training`).
    """
    heard = system.listen("impatient", "row-10-timeout")
    training = _training(system, "impatient", waits)
    _until_given_up(system, training)
    first, _ = _told(system, "impatient", heard)
    assert (first["run_id"], first["fault"]) == (training.run.run_id, "run-timeout")


@pytest.mark.parametrize("waits", ["running"], ids=[IN_THE_WORKER], indirect=True)
def test_a_worker_stops_the_job_of_a_run_that_took_too_long_by_itself(system: RealAirflow, alone: str) -> None:
    """Its supervisor hears at a heartbeat that the scheduler has given the run up.

    Fails when a task of such a run is not taken for one that is ended (`succession.is_ended`).
    """
    training = _training(system, "impatient", alone)
    _until_given_up(system, training)


def test_the_job_of_a_run_that_took_too_long_before_a_triggerer_looks_is_stopped(system: RealAirflow) -> None:
    """Nobody's trigger hears that the scheduler gives the run up: the scheduler itself ends the job.

    Fails when no listener ends the jobs of runs that have taken too long (`perennial.listener`).
    """
    training = _unheard(system, "impatient")
    _until_given_up(system, training)


def _restart(system: RealAirflow, **options: str) -> None:
    for name in HEARING:
        system.restart(name, **options)
    # It waits until the API server answers.
    system.start_the_dead()


def _training(system: RealAirflow, model: str, state: str) -> Training:
    """One whose task waits for the job in that state, and has looked at it from there."""
    training = _begun(system, model)
    until(lambda: system.tasks(training.run)["candidate.train"].state == state, of="its task to wait")
    system.until_looked_at(training.job)
    assert system.tasks(training.run)["candidate.train"].state == state
    return training


def _unheard(system: RealAirflow, model: str) -> Training:
    """One whose task has deferred where no triggerer takes its trigger up."""

    def without_triggerer(run: Run) -> None:
        train = "candidate.train"
        until(lambda: system.tasks(run)[train].state is not None, of="the task of the training")
        system.kill("triggerer")
        until(lambda: system.tasks(run)[train].state == "deferred", of="its task to wait")

    return _begun(system, model, before=without_triggerer)


def _begun(system: RealAirflow, model: str, *, before: Callable[[Run], None] = lambda _: None) -> Training:
    """One whose job runs; `before` is done while that is waited for."""
    known = frozenset(system.jobs(model))
    system.hold(model)
    run = system.train(model)
    before(run)

    def running() -> list[str]:
        new = {job: status for job, status in system.jobs(model).items() if job not in known}
        return [job for job, status in new.items() if "-train-" in job and status == "InProgress"]

    until(lambda: bool(running()), of="the training job")
    [job] = running()
    return Training(model=model, run=run, job=job, known=known)


def _until_given_up(system: RealAirflow, training: Training) -> None:
    """Have the run taken too long, and wait until it has failed of it and its job is stopped."""
    system.outlast(training.run)
    system.until_ended(training.run, expected="failed")
    _until_stopped(system, training)


def _until_stopped(system: RealAirflow, training: Training) -> None:
    """Wait until the job is stopped, and until no process is left that could ask for another: none has."""
    until(lambda: system.jobs(training.model)[training.job] == "Stopped", of="the job to stop")
    system.until_idle()
    assert list(_trainings(system, training)) == [training.job]
    assert _running(system, training) == []


def _new(system: RealAirflow, training: Training) -> dict[str, str]:
    """The run's jobs: job → status."""
    return {job: status for job, status in system.jobs(training.model).items() if job not in training.known}


def _running(system: RealAirflow, training: Training) -> list[str]:
    """Those that bill."""
    return [job for job, status in _new(system, training).items() if status in ("InProgress", "Stopping")]


def _owners(system: RealAirflow, training: Training) -> list[str]:
    """The tries whose training jobs bill, one for each job."""
    return [system.owner(job) for job in _running(system, training) if "-train-" in job]


def _trainings(system: RealAirflow, training: Training) -> dict[str, dict[str, Any]]:
    """The run's training jobs, described."""
    sagemaker = system.client("sagemaker")
    names = [job for job in _new(system, training) if "-train-" in job]
    return {name: sagemaker.describe_training_job(TrainingJobName=name) for name in names}


def _told(system: RealAirflow, model: str, heard: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What was told until one more run had failed, whose task raised an error: whatever was to be told is by then."""
    run = system.api.trigger(f"{model}_training", conf=NO_DATA)
    system.until_ended(run, expected="failed")
    told: list[dict[str, Any]] = []

    def is_told() -> bool:
        told.extend(heard())
        return run.run_id in [message["run_id"] for message in told]

    until(is_told, of="the message of a run that has failed")
    assert (told[-1]["run_id"], told[-1]["task_id"], told[-1]["fault"]) == (run.run_id, "resolve", "data")
    return told
