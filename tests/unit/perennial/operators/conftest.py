"""SageMaker for the operators' tests: jobs that become what a test says, and a run in the lake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from perennial import aws_requests
from perennial.aws_requests import instance_type
from perennial.operators.jobs import SageMakerJobOperator
from perennial.watches import QUALITY, TRAFFIC, AnyWatch

from include.specs import s3_layout
from include.specs.environment import Environment
from include.specs.job import EVALUATE, PREPROCESS, TRAIN, JobStep
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun

Make = Callable[..., Any]
KEY = "experiments/churn/manual-1-abc/run.json"
MODEL_URL = "s3://lake/models/churn/manual-1-abc/job/output/model.tar.gz"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/j"
NOUNS = ("Training", "Processing", "Transform")
# No flow has such a step yet: all that a batch transform needs is this declaration.
SCORE = JobStep(name="score", module="", kind="transform", inputs=())


def _transform(_: TrainingRun, where: Environment) -> aws_requests.Request:
    objects = {"S3DataType": "S3Prefix", "S3Uri": s3_layout.uri(where.bucket, "raw/churn/")}
    return {
        "ModelName": "churn",
        "TransformInput": {"DataSource": {"S3DataSource": objects}},
        "TransformOutput": {"S3OutputPath": s3_layout.uri(where.bucket, "predictions/churn/")},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }


BUILDERS = {
    "train": (TRAIN, aws_requests.train),
    "preprocess": (PREPROCESS, aws_requests.preprocess),
    "evaluate": (EVALUATE, aws_requests.evaluate),
    "score": (SCORE, _transform),
}


class Api:
    """SageMaker and its logs behind botocore's own clients: requests are validated as ever, answers come from here.

    A job that is looked at has the first of its statuses left, and the last one for ever. A status may be followed by
    its reason, or what stopped it: "Failed: CapacityError: no room", "Stopped: MaxWaitTimeExceeded".
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.existing: list[list[str]] = []  # the jobs that are there, in the order in which they are looked for
        self.no_more_of: tuple[str, ...] = ()  # types of instances of which the account may run no more
        self.none_of: tuple[str, ...] = ()  # those of which it may never run any
        self.created = ["InProgress"]  # what becomes of a job that is asked for
        self.lost_reply = False  # whether a job is there that was not there when it was looked for
        self.failure, self.log_lines = "", list[str]()
        self.existing_on: list[str] = []  # their types of instances; of those without one, m5.large
        self.types: dict[str, str] = {}  # of instances, of each job
        self.asked_for: dict[str, str] = {}  # the same of those that were started
        self.before_create: Callable[[], None] = lambda: None  # when a job is asked for, and is not there yet
        self.during_create: Callable[[], None] = lambda: None  # between the start of a job and the answer
        self.jobs: dict[str, list[str] | None] = {}
        self.tags: dict[str, str] = {}  # of the one job that there is
        self.may_tag = True
        self.lag = self.unseen = 0  # looks that do not see a new job; those that are left
        self.outputs: dict[str, Any] = {}  # of a processing job
        self.clients = {name: boto3.client(name) for name in ("sagemaker", "logs")}
        for client in self.clients.values():
            client.meta.events.register("provide-client-params", self._keep)
            client.meta.events.register("before-call", self._answer)

    def client(self, service: str, **_: Any) -> Any:
        return self.clients[service]

    def names(self, operation: str) -> list[str]:
        """The jobs that were asked after, each once, in order."""
        return list(dict.fromkeys(_name(call) for call in self.requests(operation)))

    def requests(self, operation: str) -> list[dict[str, Any]]:
        return [call for name, call in self.calls if name.startswith(operation) and name.endswith("Job")]

    def _keep(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))

    def _answer(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        try:
            return AWSResponse(None, 200, {}, None), self._result(model.name, self.calls[-1][1])
        except RefusedError as refused:
            code, message = refused.args
            return AWSResponse(None, 400, {}, None), {"Error": {"Code": code, "Message": message}}

    def _result(self, operation: str, call: dict[str, Any]) -> dict[str, Any]:
        if operation == "AddTags" and not self.may_tag:
            raise RefusedError("AccessDeniedException", "not authorized to perform: sagemaker:AddTags")
        if operation.endswith("Tags"):
            self.tags |= {tag["Key"]: tag["Value"] for tag in call.get("Tags", [])}
            return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]}
        if operation == "DescribeLogStreams":
            return {"logStreams": [{"logStreamName": "j/algo-1"}] if self.log_lines else []}
        if operation == "GetLogEvents":
            return {"events": [{"message": line} for line in self.log_lines]}
        if operation.startswith("List"):
            noun = next(noun for noun in NOUNS if noun in operation)
            jobs = [{f"{noun}JobName": name, f"{noun}JobArn": ARN} for name in self.names(f"Create{noun}")]
            return {f"{noun}JobSummaries": jobs}
        if operation.startswith("Create"):
            self.before_create()
            self.tags = {tag["Key"]: tag["Value"] for tag in call["Tags"]}
            return self._create(_name(call), instance_type(call))
        return self._describe(_name(call), next(noun for noun in NOUNS if noun in operation))

    def _create(self, name: str, wanted: str) -> dict[str, Any]:
        if wanted in self.none_of:
            raise RefusedError("ResourceLimitExceeded", f"The account-level service limit '{wanted}' is 0 Instances")
        if wanted in self.no_more_of:
            raise RefusedError("ResourceLimitExceeded", f"no more than 0 Instances of {wanted}")
        self.jobs[name], self.unseen = list(self.created), self.lag
        self.types[name] = self.asked_for[name] = wanted
        self.during_create()
        if self.lost_reply:
            raise RefusedError("ResourceInUse", "Job names must be unique")
        return {}

    def _describe(self, name: str, kind: str) -> dict[str, Any]:
        if name not in self.jobs:
            self.jobs[name] = self.existing.pop(0) if self.existing else None
            self.types[name] = self.existing_on.pop(0) if self.existing_on else "ml.m5.large"
        statuses, self.unseen = self.jobs[name], self.unseen - 1
        if statuses is None or self.unseen >= 0:
            raise RefusedError("ValidationException", "Requested resource not found.")
        status, _, reason = (statuses.pop(0) if len(statuses) > 1 else statuses[0]).partition(": ")
        cluster = {"InstanceType": self.types[name]}
        more = {
            "Training": {"ModelArtifacts": {"S3ModelArtifacts": MODEL_URL}, "ResourceConfig": cluster},
            "Processing": {"ProcessingResources": {"ClusterConfig": cluster}, "ProcessingOutputConfig": self.outputs},
            "Transform": {"TransformResources": cluster},
        }
        why = {"SecondaryStatus" if status == "Stopped" else "FailureReason": reason or self.failure}
        return {f"{kind}JobArn": ARN, f"{kind}JobStatus": status, **why, **more[kind]}


