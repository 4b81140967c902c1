"""How a task comes to its job where SageMaker does not simply start it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from botocore.exceptions import ClientError
from perennial import quotas, retries
from perennial.operators.jobs import SageMakerJobOperator
from perennial.triggers.jobs import SageMakerJobTrigger

from include.specs.job import PREPROCESS
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun

Make = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("run")
NOW = 1_772_000_000.0
TYPE = "ml.m5.large"
MODEL = "models/churn/manual-1-abc/job/output/model.tar.gz"


@pytest.fixture
def task(churn: ModelSpec, job_task: Make, monkeypatch: pytest.MonkeyPatch) -> SageMakerJobOperator:
    """The task of a training, at a time that does not pass."""
    monkeypatch.setattr("perennial.operators.starting.time.time", lambda: NOW)
    made: SageMakerJobOperator = job_task(churn)
    return made


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch, holding_its_slot: None) -> list[float]:  # noqa: ARG001 a setting of the process
    """The times that a task has waited in its worker."""
    waits: list[float] = []
    monkeypatch.setattr("perennial.operators.starting.time.sleep", waits.append)
    return waits


def _deferred(what: Callable[[], Any]) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        what()
    return deferred.value


def _wait_s(deferred: TaskDeferred) -> float:
    assert isinstance(deferred.trigger, DateTimeTrigger)
    return float((deferred.trigger.moment - dt.datetime.fromtimestamp(NOW, dt.UTC)).total_seconds())


def test_quota_that_others_use_up_is_asked_for_again(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """Without a worker, a minute or two later; once there is room, the task waits for its job as ever."""
    api.no_more_of = (TYPE,)
    deferred = _deferred(lambda: task.execute(context()))
    for asked in (1, 2):
        assert 60 <= _wait_s(deferred) <= 120
        assert (deferred.method_name, deferred.kwargs) == ("ask_again", {"asked": asked})
        api.no_more_of = (TYPE,) if asked == 1 else ()
        given = {"event": None, **deferred.kwargs}
        deferred = _deferred(lambda given=given: task.resume_execution("ask_again", given, context()))
    assert isinstance(deferred.trigger, SageMakerJobTrigger)
    assert api.names("Create") == [deferred.trigger.job_name]


def test_try_asks_no_more_after_two_hours(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """It fails with what AWS said, which may pass: other tries follow, much later."""
    api.no_more_of = (TYPE,)
    with pytest.raises(ClientError, match="no more than") as failed:
        task.resume_execution("ask_again", {"event": None, "asked": quotas.ASKS}, context())
    assert retries.of_error(failed.value) is retries.LIMIT


def test_quota_is_waited_for_in_the_worker(
    api: Any, task: SageMakerJobOperator, context: Make, slept: list[float]
) -> None:
    """Where waiting holds the slot."""
    api.no_more_of, api.created = (TYPE,), ["Completed"]
    api.before_create = lambda: setattr(api, "no_more_of", () if len(slept) == 2 else (TYPE,))
    assert task.execute(context())["job_name"] == api.names("Create")[0]
    assert [60 <= wait <= 120 for wait in slept] == [True, True]


@pytest.mark.usefixtures("slept")
def test_wait_in_the_worker_ends_too(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """After as many times."""
    api.no_more_of = (TYPE,)
    with pytest.raises(ClientError, match="no more than"):
        task.execute(context())
    assert len(api.requests("Create")) == 1 + quotas.ASKS


def test_quota_of_none_is_final(
    api: Any, task: SageMakerJobOperator, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No job that ends makes room for one."""
    words = f"The account-level service limit '{TYPE} for training job usage' is 0 Instances, with current utilization"

    def refuse() -> None:
        raise ClientError({"Error": {"Code": "ResourceLimitExceeded", "Message": words}}, "CreateTrainingJob")

    monkeypatch.setattr(api, "before_create", refuse)
    with pytest.raises(AirflowFailException, match="is 0 Instances"):
        task.execute(context())


def _remove(aws: SimpleNamespace, *keys: str) -> None:
    for key in keys:
        aws.s3.delete_object(Bucket="lake", Key=key)


