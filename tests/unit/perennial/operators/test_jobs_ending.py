"""How a job ends, and what its task makes of that: a result, a failure that is final, one that is not, a kill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from perennial.operators.jobs import SageMakerJobOperator

from include.specs.model import ModelSpec

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
    api.missing()
    api.created()
    for status in ("InProgress", "Stopping", "InProgress", "Completed"):
        api.job(status)
    result = job_task(churn).execute(context())
    assert result == {"job_name": api.names("CreateTrainingJob")[0], "job_arn": ARN, "model_url": MODEL_URL}


@pytest.mark.usefixtures("aws")
def test_result_of_a_training(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """After the wait, the task returns the job and where its model lies."""
    api.job("Completed")
    result = job_task(churn).execute_complete(context(), {"job_name": "churn-train-x", "status": "Completed"})
    assert result == {"job_name": "churn-train-x", "job_arn": ARN, "model_url": MODEL_URL}


@pytest.mark.usefixtures("aws")
def test_result_of_a_processing(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A processing job has no model."""
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/p"
    answer = {
        "ProcessingJobName": "p",
        "ProcessingJobArn": arn,
        "ProcessingJobStatus": "Completed",
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
        "AppSpecification": {"ImageUri": "i"},
        "CreationTime": 0,
    }
    api.sagemaker.add_response("describe_processing_job", answer, {"ProcessingJobName": "p"})
    event = {"job_name": "p", "status": "Completed"}
    assert job_task(churn, "preprocess").execute_complete(context(), event) == {"job_name": "p", "job_arn": arn}


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("why", ["AlgorithmError: ValueError: one class, exit code: 1", "ClientError: bad image"])
def test_failure_of_the_code_is_final(api: Any, churn: ModelSpec, job_task: Make, context: Make, why: str) -> None:
    """The same code on the same data fails again: the task is not retried, and says why, with the end of the log."""
    api.job("Failed", FailureReason=why)
    api.log("reading", "ValueError: one class")
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
    api.job(status, **({"FailureReason": why} if why else {}))
    api.no_log()
    with pytest.raises(AirflowException, match=f"churn-train-x {status.lower()}: {why}") as failed:
        job_task(churn).execute_complete(context(), {"job_name": "churn-train-x", "status": status})
    assert not isinstance(failed.value, AirflowFailException)


@pytest.mark.usefixtures("run", "holding_its_slot")
def test_failure_met_in_the_worker(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """Waiting in the worker ends in the same words."""
    api.missing()
    api.created()
    api.job("Failed", FailureReason="AlgorithmError: x")
    api.no_log()
    with pytest.raises(AirflowFailException, match="failed: AlgorithmError: x"):
        job_task(churn).execute(context())


@pytest.mark.usefixtures("aws")
def test_job_that_was_deleted_meanwhile(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A job that has vanished is named; the task does not report success."""
    api.missing()
    with pytest.raises(AirflowException, match="SageMaker no longer knows it"):
        job_task(churn).execute_complete(context(), {"job_name": "churn-train-x", "status": "Completed"})


@pytest.mark.usefixtures("run")
def test_kill_stops_the_job(api: Any, churn: ModelSpec, job_task: Make, context: Make) -> None:
    """A task that a person ends leaves nothing billing."""
    api.job("InProgress")
    api.sagemaker.add_response("stop_training_job", {})
    operator = job_task(churn)
    _deferred(operator, context())
    operator.on_kill()
    assert api.names("StopTrainingJob") == api.names("DescribeTrainingJob")


@pytest.mark.usefixtures("aws")
def test_kill_before_the_start_stops_nothing(api: Any, churn: ModelSpec, job_task: Make) -> None:
    """A task that is ended before it has a job asks nothing of SageMaker."""
    job_task(churn).on_kill()
    assert api.calls == []


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
    api.sagemaker.add_client_error("describe_processing_job", "ValidationException", "Could not find requested job")
    api.sagemaker.add_response("create_processing_job", {"ProcessingJobArn": ARN})
    _deferred(job_task(churn, "evaluate", candidate_url=MODEL_URL), context())
    request = api.calls[-1][1]
    [source] = [each["S3Input"]["S3Uri"] for each in request["ProcessingInputs"] if each["InputName"] == "candidate"]
    assert source == MODEL_URL
