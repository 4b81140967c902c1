"""Row 3: the scheduler is killed and started again while a run goes on."""

import time

import pytest

from tests.faults.real_airflow import RealAirflow, until
from tests.faults.workers import has_ended

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.row(3, "scheduler killed and restarted", "the run finishes; no effect happens twice"),
]


def test_a_run_outlives_its_schedulers(system: RealAirflow) -> None:
    """Killed in every step of the run with its workers, as a container is: one job a step, one version, one message.

    Fails when a job's name is not the same on every try (`naming.job_name`).
    """
    heard = system.listen("small", "row-3")
    jobs, versions = set(system.jobs("small")), len(system.versions("small"))
    # Of one step at least, the task is still at work when it is killed, and has started its job.
    system.switch_on("delay", service="sagemaker", operation="DescribeTrainingJob", seconds=20, after=1, times=1)
    run = system.train("small")
    for step in ("preprocess", "train", "evaluate"):
        until(
            lambda step=step: any(f"-{step}-" in job for job in set(system.jobs("small")) - jobs),
            seconds=120,
            of=f"a job of {step}",
        )
        system.kill("scheduler")
        system.kill_workers()
        system.start("scheduler")
    system.until_ended(run)
    assert len(set(system.jobs("small")) - jobs) == 3
    registered = [found["CustomerMetadataProperties"]["airflow_run_id"] for found in system.versions("small")]
    assert registered.count(run.run_id) == len(registered) - versions
    assert len(registered) - versions <= 1
    time.sleep(1)
    assert [message["run_id"] for message in heard()] == [run.run_id]


@pytest.mark.usefixtures("holding_slots")
def test_workers_that_outlive_their_scheduler_leave_their_jobs_to_the_next_try(system: RealAirflow) -> None:
    """The new scheduler gives their tasks to others, and Airflow ends the old tries: not the jobs under the new ones.

    Fails when a task that is ended stops its job whoever follows (`succession.is_ended`).
    """
    before = set(system.jobs("slow"))
    system.hold("slow")
    run = system.train("slow")
    job = system.until_job("slow", "train")
    runner = system.runner(job)
    system.restart("scheduler", PERENNIAL__DEFERRABLE="false")
    until(lambda: has_ended(runner), seconds=60, of="the old try to be ended")
    assert system.jobs("slow")[job] == "InProgress"
    system.release()
    system.until_ended(run)
    assert system.jobs("slow")[job] == "Completed"
    assert len(set(system.jobs("slow")) - before) == 3
