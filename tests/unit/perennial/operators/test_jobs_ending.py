"""How a job ends, and what its task makes of that: a result, a failure that is final, one that is not, a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from perennial import retries
from perennial.hooks.jobs import TOLD_TAG
from perennial.operators.jobs import SageMakerJobOperator

from include.specs.model import ModelSpec
from tests.shared.airflow_context import NEXT_TRY, Try

Make = Callable[..., Any]
KEY = "experiments/churn/manual-1-abc/run.json"
MODEL_URL = "s3://lake/models/churn/manual-1-abc/job/output/model.tar.gz"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/j"


def _deferred(operator: SageMakerJobOperator, context: dict[str, Any]) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    return deferred.value


@pytest.mark.usefixtures("run", "holding_its_slot")
def test_wait_in_the_worker(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """Where waiting holds the slot, the task looks until the job has ended."""
    api.created = ["InProgress", "InProgress", "InProgress", "Completed"]
    result = job_task(churn).execute(context())
    assert result == {"job_name": api.names("Create")[0], "job_arn": ARN, "model_url": MODEL_URL}


@pytest.mark.usefixtures("aws")
def test_result_of_a_training(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """After the wait, the task returns the job and where its model lies."""
    api.existing = [["Completed"]]
    result = job_task(churn).execute_complete(context(), {"job_name": "churn-train-x", "status": "Completed"})
    assert result == {"job_name": "churn-train-x", "job_arn": ARN, "model_url": MODEL_URL}


@pytest.mark.usefixtures("aws")
def test_result_of_a_processing(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A processing job has no model."""
    api.existing = [["Completed"]]
    event = {"job_name": "p", "status": "Completed"}
    assert job_task(churn, "preprocess").execute_complete(context(), event) == {"job_name": "p", "job_arn": ARN}