class RefusedError(Exception):
    """An error of the service: code and message."""


def _name(call: dict[str, Any]) -> str:
    return next(str(call[f"{noun}JobName"]) for noun in NOUNS if f"{noun}JobName" in call)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr("perennial.operators.starting.client", api.client)
    return api


@pytest.fixture
def run(aws: SimpleNamespace, churn: ModelSpec, training_run: Make) -> TrainingRun:
    """A run whose configuration is in the lake, and a model that a job may have left."""
    made: TrainingRun = training_run(churn)
    aws.put(KEY, made)
    aws.put(MODEL_URL.removeprefix("s3://lake/"), b"model")
    return made


@pytest.fixture
def job_task() -> Make:
    """Makes the task of a step."""

    def make(spec: ModelSpec, step: str = "train", *, stop_on_kill: bool = True, **inputs: Any) -> SageMakerJobOperator:
        job_step, build = BUILDERS[step]
        return SageMakerJobOperator(
            task_id=step,
            spec=spec,
            step=job_step,
            build=build,
            run_type=TrainingRun,
            config_key=KEY,
            inputs=inputs,
            stop_on_kill=stop_on_kill,
        )

    return make


@pytest.fixture
def holding_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting under which a task waits in its worker."""
    monkeypatch.setenv("AIRFLOW__PERENNIAL__DEFERRABLE", "false")


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One kind of monitoring, and how a test makes its runs and reports.

    Args:
        worst: the verdict that asks for a training.
    """

    watch: AnyWatch
    run: Make
    report: Make
    worst: str

    @property
    def notice(self) -> str:
        """The kind of notice of the worst verdict."""
        return f"{'traffic' if self.watch is TRAFFIC else 'quality'}-{self.worst}"


@pytest.fixture(params=["traffic", "quality"])
def kind(
    request: pytest.FixtureRequest,
    monitoring_run: Make,
    drift_report: Make,
    performance_run: Make,
    performance_report: Make,
) -> Watched:
    """Each kind of monitoring: what holds for one holds for all."""
    kinds = {
        "traffic": Watched(watch=TRAFFIC, run=monitoring_run, report=drift_report, worst="drift"),
        "quality": Watched(watch=QUALITY, run=performance_run, report=performance_report, worst="degraded"),
    }
    return kinds[request.param]


@pytest.fixture
def after_first_put(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Loses S3's answer to the first PUT (of a key with `part` in it), which took effect, and does something: botocore
    puts once more."""

    def arrange(meanwhile: Callable[[], object], *, part: str = "") -> None:
        s3, left = boto3.client("s3"), [meanwhile]

        def lose(request_dict: dict[str, Any], **_: Any) -> int | None:
            if not left or part not in request_dict["url"]:
                return None
            left.pop()()
            return 0  # seconds until the call is repeated

        s3.meta.events.register_first("needs-retry.s3.PutObject", lose)
        monkeypatch.setattr("perennial.hooks.lake.client", lambda *_, **__: s3)

    return arrange


@pytest.fixture
def told(listen: Callable[..., Any]) -> Callable[[], list[dict[str, Any]]]:
    """Reads what the model's topic was sent."""
    read: Callable[[], list[dict[str, Any]]] = listen("perennial-churn")
    return read
