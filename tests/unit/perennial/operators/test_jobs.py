"""One task, one job: a try starts it or joins it, and never starts a second one beside it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from perennial import aws_requests, quotas
from perennial.operators.jobs import SageMakerJobOperator
from perennial.triggers.jobs import SageMakerJobTrigger

from include.specs.job import EVALUATE, TRAIN, JobStep, StepResources
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun
from tests.shared.airflow_context import TRY

Make = Callable[..., Any]
KEY = "experiments/churn/manual-1-abc/run.json"
MODEL_URL = "s3://lake/models/churn/manual-1-abc/job/output/model.tar.gz"


def _deferred(operator: SageMakerJobOperator, context: dict[str, Any]) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    return deferred.value


@pytest.mark.usefixtures("run")
def test_fresh_start(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """Where there is no job, one is started under the name that was looked for, with the run's digest."""
    _deferred(job_task(churn), context())
    assert api.names("Describe") == api.names("Create")
    [request] = api.requests("Create")
    assert request["TrainingJobName"].startswith("churn-train-")
    assert len(request["Environment"]["PERENNIAL_RUN"]) == 64


@pytest.mark.usefixtures("run")
def test_retry_looks_for_the_same_job(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A second try of the same task, in another process, asks for the job of the first, and starts nothing."""
    for _ in range(2):
        _deferred(job_task(churn), context())
    assert len(api.requests("Describe")) >= 2
    assert len(api.names("Describe")) == len(api.requests("Create")) == 1


@pytest.mark.usefixtures("run")
def test_completed_job_is_joined(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A job that has ended while nobody looked gives its result at once, and is not run again."""
    api.existing = [["Completed"]]
    assert job_task(churn).execute(context())["model_url"] == MODEL_URL
    assert api.requests("Create") == []


@pytest.mark.usefixtures("run")
def test_running_job_is_joined(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A job that has not ended is waited for."""
    api.existing = [["InProgress"]]
    deferred = _deferred(job_task(churn), context())
    assert [deferred.trigger.job_name] == api.names("Describe")
    assert api.requests("Create") == []


@pytest.mark.usefixtures("run")
def test_stopping_job_is_let_go_first(
    api: Any, churn: ModelSpec, job_task: Make, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is being stopped is not joined: when it has stopped, another is started under the next number."""
    monkeypatch.setattr("perennial.operators.jobs.time.sleep", lambda _: None)
    api.existing = [["Stopping", "Stopping", "Stopped"]]
    deferred = _deferred(job_task(churn), context())
    assert deferred.trigger.job_name == api.names("Describe")[0] + "-2"
    assert api.names("Create") == [deferred.trigger.job_name]


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(("ended", "number"), [(["Failed"], 2), (["Stopped"], 2), (["Failed", "Stopped"], 3)])
def test_new_generation_after_the_last_has_ended_badly(
    api: Any, churn: ModelSpec, job_task: Make, context: Make, ended: list[str], number: int
) -> None:
    """Only when the last job has failed or was stopped is another started, under the next number."""
    api.existing = [[status] for status in ended]
    _deferred(job_task(churn), context())
    first, *_, last = api.names("Describe")
    assert api.names("Create") == [last] == [f"{first}-{number}"]


@pytest.mark.usefixtures("run")
def test_name_in_use_is_our_own_job(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """The create took effect and its answer was lost: the job is joined."""
    api.lost_reply = True
    deferred = _deferred(job_task(churn), context())
    assert deferred.trigger.job_name == api.names("Create")[0]


def test_changed_configuration_is_another_job(
    api: Any, aws: SimpleNamespace, run: TrainingRun, job_task: Make, context: Make
) -> None:
    """When the run is resolved anew and came out otherwise, a job of the former configuration is not its result."""
    for changed in (run, dataclasses.replace(run, partitions=run.partitions * 2)):
        aws.put(KEY, changed)
        _deferred(job_task(run.model), context())
    assert len(api.names("Create")) == 2


def test_run_that_a_backfill_takes_over_has_the_same_job(
    api: Any, aws: SimpleNamespace, run: TrainingRun, job_task: Make, context: Make
) -> None:
    """It has another reason and is of a past window by now, and neither changes what its jobs find."""
    _deferred(job_task(run.model), context())
    taken_over = dataclasses.replace(run.provenance, reason="backfill run")
    aws.put(KEY, dataclasses.replace(run, provenance=taken_over, past_window=True))
    _deferred(job_task(run.model), context())
    assert len(api.names("Create")) == 1


@pytest.mark.usefixtures("run")
def test_runs_have_jobs_of_their_own(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """Two runs of one DAG never share a job."""
    for run_id in ("manual__1", "manual__2"):
        _deferred(job_task(churn), context(run_id=run_id))
    assert len(api.names("Create")) == 2


@pytest.mark.usefixtures("run")
def test_deferral_carries_all_that_the_triggerer_needs(
    api: Any, churn: ModelSpec, job_task: Make, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Region and connection go along, the first look is due an interval on, and the wait is the job's and an hour."""
    monkeypatch.setattr("perennial.operators.jobs.time.time", lambda: 1000.0)
    api.existing = [["InProgress"]]
    spot = dataclasses.replace(churn, step_resources={"train": StepResources(spot=True, max_run_s=7200)})
    deferred = _deferred(job_task(spot), context())
    assert isinstance(deferred.trigger, SageMakerJobTrigger)
    _, arguments = deferred.trigger.serialize()
    assert arguments == {
        "job_name": api.names("Describe")[0],
        "kind": "training",
        "owner": TRY,
        "stop_on_kill": True,
        "connection": "aws_default",
        "region": "eu-west-1",
        "poll_interval_s": 0.001,
        "first_look": 1000.001,
    }
    assert deferred.timeout == dt.timedelta(hours=5)
    assert callable(getattr(job_task(churn), deferred.method_name))


@pytest.mark.parametrize("step", [TRAIN, EVALUATE])
def test_task_outwaits_its_job(churn: ModelSpec, step: JobStep) -> None:
    """A job that may run for ten hours, and wait for its turn, is not stopped by the default timeout of tasks."""
    long = dataclasses.replace(churn, step_resources={step.name: StepResources(max_run_s=36_000)})
    operator = SageMakerJobOperator(
        task_id="t",
        spec=long,
        step=step,
        build=aws_requests.train,
        run_type=TrainingRun,
        config_key=KEY,
        execution_timeout=dt.timedelta(hours=6),
    )
    assert operator.execution_timeout == dt.timedelta(hours=11, seconds=quotas.LONGEST_S)


@pytest.mark.usefixtures("run")
def test_log_can_be_opened_while_the_job_runs(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """The link's address is stored before the task waits."""
    api.existing = [["InProgress"]]
    made = context()
    _deferred(job_task(churn), made)
    address = made["ti"].pushed["_link_JobLogLink"]
    assert api.names("Describe")[0] in address
    assert "TrainingJobs" in address
    assert "region=eu-west-1" in address
