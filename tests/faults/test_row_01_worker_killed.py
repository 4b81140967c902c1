"""Row 1: the process that carries out a task is killed, at each point where it could make a second job."""

import pytest

from tests.faults.real_airflow import RealAirflow, until
from tests.faults.workers import has_ended

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.row(
        1,
        "worker killed (SIGKILL) before Create, after Create, while polling",
        "exactly one job; the retry re-attaches to it",
    ),
]
# What the task does at SageMaker, in order: look for the job, ask for it, look at it, look at it again and again.
MOMENTS = {"before Create": 0, "after Create": 1}
# A worker tries for minutes by default.
IMPATIENT = {
    "WORKERS__EXECUTION_API_RETRIES": "1",
    "WORKERS__MAX_FAILED_HEARTBEATS": "2",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_task_is_followed_by_one_that_joins(system: RealAirflow, moment: str) -> None:
    """Runner and worker are gone at that moment; the next try finds the job, or none, and the run goes through.

    Fails when a job's name is not the same on every try (`naming.job_name`), where the job was asked for; where it was
    not, when a try goes by a record of what it was about to do.
    """
    before = set(system.jobs("small"))
    # The task hangs at that call, and is killed while it does. Of another test's run, a trigger may still look.
    call = {"service": "sagemaker", "operation": "DescribeTrainingJob", "job": "small-train-*"}
    system.switch_on("delay", **call, seconds=20, after=MOMENTS[moment], times=1)
    run = system.train("small")
    until(lambda: system.hits() == 1, of="the task to be at that call")
    jobs = [job for job in set(system.jobs("small")) - before if "-train-" in job]
    assert len(jobs) == MOMENTS[moment]
    assert system.kill_workers() >= 2
    system.until_ended(run)
    made = sorted(set(system.jobs("small")) - before)
    assert [name.split("-")[1] for name in made] == ["evaluate", "preprocess", "train"]
    assert system.tasks(run)["candidate.train"].try_number >= 2


@pytest.mark.usefixtures("holding_slots")
def test_a_task_that_is_killed_while_it_polls_is_followed_by_one_that_joins(system: RealAirflow) -> None:
    """Where waiting holds the worker, its death is not the job's: the next try waits for the job that still runs.

    Fails when a job's name is not the same on every try (`naming.job_name`), or when a job that runs is not joined
    (`SageMakerJobOperator._is_spent`).
    """
    before = set(system.jobs("slow"))
    system.hold("slow")
    run = system.train("slow")
    job = system.until_job("slow", "train")
    system.until_looked_at(job)
    killed = system.owner(job)
    assert system.kill_workers() >= 2
    until(lambda: system.owner(job) != killed, of="another try to join the job")
    assert system.jobs("slow")[job] == "InProgress"
    system.release()
    system.until_ended(run)
    assert system.jobs("slow")[job] == "Completed"
    assert len(set(system.jobs("slow")) - before) == 3
    assert system.tasks(run)["candidate.train"].try_number >= 2


@pytest.mark.usefixtures("holding_slots")
def test_an_api_server_that_is_killed_stops_no_job(system: RealAirflow) -> None:
    """Workers end their tasks when it has not answered for long; what these have paid for is joined once it is back.

    Fails when a task that is ended and gets no answer stops its job (`succession.is_ended`).
    """
    before = set(system.jobs("slow"))
    system.restart("scheduler", **IMPATIENT)
    try:
        system.hold("slow")
        run = system.train("slow")
        job = system.until_job("slow", "train")
        runner = system.runner(job)
        system.kill("api-server")
        until(lambda: has_ended(runner), of="the worker to end its task")
    finally:
        # Impatient tries that find no API server would soon be used up; the next scheduler's are patient.
        system.kill("scheduler")
        system.start_the_dead()
    assert system.jobs("slow")[job] == "InProgress"
    system.release()
    system.until_ended(run)
    assert system.jobs("slow")[job] == "Completed"
    assert len(set(system.jobs("slow")) - before) == 3
