"""Row 2: the triggerer, which looks at the jobs of all tasks that wait, is killed."""

import contextlib
from collections.abc import Iterator

import psutil
import pytest

from laptop.airflow_api import Run
from tests.faults.real_airflow import RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.row(2, "triggerer killed", "polling resumes; nothing is submitted twice"),
]


def test_another_triggerer_goes_on_looking(system: RealAirflow) -> None:
    """Killed between two looks at a job that runs: the new one takes the trigger up, and the task has the one try.

    Fails when a trigger that begins again takes its job for a new one's, or cannot be made of what it serialises
    (`SageMakerJobTrigger.run`, `.serialize`).
    """
    before, run, job = _looked_at(system)
    system.restart("triggerer")
    system.until_looked_at(job)
    assert system.tasks(run)["candidate.train"].state == "deferred"
    _require_one_try(system, before, run, job)


@pytest.fixture
def one_more(system: RealAirflow) -> Iterator[str]:
    """The name of a triggerer that is not there yet, and not any more afterwards."""
    name = "triggerer-2"
    yield name
    if name in system.running:
        system.kill(name)
        del system.running[name]


def test_a_triggerer_that_has_stalled_stops_nothing(system: RealAirflow, one_more: str) -> None:
    """Another one has its triggers when it works again: the job is that one's to wait for, and goes on.

    Fails when a trigger that is taken from its triggerer stops its job whatever Airflow says of the task
    (`SageMakerJobTrigger.on_kill`).
    """
    before, run, job = _looked_at(system)
    with _stalled(system, "triggerer"):
        system.start(one_more)
        system.until_looked_at(job)
    until(lambda: "trigger completed" in _told(system, run), of="the triggerer to give its trigger up")
    system.until_looked_at(job)
    _require_one_try(system, before, run, job)


def _looked_at(system: RealAirflow) -> tuple[set[str], Run, str]:
    """The jobs that there were before, and a run whose training job is held and has been looked at by the triggerer."""
    before = set(system.jobs("slow"))
    system.hold("slow")
    run = system.train("slow")
    job = system.until_job("slow", "train")
    until(lambda: system.tasks(run)["candidate.train"].state == "deferred", of="its task to wait")
    system.until_looked_at(job)
    return before, run, job


def _require_one_try(system: RealAirflow, before: set[str], run: Run, job: str) -> None:
    """Once the job is let go, the run ends well: one job a step, and the task has had the one try."""
    system.release()
    system.until_ended(run)
    assert system.jobs("slow")[job] == "Completed"
    assert len(set(system.jobs("slow")) - before) == 3
    assert system.tasks(run)["candidate.train"].try_number == 1


@contextlib.contextmanager
def _stalled(system: RealAirflow, name: str) -> Iterator[None]:
    """Meanwhile a process of the system stands still, and all that it has started."""
    process = psutil.Process(system.running[name].pid)
    all_of_it = [process, *process.children(recursive=True)]
    for each in all_of_it:
        each.suspend()
    try:
        yield
    finally:
        for each in all_of_it:
            each.resume()


def _told(system: RealAirflow, run: Run) -> str:
    """What the triggerers have said of the training's wait."""
    logs = (system.settings.logs / "tasks").rglob("*.trigger.*")
    return "".join(log.read_text() for log in logs if run.run_id in str(log) and "candidate.train" in str(log))
