"""SageMaker for the operators' tests: scripted answers, held to the service's model, and a run in the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from perennial import aws_requests
from perennial.operators.jobs import SageMakerJobOperator

from include.specs.job import EVALUATE, PREPROCESS, TRAIN
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun

Make = Callable[..., Any]
KEY = "experiments/churn/manual-1-abc/run.json"
MODEL_URL = "s3://lake/models/churn/manual-1-abc/job/output/model.tar.gz"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/j"
BUILDERS = {
    "train": (TRAIN, aws_requests.train),
    "preprocess": (PREPROCESS, aws_requests.preprocess),
    "evaluate": (EVALUATE, aws_requests.evaluate),
}


class Api:
    """SageMaker and its logs behind botocore's stubber: answers in order, requests and answers checked and kept."""

    def __init__(self) -> None:
        self.sagemaker, self.logs = Stubber(boto3.client("sagemaker")), Stubber(boto3.client("logs"))
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.sagemaker.client.meta.events.register("provide-client-params.sagemaker", self._keep)

    def client(self, service: str, **_: Any) -> Any:
        return {"sagemaker": self.sagemaker, "logs": self.logs}[service].client

    def missing(self) -> None:
        self.sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")

    def job(self, status: str, **more: Any) -> None:
        answer = {
            "TrainingJobName": "j",
            "TrainingJobArn": ARN,
            "ModelArtifacts": {"S3ModelArtifacts": MODEL_URL},
            "TrainingJobStatus": status,
            "SecondaryStatus": "Training",
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "CreationTime": 0,
        }
        self.sagemaker.add_response("describe_training_job", {**answer, **more})

    def created(self) -> None:
        self.sagemaker.add_response("create_training_job", {"TrainingJobArn": ARN})

    def no_log(self) -> None:
        self.logs.add_client_error("describe_log_streams", "ResourceNotFoundException", "no group")

    def log(self, *lines: str) -> None:
        self.logs.add_response("describe_log_streams", {"logStreams": [{"logStreamName": "j/algo-1"}]})
        self.logs.add_response("get_log_events", {"events": [{"message": line} for line in lines]})

    def names(self, operation: str) -> list[str]:
        return [call["TrainingJobName"] for name, call in self.calls if name == operation]

    def _keep(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    api = Api()
    monkeypatch.setattr("perennial.operators.jobs.client", api.client)
    with api.sagemaker, api.logs:
        yield api
        api.sagemaker.assert_no_pending_responses()
        api.logs.assert_no_pending_responses()


@pytest.fixture
def run(aws: SimpleNamespace, churn: ModelSpec, training_run: Make) -> TrainingRun:
    """A run whose configuration is in the lake."""
    made: TrainingRun = training_run(churn)
    aws.put(KEY, made)
    return made


@pytest.fixture
def job_task() -> Make:
    """Makes the task of a step."""

    def make(spec: ModelSpec, step: str = "train", **inputs: Any) -> SageMakerJobOperator:
        job_step, build = BUILDERS[step]
        return SageMakerJobOperator(
            task_id=step, spec=spec, step=job_step, build=build, run_type=TrainingRun, config_key=KEY, inputs=inputs
        )

    return make


@pytest.fixture
def holding_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting under which a task waits in its worker."""
    monkeypatch.setenv("AIRFLOW__PERENNIAL__DEFERRABLE", "false")
