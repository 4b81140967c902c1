"""The backend with real jobs in this process: how they are told to stop, why they fail, and what is told of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moto.events.models import events_backends
from moto.s3.models import S3Backend
from moto.sqs.models import Queue, sqs_backends

from localaws.sagemaker import backend as backends
from localaws.sagemaker.backend import LocalSageMakerBackend
from localaws.sagemaker.errors import ValidationError
from localaws.sagemaker.records import PROCESSING, TRAINING, JobKind, JobRecord
from localaws.sagemaker.runtime import Machine, Runtime
from tests.shared.localaws_process import until
from tests.unit.localaws.conftest import ACCOUNT

REGION = "eu-west-1"
ML = '"$HOME/../ml"'  # where a job that has no /opt/ml of its own finds what would be there
IGNORES_STOP = "trap '' TERM; echo ready; while :; do sleep 0.1; done"


class NotIsolated:
    """Jobs without an /opt/ml."""

    name, parallel = "none", True

    def wrap(self, command: Sequence[str], **_: object) -> list[str]:
        return ["/bin/sh", "-c", 'exec "$@"', "sh", *command]

    @contextmanager
    def slot(self, ml_folder: Path) -> Iterator[None]:  # noqa: ARG002  # the protocol's signature
        yield


@pytest.fixture
def sagemaker(tmp_path: Path, s3: S3Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSageMakerBackend]:  # noqa: ARG001  # jobs use it
    """SageMaker beside an S3 that has one bucket, `lake`; no job outlives the test."""
    machine = Machine(
        endpoint="http://127.0.0.1:1", jobs_folder=tmp_path / "jobs", isolation=NotIsolated(), grace_s=0.5
    )
    runtime = Runtime(machine)
    monkeypatch.setattr(LocalSageMakerBackend, "runtime", runtime, raising=False)
    yield LocalSageMakerBackend(REGION, ACCOUNT)
    runtime.end_all()


def training_request(name: str, script: str, *, output: str = "s3://lake/models", **fields: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "any",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["sh", "-c", script],
        },
        "OutputDataConfig": {"S3OutputPath": output},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **fields,
    }


def processing_request(name: str, script: str, **fields: Any) -> dict[str, Any]:
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    return {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": "any", "ContainerEntrypoint": ["sh", "-c", script]},
        "ProcessingResources": {"ClusterConfig": cluster},
        **fields,
    }


def ended(record: JobRecord) -> JobRecord:
    until(lambda: record.state.is_terminal, what=f"{record.name} to end")
    return record


def train(sagemaker: LocalSageMakerBackend, *arguments: Any, **fields: Any) -> JobRecord:
    request = training_request("job", *arguments, **fields)
    return ended(sagemaker.create_job(TRAINING, request, access_key="any"))


def steps(record: JobRecord) -> list[str]:
    return [step.status for step in record.state.transitions]


def listening() -> Queue:
    """A queue to which each of SageMaker's events is delivered."""
    queue = sqs_backends[ACCOUNT][REGION].create_queue("events")
    events = events_backends[ACCOUNT][REGION]
    events.put_rule("all", event_pattern='{"source": ["aws.sagemaker"]}')
    events.put_targets("all", None, [{"Id": "queue", "Arn": queue.queue_arn}])
    return queue


def told(queue: Queue) -> list[tuple[str, str]]:
    """The type and the job's status of each event so far; for a training its secondary status as well."""
    events = [json.loads(message.body) for message in queue.messages]
    return [(event["detail-type"], _status(event["detail"])) for event in events]


def _status(detail: dict[str, Any]) -> str:
    status = detail.get("ProcessingJobStatus") or detail["TrainingJobStatus"]
    return "/".join([status, *([detail["SecondaryStatus"]] if "SecondaryStatus" in detail else [])])


