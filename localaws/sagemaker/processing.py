"""Processing jobs: from the request to what a container must find, and to what Describe answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localaws.sagemaker.errors import ValidationError, unsupported
from localaws.sagemaker.inputs import Input, check_path, check_uri, processing_input
from localaws.sagemaker.records import JobRecord, described

DEFAULT_MAX_RUNTIME_S = 24 * 3600
CONFIG_FIELDS = (
    "ProcessingJobName",
    "AppSpecification",
    "Environment",
    "ExperimentConfig",
    "NetworkConfig",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
)


@dataclass(frozen=True, kw_only=True)
class Output:
    """A folder of the container whose content goes to S3 at the end, or all the while."""

    uri: str
    container_path: str
    continuous: bool


def cluster(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request's ClusterConfig."""
    config: Mapping[str, Any] = request["ProcessingResources"]["ClusterConfig"]
    return config


def inputs(request: Mapping[str, Any]) -> list[Input]:
    """What must be fetched before the command starts."""
    found = map(processing_input, request.get("ProcessingInputs", []))
    return [entry for entry in found if entry is not None]


def outputs(request: Mapping[str, Any]) -> list[Output]:
    """What must be brought to S3."""
    entries = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return [_output(entry) for entry in entries if not entry.get("AppManaged")]


def _output(entry: Mapping[str, Any]) -> Output:
    where = f"ProcessingOutputConfig output {entry['OutputName']!r}"
    target = entry.get("S3Output")
    if target is None or "LocalPath" not in target:
        raise unsupported(f"the output of {where}", instead="use an S3Output with a LocalPath")
    check_uri(target["S3Uri"], where)
    check_path(target["LocalPath"], where)
    continuous = target.get("S3UploadMode") == "Continuous"
    return Output(uri=target["S3Uri"], container_path=target["LocalPath"], continuous=continuous)


def check(request: Mapping[str, Any]) -> None:
    """Refuse at once what cannot be run here.

    Raises:
        ValidationError: the request contradicts itself.
        Unsupported: localaws does not do it.
    """
    if cluster(request)["InstanceCount"] != 1:
        raise unsupported("processing on several instances", instead="set InstanceCount to 1")
    paths = [entry.container_path for entry in inputs(request)] + [entry.container_path for entry in outputs(request)]
    if twice := sorted({path for path in paths if paths.count(path) > 1}):
        raise ValidationError(f"LocalPath {twice[0]!r} is used by two inputs or outputs")


def command(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The command line; empty when the request leaves it to the image, which here has none."""
    app = request["AppSpecification"]
    entrypoint = app.get("ContainerEntrypoint", [])
    return (*entrypoint, *app.get("ContainerArguments", [])) if entrypoint else ()


def is_offline(request: Mapping[str, Any]) -> bool:
    """Whether the job is to have no network."""
    return bool(request.get("NetworkConfig", {}).get("EnableNetworkIsolation"))


def max_runtime_s(request: Mapping[str, Any]) -> float:
    """The limit on the job's runtime; SageMaker's default is a day."""
    return float(request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_S))


def environment(record: JobRecord) -> dict[str, str]:
    """The variables SageMaker sets, and over them the request's own."""
    own = {"PROCESSING_JOB_NAME": record.name, "PROCESSING_JOB_ARN": record.arn}
    return own | dict(record.request.get("Environment", {}))


def config_files(record: JobRecord) -> dict[str, Any]:
    """The configuration files of the container contract for processing."""
    config = {name: record.request.get(name) for name in CONFIG_FIELDS}
    resources = {
        "current_host": "algo-1",
        "current_instance_type": cluster(record.request)["InstanceType"],
        "hosts": ["algo-1"],
        "network_interface_name": "lo",
    }
    return {
        "/opt/ml/config/processingjobconfig.json": {"ProcessingJobArn": record.arn, **config},
        "/opt/ml/config/resourceconfig.json": resources,
    }


def describe(record: JobRecord) -> dict[str, Any]:
    """DescribeProcessingJob's answer."""
    return described(record) | {
        "StoppingCondition": {"MaxRuntimeInSeconds": int(max_runtime_s(record.request))},
    }