def test_completed_job_whose_model_is_gone_is_followed_by_another(
    api: Any, aws: SimpleNamespace, task: SageMakerJobOperator, context: Make
) -> None:
    """A rule of the bucket has deleted it, say: to join that job would be the same dead end for ever."""
    _remove(aws, MODEL)
    api.existing = [["Completed"]]
    deferred = _deferred(lambda: task.execute(context()))
    assert api.names("Create") == [deferred.trigger.job_name] == [api.names("Describe")[0] + "-2"]


def test_completed_job_is_joined_where_its_model_is_there(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """Nothing is paid for twice."""
    api.existing = [["Completed"]]
    assert task.execute(context())["job_name"] == api.names("Describe")[0]
    assert api.names("Create") == []


def test_job_that_this_try_has_waited_for_is_not_looked_after(
    api: Any, aws: SimpleNamespace, task: SageMakerJobOperator, context: Make
) -> None:
    """It has completed this minute: whoever needs its model meets what is wrong with it."""
    _remove(aws, MODEL)
    api.existing = [["Completed"]]
    event = {"job_name": "churn-train-x", "status": "Completed"}
    assert task.execute_complete(context(), event)["model_url"].endswith(MODEL)


@pytest.mark.parametrize("gone", [None, "train", "validation", "test", "report"])
def test_each_output_of_a_completed_job_must_be_left(
    api: Any, aws: SimpleNamespace, churn: ModelSpec, job_task: Make, context: Make, *, gone: str | None
) -> None:
    """As SageMaker says where they went."""
    outputs = {name: f"processed/churn/r/{name}" for name in PREPROCESS.outputs}
    described = [{"OutputName": name, "S3Output": {"S3Uri": f"s3://lake/{key}/"}} for name, key in outputs.items()]
    api.existing, api.outputs = [["Completed"]], {"Outputs": described}
    for name, key in outputs.items():
        aws.put(f"{key}/part" if name != gone else f"{key}-of-another/part", b"1")
    operator = job_task(churn, "preprocess")
    if gone is None:
        operator.execute(context())
    else:
        _deferred(lambda: operator.execute(context()))
    assert len(api.names("Create")) == (gone is not None)


@pytest.mark.parametrize("left", [True, False])
def test_flow_may_look_for_more(
    api: Any, run: TrainingRun, task: SageMakerJobOperator, context: Make, *, left: bool
) -> None:
    """What a partition consists of, only ingestion knows."""
    asked = []
    task.is_left = lambda about, lake: (asked.append((about, lake.bucket)), left)[1]
    api.existing = [["Completed"]]
    if left:
        task.execute(context())
    else:
        _deferred(lambda: task.execute(context()))
    assert asked == [(run, "lake")]
    assert len(api.names("Create")) == (not left)


@pytest.mark.parametrize("lost_reply", [False, True])
def test_new_job_may_be_seen_late(
    api: Any, task: SageMakerJobOperator, context: Make, monkeypatch: pytest.MonkeyPatch, *, lost_reply: bool
) -> None:
    """AWS has answered, and does not know of the job for some seconds yet: nobody has deleted it."""
    waits: list[float] = []
    monkeypatch.setattr("perennial.operators.starting.time.sleep", waits.append)
    api.lag, api.lost_reply = 3, lost_reply
    deferred = _deferred(lambda: task.execute(context()))
    assert [deferred.trigger.job_name] == api.names("Create")
    assert waits == [1, 2, 4]


def test_new_job_that_is_never_seen_fails_the_try(
    api: Any, task: SageMakerJobOperator, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After half a minute; the next try looks for it again."""
    waits: list[float] = []
    monkeypatch.setattr("perennial.operators.starting.time.sleep", waits.append)
    api.lag = 1000
    with pytest.raises(AirflowException, match="was it deleted"):
        task.execute(context())
    assert sum(waits) == 30


def test_job_that_is_being_deleted_is_followed_by_another(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """It would be waited for until the task's own timeout."""
    api.existing = [["Deleting"]]
    assert _deferred(lambda: task.execute(context())).trigger.job_name == api.names("Describe")[0] + "-2"