def test_a_stop_that_is_accepted_is_heard(sagemaker: LocalSageMakerBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop in the moment in which the job can be seen for the first time ends it, and its command does not run."""
    monkeypatch.setattr(sagemaker.runtime.switches, "job_failure", lambda name: sagemaker.stop_job(TRAINING, name))
    record = train(sagemaker, f"touch {ML}/model/ran")
    assert record.state.status == "Stopped"
    assert steps(record) == ["Starting", "Stopping", "Stopped"]


def test_no_job_can_be_seen_that_cannot_be_stopped(sagemaker: LocalSageMakerBackend) -> None:
    """Whenever a job is there, so is its control."""
    seen: list[bool] = []

    class Jobs(dict[str, JobRecord]):
        def __setitem__(self, name: str, record: JobRecord) -> None:
            seen.append(sagemaker.runtime.control(record.arn) is not None)
            super().__setitem__(name, record)

    sagemaker.training_jobs = Jobs()  # type: ignore[assignment]  # our records, not moto's
    train(sagemaker, "true")
    assert seen == [True]


def test_a_job_is_stopping_once(sagemaker: LocalSageMakerBackend) -> None:
    """Another stop of a job that is stopping is accepted and changes nothing; of one that has ended it is refused."""
    record = sagemaker.create_job(TRAINING, training_request("job", IGNORES_STOP), access_key="any")
    until(lambda: record.state.secondary_status == "Training", what="the job to run")
    for _ in range(3):
        sagemaker.stop_job(TRAINING, "job")
    assert steps(ended(record)) == ["Starting", "Downloading", "Training", "Stopping", "Uploading", "Stopped"]
    with pytest.raises(ValidationError, match="is in status Stopped"):
        sagemaker.stop_job(TRAINING, "job")


TRAINING_EVENT, PROCESSING_EVENT = "SageMaker Training Job State Change", "SageMaker Processing Job State Change"


def test_every_status_of_a_training_is_told(sagemaker: LocalSageMakerBackend) -> None:
    """From Starting to the end, Stopping too, each once."""
    queue = listening()
    sagemaker.create_job(TRAINING, training_request("job", IGNORES_STOP), access_key="any")
    until(lambda: (TRAINING_EVENT, "InProgress/Training") in told(queue), what="the job to run")
    for _ in range(2):
        sagemaker.stop_job(TRAINING, "job")
    until(lambda: (TRAINING_EVENT, "Stopped/Stopped") in told(queue), what="the last event")
    assert told(queue) == [
        (TRAINING_EVENT, "InProgress/Starting"),
        (TRAINING_EVENT, "InProgress/Downloading"),
        (TRAINING_EVENT, "InProgress/Training"),
        (TRAINING_EVENT, "Stopping/Stopping"),
        (TRAINING_EVENT, "Stopping/Uploading"),
        (TRAINING_EVENT, "Stopped/Stopped"),
    ]


def test_every_status_of_a_processing_job_is_told(sagemaker: LocalSageMakerBackend) -> None:
    """That it has been accepted, that its command runs, that it is stopping, and how it ended."""
    queue = listening()
    sagemaker.create_job(PROCESSING, processing_request("job", IGNORES_STOP), access_key="any")
    until(lambda: len(told(queue)) == 2, what="the job to run")
    sagemaker.stop_job(PROCESSING, "job")
    until(lambda: (PROCESSING_EVENT, "Stopped") in told(queue), what="the last event")
    assert [status for _, status in told(queue)] == ["InProgress", "InProgress", "Stopping", "Stopped"]


@pytest.mark.parametrize(
    ("kind", "request_of", "last"),
    [
        (TRAINING, training_request, (TRAINING_EVENT, "Failed/Failed")),
        (PROCESSING, processing_request, (PROCESSING_EVENT, "Failed")),
    ],
)
def test_a_job_that_a_restart_failed_is_told(
    sagemaker: LocalSageMakerBackend, kind: JobKind, request_of: Callable[..., dict[str, Any]], last: tuple[str, str]
) -> None:
    """Who waits for a job's end hears of it, once, and the state is saved."""
    saved = threading.Event()
    sagemaker.runtime.on_change = saved.set
    sagemaker.create_job(kind, request_of("job", "sleep 600"), access_key="any")
    sagemaker.runtime.end_all()
    # After a restart there is nobody left who could still tell of the job's start.
    until(lambda: sagemaker.runtime.running() == [], what="the job's thread to end")
    queue = listening()
    saved.clear()
    sagemaker.fail_interrupted()
    sagemaker.fail_interrupted()
    assert told(queue) == [last]
    assert saved.is_set()
    assert backends.RESTARTED in queue.messages[0].body


def test_the_reason_of_a_training_has_1024_characters_at_most(sagemaker: LocalSageMakerBackend) -> None:
    """Whatever its source: here the URI of a channel without objects."""
    channel = {
        "ChannelName": "train",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://lake/{'k' * 900}"}},
    }
    reason = train(sagemaker, "true", InputDataConfig=[channel]).state.failure_reason
    assert reason is not None
    assert reason.startswith("ClientError: Data download failed: No S3 objects found")
    assert len(reason) == 1024


FAILS = (
    f"echo x > {ML}/output/data/x; echo x > {ML}/checkpoints/x; echo 'the true reason' > {ML}/output/failure; exit 3"
)


def test_a_training_that_failed_says_why_whatever_becomes_of_its_files(sagemaker: LocalSageMakerBackend) -> None:
    """That its output and its checkpoints cannot be uploaded besides does not replace its own reason."""
    lost = {"CheckpointConfig": {"S3Uri": "s3://nowhere/checkpoints"}}
    record = train(sagemaker, FAILS, output="s3://nowhere/models", **lost)
    assert record.state.failure_reason == "AlgorithmError: the true reason, exit code: 3"


def test_a_training_whose_output_cannot_be_kept_has_failed(sagemaker: LocalSageMakerBackend) -> None:
    """When its command did well, the upload is the reason."""
    record = train(sagemaker, f"echo x > {ML}/output/data/x", output="s3://nowhere/models")
    assert record.state.status == "Failed"
    assert str(record.state.failure_reason).startswith("ClientError: Data upload failed: cannot write s3://nowhere/")


def test_a_processing_job_that_failed_says_why_whatever_becomes_of_its_files(sagemaker: LocalSageMakerBackend) -> None:
    """As a training does, where its outputs are uploaded all the while."""
    target = {"S3Uri": "s3://nowhere/out", "LocalPath": "/opt/ml/out", "S3UploadMode": "Continuous"}
    outputs = {"Outputs": [{"OutputName": "out", "S3Output": target}]}
    request = processing_request("job", f"echo x > {ML}/out/x; exit 3", ProcessingOutputConfig=outputs)
    record = ended(sagemaker.create_job(PROCESSING, request, access_key="any"))
    assert record.state.failure_reason == "AlgorithmError: , exit code: 3"


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize(("kind", "request_of"), [(TRAINING, training_request), (PROCESSING, processing_request)])
def test_a_job_with_network_isolation_gets_no_keys(
    sagemaker: LocalSageMakerBackend,
    tmp_path: Path,
    kind: JobKind,
    request_of: Callable[..., dict[str, Any]],
    offline: bool,
) -> None:
    """As on AWS it has no credentials; nor does it learn where this server is. Another one has both."""
    isolated = {"EnableNetworkIsolation": offline}
    fields = isolated if kind is TRAINING else {"NetworkConfig": isolated}
    request = request_of("job", f"env > {tmp_path}/told", **fields)
    assert ended(sagemaker.create_job(kind, request, access_key="any")).state.status == "Completed"
    names = {line.partition("=")[0] for line in (tmp_path / "told").read_text().splitlines()}
    access = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert names & access == (set() if offline else access)
    assert "AWS_REGION" in names
