"""What the contract tests are made with: a real localaws process, and jobs whose command is a Python script."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/jobs"
PATIENCE_S = 60  # how long a test waits for what must happen at once, on a machine that does other things too
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
}


@dataclass
class Server:
    """A localaws process."""

    process: subprocess.Popen[str]
    endpoint: str
    isolation: str
    log: Path

    def client(self, service: str, **options: Any) -> Any:
        """A plain boto3 client that tells errors at once."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(**({"retries": {"max_attempts": 1}} | options)),
        )

    def admin(self, method: str, path: str, members: object = None) -> tuple[int, Any]:
        """Status and JSON of an admin route below ``/_localaws``; None where there is no JSON."""
        data = None if members is None else json.dumps(members).encode()
        request = urllib.request.Request(f"{self.endpoint}/_localaws{path}", data=data, method=method)  # noqa: S310  # our server
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310  # our server
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=20)


def start_server(folder: Path, *options: str, wrapper: tuple[str, ...] = ()) -> Server:
    """Start localaws on a free port and wait until it is ready."""
    folder.mkdir(parents=True, exist_ok=True)
    ready, log = folder / "ready.json", folder / "log"
    ready.unlink(missing_ok=True)
    command = [*wrapper, sys.executable, "-m", "localaws", "--port", "0", "--ready-file", str(ready), *options]
    with log.open("a") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, text=True)
    until(lambda: ready.exists() or process.poll() is not None, what="the server to be ready")
    if process.poll() is not None:
        pytest.fail(f"localaws ended at once with {process.returncode}: {log.read_text()}")
    told = json.loads(ready.read_text())
    return Server(process=process, endpoint=told["endpoint"], isolation=told["isolation"], log=log)


def until[T](look: Callable[[], T], *, what: str, patience_s: float = PATIENCE_S) -> T:
    """Look until there is something; the patience bounds a failing test, it judges no speed."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {patience_s} s in vain for {what}")
        time.sleep(0.02)
    return found


def unavailable(reason: str) -> NoReturn:
    """Skip a test for which something is missing here; fail it in CI, where nothing may be."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI is set: nothing is skipped)")
    pytest.skip(reason)


_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"


@dataclass
class Jobs:
    """Creates jobs whose command is a Python script, and waits for them."""

    server: Server
    bucket: str
    s3: Any = field(init=False)
    sagemaker: Any = field(init=False)
    logs: Any = field(init=False)

    def __post_init__(self) -> None:
        self.s3, self.sagemaker, self.logs = map(self.server.client, ("s3", "sagemaker", "logs"))
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    def put(self, key: str, content: str) -> str:
        """An object, and its URI."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content.encode())
        return f"s3://{self.bucket}/{key}"

    def text(self, key: str) -> str:
        """An object's content."""
        return str(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())

    def keys(self, prefix: str = "") -> list[str]:
        """The keys under a prefix."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    def processing_request(self, script: str, **changes: Any) -> dict[str, Any]:
        """A request for a job that runs the script; ``changes`` replace whole fields."""
        name = unique("processing")
        source = {"S3Uri": self.put(f"code/{name}.py", script), "LocalPath": "/opt/ml/processing/code"}
        code = {"InputName": "code", "S3Input": source | {"S3DataType": "S3Prefix", "S3InputMode": "File"}}
        request = {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": {
                "ImageUri": "ml:latest",
                "ContainerEntrypoint": ["python", f"/opt/ml/processing/code/{name}.py"],
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            **changes,
        }
        return request | {"ProcessingInputs": [code, *request.get("ProcessingInputs", [])]}

    def start_processing(self, script: str, **changes: Any) -> str:
        """Create the job; its name."""
        request = self.processing_request(script, **changes)
        self.sagemaker.create_processing_job(**request)
        return str(request["ProcessingJobName"])

    def process(self, script: str, **changes: Any) -> dict[str, Any]:
        """Run the job to its end; its description."""
        return self.processed(self.start_processing(script, **changes))

    def processed(self, name: str) -> dict[str, Any]:
        """The description of a job that has ended."""
        return until(lambda: self._ended("Processing", name), what=f"{name} to end")

    def training_request(self, script: str, **changes: Any) -> dict[str, Any]:
        """A request for a job that runs the script; ``changes`` replace whole fields, channels are added."""
        name = unique("training")
        code = self.channel("code", self.put(f"code/{name}.py", script))
        algorithm = {
            "TrainingImage": "ml:latest",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", f"/opt/ml/input/data/code/{name}.py"],
        }
        request = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **changes,
        }
        request["AlgorithmSpecification"] = algorithm | request.get("AlgorithmSpecification", {})
        return request | {"InputDataConfig": [code, *request.get("InputDataConfig", [])]}

    @staticmethod
    def channel(name: str, uri: str, **source: Any) -> dict[str, Any]:
        """A training channel."""
        return {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix"} | source},
        }

    def start_training(self, script: str, **changes: Any) -> str:
        """Create the job; its name."""
        request = self.training_request(script, **changes)
        self.sagemaker.create_training_job(**request)
        return str(request["TrainingJobName"])

    def train(self, script: str, **changes: Any) -> dict[str, Any]:
        """Run the job to its end; its description."""
        return self.trained(self.start_training(script, **changes))

    def trained(self, name: str) -> dict[str, Any]:
        """The description of a job that has ended."""
        return until(lambda: self._ended("Training", name), what=f"{name} to end")

    def _ended(self, noun: str, name: str) -> dict[str, Any] | None:
        describe = getattr(self.sagemaker, f"describe_{noun.lower()}_job")
        found: dict[str, Any] = describe(**{f"{noun}JobName": name})
        return found if found[f"{noun}JobStatus"] in {"Completed", "Failed", "Stopped"} else None

    def log_lines(self, noun: str, name: str) -> list[str]:
        """What the job has logged so far."""
        group = f"/aws/sagemaker/{noun}Jobs"
        try:
            streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [
            event["message"]
            for stream in streams
            for event in self.logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    def wait_for_line(self, noun: str, name: str, line: str) -> None:
        """Wait until the job has logged the line."""
        until(lambda: line in self.log_lines(noun, name), what=f"{name} to log {line!r}")


def statuses(description: dict[str, Any]) -> list[str]:
    """The secondary statuses that a training job went through."""
    return [step["Status"] for step in description["SecondaryStatusTransitions"]]


def unpacked(jobs: Jobs, uri: str) -> dict[str, str]:
    """The files of a tar.gz in S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = jobs.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        files = [entry for entry in archive if entry.isfile()]
        return {entry.name: archive.extractfile(entry).read().decode() for entry in files}  # type: ignore[union-attr]


def is_running(process_id: int) -> bool:
    """Whether a process runs; a zombie that its parent has not looked after does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