@pytest.mark.usefixtures("run")
def test_log_of_a_job_is_in_the_log_of_its_task(
    api: Any, churn: ModelSpec, job_task: Make, context: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a job said last can be read where a person looks first, also when all went well."""
    api.existing, api.log_lines = [["Completed"]], ["fitted in 3 s"]
    job_task(churn).execute(context())
    assert "fitted in 3 s" in capsys.readouterr().out


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("why", ["AlgorithmError: ValueError: one class, exit code: 1", "ClientError: bad image"])
def test_failure_of_the_code_is_final(api: Any, churn: ModelSpec, job_task: Make, context: Make, why: str) -> None:
    """The same code on the same data fails again: the task is not retried, and says why, with the end of the log."""
    api.existing, api.failure = [["Failed"]], why
    api.log_lines = ["reading", "ValueError: one class"]
    with pytest.raises(AirflowFailException) as failed:
        job_task(churn).execute_complete(context(), {"job_name": "churn-train-x", "status": "Failed"})
    assert str(failed.value) == (f"churn-train-x failed: {why}\nEnd of its log:\n  reading\n  ValueError: one class")


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("status", "why"),
    [("Failed", "CapacityError: no ml.m5.large"), ("Failed", "InternalServerError: try again"), ("Stopped", "")],
)
def test_other_failures_are_retried(
    api: Any, churn: ModelSpec, job_task: Make, context: Make, status: str, why: str
) -> None:
    """What may pass does not end the task for good, and keeps its reason."""
    api.existing, api.failure = [[status]], why
    with pytest.raises(AirflowException, match=f"churn-train-x {status.lower()}: {why}") as failed:
        job_task(churn).execute_complete(context(), {"job_name": "churn-train-x", "status": status})
    assert not isinstance(failed.value, AirflowFailException)


@pytest.mark.usefixtures("run", "holding_its_slot")
def test_failure_met_in_the_worker(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """Waiting in the worker ends in the same words."""
    api.created, api.failure = ["InProgress", "Failed"], "AlgorithmError: x"
    with pytest.raises(AirflowFailException, match="failed: AlgorithmError: x"):
        job_task(churn).execute(context())


@pytest.mark.usefixtures("run")
def test_job_that_was_deleted_while_its_task_was_deferred_is_started_anew(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """By the next try: nothing is wrong with the request."""
    with pytest.raises(TaskDeferred) as first:
        job_task(churn).execute(context())
    name = first.value.trigger.job_name
    api.jobs[name] = None
    with pytest.raises(AirflowException, match=f"does not know {name}") as failed:
        job_task(churn).execute_complete(context(), {"job_name": name, "status": "unknown"})
    assert not isinstance(failed.value, AirflowFailException)
    with pytest.raises(TaskDeferred) as again:
        job_task(churn).execute(context(attempt=Try(number=2, id=NEXT_TRY)))
    assert again.value.trigger.job_name == name
    assert len(api.requests("Create")) == 2


@pytest.mark.usefixtures("run")
def test_job_that_is_there_after_all_is_waited_for(
    api: Any, churn: ModelSpec, job_task: Make, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SageMaker promises no look that sees every job: it is not taken for one that has failed."""
    monkeypatch.setattr("perennial.operators.starting.time.sleep", lambda _: None)
    api.existing = [["InProgress", "InProgress", "Completed"]]
    event = {"job_name": "churn-train-x", "status": "unknown"}
    assert job_task(churn).execute_complete(context(), event)["job_name"] == "churn-train-x"


@pytest.mark.usefixtures("aws")
def test_job_that_was_deleted_meanwhile(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A job that has vanished is named; the task does not report success."""
    assert api.existing == []
    with pytest.raises(AirflowException, match="does not know churn-train-x, which was asked for: was it deleted"):
        job_task(churn).execute_complete(context(), {"job_name": "churn-train-x", "status": "Completed"})


@pytest.mark.usefixtures("run")
def test_failure_that_nobody_told_is_told_before_another_job_is_paid_for(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """The worker that was to tell it was killed: the same code would fail the same way again."""
    api.existing = [["Failed: AlgorithmError: x"]]
    with pytest.raises(AirflowFailException, match="AlgorithmError: x"):
        job_task(churn).execute(context())
    assert api.names("Create") == []


@pytest.mark.usefixtures("run")
def test_task_that_is_cleared_after_a_failure_starts_afresh(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """Somebody has read of it, and mended what the job does not say of itself: an image, a role."""
    api.existing = [["Failed: AlgorithmError: x"]]
    with pytest.raises(AirflowFailException):
        job_task(churn).execute(context())
    cleared = context()
    cleared["ti"].try_number, cleared["ti"].max_tries = 2, 4
    _deferred(job_task(churn), cleared)
    assert api.names("Create") == [api.names("Describe")[0] + "-2"]


@pytest.mark.usefixtures("run")
def test_failure_that_airflow_has_not_heard_of_is_told_again(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """The worker was killed after it had noted so on the job: Airflow's own next try pays for no other."""
    api.existing = [["Failed: AlgorithmError: x"]]
    for number in (1, 2, 3):
        again = context()
        again["ti"].try_number = number
        with pytest.raises(AirflowFailException, match="AlgorithmError: x"):
            job_task(churn).execute(again)
    assert api.names("Create") == []


@pytest.mark.usefixtures("run")
def test_job_that_an_older_release_has_told_of_is_spent(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """It did not say in which clearing."""
    api.existing, api.tags = [["Failed: AlgorithmError: x"]], {TOLD_TAG: "yes"}
    _deferred(job_task(churn), context())
    assert len(api.names("Create")) == 1


@pytest.mark.usefixtures("aws")
def test_job_that_may_not_be_marked_keeps_its_reason(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """What people hear is why it failed, not that a tag was refused."""
    api.existing, api.may_tag = [["Failed: AlgorithmError: KeyError: tenure"]], False
    with pytest.raises(AirflowFailException, match="KeyError: tenure") as failed:
        job_task(churn).execute_complete(context(), {"job_name": "churn-train-x", "status": "Failed"})
    assert getattr(failed.value, "fault", None) is retries.ALGORITHM


@pytest.mark.usefixtures("aws")
def test_job_that_may_not_be_looked_at_is_told_as_that(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """The triggerer says which fault it met, and what AWS said; the job is left to be joined once that is mended."""
    event = {"job_name": "churn-train-x", "fault": "denied", "error": "ClientError: AccessDenied: may not describe"}
    with pytest.raises(AirflowFailException, match=r"churn-train-x cannot be looked at: .*may not describe") as failed:
        job_task(churn).execute_complete(context(), event)
    assert getattr(failed.value, "fault", None) is retries.DENIED
    assert api.calls == []


def test_failure_after_the_wait_is_on_record(
    aws: SimpleNamespace, api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """With the end of the log, for the run's one notice."""
    api.existing, api.log_lines = [["Failed: AlgorithmError: exit code 1"]], ["ValueError: one class"]
    event = {"job_name": "churn-train-x", "status": "Failed"}
    with pytest.raises(AirflowFailException):
        job_task(churn).resume_execution("execute_complete", {"event": event}, context())
    [key] = aws.listing()
    record = json.loads(aws.get(key))
    assert (record["task_id"], record["fault"], record["retried"]) == ("train", "algorithm", False)
    assert record["message"].endswith("ValueError: one class")


@pytest.mark.usefixtures("aws")
def test_missing_configuration_is_final_and_named(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """Without the run's configuration nothing is started, and its address is told."""
    with pytest.raises(AirflowFailException, match=rf"s3://lake/{KEY}, found no such object"):
        job_task(churn).execute(context())
    assert api.calls == []


@pytest.mark.usefixtures("aws")
def test_missing_setting_is_final_and_named(
    monkeypatch: pytest.MonkeyPatch, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """An environment that lacks a setting is told which, by the name it has on MWAA."""
    monkeypatch.delenv("AIRFLOW__PERENNIAL__ROLE_ARN")
    with pytest.raises(AirflowFailException, match=r"perennial\.role_arn"):
        job_task(churn).execute(context())


@pytest.mark.usefixtures("run")
def test_inputs_reach_the_request(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """What an earlier task returned is in the request."""
    _deferred(job_task(churn, "evaluate", candidate_url=MODEL_URL), context())
    [request] = api.requests("Create")
    [source] = [each["S3Input"]["S3Uri"] for each in request["ProcessingInputs"] if each["InputName"] == "candidate"]
    assert source == MODEL_URL
