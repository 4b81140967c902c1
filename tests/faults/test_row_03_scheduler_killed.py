"""Row 3: the scheduler is killed and started again while a run goes on."""

import json
from collections.abc import Mapping

import pytest

from laptop.airflow_api import Run
from tests.faults.real_airflow import RealAirflow, until
from tests.faults.workers import has_ended

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.row(3, "scheduler killed and restarted", "the run finishes; no effect happens twice"),
]
VERSION = {"service": "sagemaker", "operation": "CreateModelPackage"}
MESSAGE = {"service": "sns", "operation": "Publish"}
RECORD_OF_IT = {"service": "s3", "operation": "PutObject", "key": "*/notices/verdict-*"}


def test_a_run_outlives_its_schedulers(system: RealAirflow) -> None:
    """Killed in every step of the run with its workers, as a container is: one job a step, one version, one message.

    Fails when a job's name is not the same on every try (`naming.job_name`).
    """
    heard = system.listen("small", "row-3")
    jobs, versions = set(system.jobs("small")), len(system.versions("small"))
    # Of one step at least, the task is still at work when it is killed, and has started its job.
    call = {"service": "sagemaker", "operation": "DescribeTrainingJob", "job": "small-train-*"}
    system.switch_on("delay", **call, seconds=20, after=1, times=1)
    run, killed = system.train("small"), {}
    for step in ("preprocess", "train", "evaluate"):
        until(
            lambda step=step: any(f"-{step}-" in job for job in set(system.jobs("small")) - jobs),
            of=f"a job of {step}",
        )
        if step == "train":
            until(lambda: system.hits() == 1, of="its task to be at the call that hangs")
        killed[step] = _killed(system)
    system.until_ended(run)
    assert killed["train"] >= 2
    assert system.tasks(run)["candidate.train"].try_number >= 2
    assert len(set(system.jobs("small")) - jobs) == 3
    assert len(system.versions("small")) - versions == len(_versions_of(system, run)) <= 1
    system.until_idle()
    assert [message["run_id"] for message in heard()] == [run.run_id]


def test_a_version_whose_making_is_not_heard_of_is_made_once(system: RealAirflow) -> None:
    """The answer to CreateModelPackage is lost, and all is killed at its second asking: the next try finds the version.

    Fails when a version is neither looked for before it is made (`Packages.of_run`), nor asked for with a token of its
    run's own (`registry.package_request`).
    """
    run = _killed_at(system, VERSION, task_id="register")
    assert len(_versions_of(system, run)) == 1


def test_a_version_that_is_made_after_all_is_the_one_of_the_next_try(system: RealAirflow) -> None:
    """All is killed while CreateModelPackage hangs: the next try finds no version and makes one, and then it is served.

    Fails when it is asked for without a token of its run's own (`registry.package_request`).
    """
    run = _killed_at(system, VERSION, task_id="register", unheard=0, hangs_s=75)
    assert len(_versions_of(system, run)) == 1


def test_a_message_whose_sending_is_not_heard_of_names_itself(system: RealAirflow) -> None:
    """SNS has it, and all is killed before Airflow knows: it is sent again, and who hears both can tell by the id.

    Fails when the id is another on each try (`Notice.deduplication_id`).
    """
    heard = system.hear("small", "row-3-message")
    run = _killed_at(system, MESSAGE, task_id="notify")
    told = heard()
    assert {json.loads(envelope["Message"])["run_id"] for envelope in told} == {run.run_id}
    assert len(told) > 1
    assert len({envelope["MessageAttributes"]["deduplication_id"]["Value"] for envelope in told}) == 1


def test_a_message_that_is_on_record_is_not_sent_again(system: RealAirflow) -> None:
    """All is killed when the record of the message is written, and its task knows nothing of that.

    Fails when a try does not look for the record of an earlier one (`notices._sent`).
    """
    heard = system.listen("small", "row-3-record")
    run = _killed_at(system, RECORD_OF_IT, task_id="notify")
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
    system.restart("scheduler")
    until(lambda: has_ended(runner), of="the old try to be ended")
    assert system.jobs("slow")[job] == "InProgress"
    system.release()
    system.until_ended(run)
    assert system.jobs("slow")[job] == "Completed"
    assert len(set(system.jobs("slow")) - before) == 3


def _killed(system: RealAirflow) -> int:
    """Have the scheduler killed with its workers, and started again; how many processes were at work for a task."""
    system.kill("scheduler")
    killed = system.kill_workers()
    system.start("scheduler")
    return killed


def _killed_at(
    system: RealAirflow, call: Mapping[str, str], *, task_id: str, unheard: int = 1, hangs_s: float = 20
) -> Run:
    """A training, ended, whose scheduler and workers were killed while a call of that task hung.

    Args:
        unheard: how often the call has taken effect before; botocore makes one again whose answer is lost.
    """
    if unheard:
        system.switch_on("lost_reply", **call, times=unheard)
    system.switch_on("delay", **call, seconds=hangs_s, times=1)
    system.forget_calls()
    run = system.train("small")
    until(lambda: system.hits() == unheard + 1, of=f"{task_id} to be at the call that hangs")
    assert system.effects(**call) == unheard
    assert _killed(system) >= 2
    # The call that hung takes effect as well, though nobody waits for it.
    until(lambda: system.effects(**call, fault="delay") == 1, seconds=hangs_s + 40, of="the call that hung")
    system.until_ended(run)
    system.until_idle()
    assert system.tasks(run)[task_id].try_number >= 2
    return run


def _versions_of(system: RealAirflow, run: Run) -> list[str]:
    """The versions that a run has registered."""
    registered = [(each["CustomerMetadataProperties"], each["ModelPackageArn"]) for each in system.versions("small")]
    return [arn for properties, arn in registered if properties["airflow_run_id"] == run.run_id]
