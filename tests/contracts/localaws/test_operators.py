"""The amazon provider's stock SageMaker operators, unchanged: synchronous and deferrable."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contracts.localaws.harness import REGION, Jobs

airflow_sdk = pytest.importorskip("airflow.sdk", reason="Airflow is not installed")

from airflow.providers.amazon.aws.operators.sagemaker import (  # noqa: E402  # after the check that it is there
    SageMakerProcessingOperator,
    SageMakerTrainingOperator,
)
from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred  # noqa: E402  # as above


@pytest.fixture(autouse=True)
def _aws_is_local(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user sets, and nothing else: endpoint, region, dummy keys."""
    settings = {
        "AWS_ENDPOINT_URL": jobs.server.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def run(operator: Any) -> Any:
    """Run as a task would: deferred, its trigger waits, and it resumes."""
    try:
        return operator.execute({})
    except TaskDeferred as deferred:
        event = asyncio.run(_first_event(deferred.trigger))
        return getattr(operator, deferred.method_name)({}, event.payload)


async def _first_event(trigger: Any) -> Any:
    return await anext(aiter(trigger.run()))


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_processing_operator_runs_a_job(jobs: Jobs, deferrable: bool) -> None:
    """The operator starts the job, waits for its end and returns its description."""
    operator = SageMakerProcessingOperator(
        task_id="processing",
        config=jobs.processing_request("print('done')"),
        wait_for_completion=True,
        check_interval=1,
        deferrable=deferrable,
    )
    assert run(operator)["Processing"]["ProcessingJobStatus"] == "Completed"


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_training_operator_runs_a_job(jobs: Jobs, deferrable: bool) -> None:
    """The operator starts the job, waits for its end and returns its description with the model's place."""
    operator = SageMakerTrainingOperator(
        task_id="training",
        config=jobs.training_request("open('/opt/ml/model/m', 'w').write('model')"),
        wait_for_completion=True,
        print_log=False,
        check_interval=1,
        deferrable=deferrable,
    )
    training = run(operator)["Training"]
    assert training["TrainingJobStatus"] == "Completed"
    assert training["ModelArtifacts"]["S3ModelArtifacts"].endswith("model.tar.gz")


@pytest.mark.slow
def test_the_training_operator_prints_the_log(jobs: Jobs) -> None:
    """The synchronous path that follows the log finds its stream and the growing transitions (it polls every 30 s)."""
    operator = SageMakerTrainingOperator(
        task_id="training",
        config=jobs.training_request("print('epoch 1')"),
        wait_for_completion=True,
        print_log=True,
        check_interval=1,
        deferrable=False,
    )
    assert run(operator)["Training"]["TrainingJobStatus"] == "Completed"


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_failed_job_fails_the_task(jobs: Jobs, deferrable: bool) -> None:
    """A job that fails raises, on both paths."""
    operator = SageMakerProcessingOperator(
        task_id="processing",
        config=jobs.processing_request("raise SystemExit(1)"),
        wait_for_completion=True,
        check_interval=1,
        deferrable=deferrable,
    )
    with pytest.raises(AirflowException):
        run(operator)


def test_a_taken_name_gets_a_timestamp(jobs: Jobs) -> None:
    """The operator finds that the name is taken, as it would on AWS, and starts the job under another one."""
    config = jobs.processing_request("pass")
    names = []
    for _ in range(2):
        operator = SageMakerProcessingOperator(
            task_id="processing", config=dict(config), wait_for_completion=True, check_interval=1
        )
        names.append(run(operator)["Processing"]["ProcessingJobName"])
    assert names[0] == config["ProcessingJobName"]
    assert names[1].startswith(f"{names[0]}-")
