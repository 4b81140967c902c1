"""Row 3: the scheduler is killed and started again while a run goes on."""

import time

import pytest

from tests.faults.real_airflow import RealAirflow, until

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
