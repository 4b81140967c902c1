"""What the contract tests are made with: a real localaws process, and jobs whose command is a Python script."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.shared.localaws_process import (  # noqa: F401 the tests beside this file have all of it from here
    PATIENCE_S,
    REGION,
    ROOT,
    Server,
    start_server,
    unavailable,
    unique,
    until,
)

ROLE = "arn:aws:iam::123456789012:role/jobs"
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
}


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
