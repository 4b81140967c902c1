"""Training jobs: from the request to what a container must find, and to what Describe answers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localaws.sagemaker.errors import ValidationError, unsupported
from localaws.sagemaker.inputs import Input, channel_input, check_mode, check_path, check_uri
from localaws.sagemaker.records import JobRecord, described, summary

DEFAULT_MAX_RUNTIME_S = 24 * 3600
CHECKPOINTS = "/opt/ml/checkpoints"
FOLDERS = ("/opt/ml/input/config", "/opt/ml/input/data", "/opt/ml/model", "/opt/ml/output/data", CHECKPOINTS)


def algorithm(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request's AlgorithmSpecification."""
    found: Mapping[str, Any] = request.get("AlgorithmSpecification", {})
    return found


def channels(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The request's input channels."""
    return list(request.get("InputDataConfig", []))


def inputs(request: Mapping[str, Any]) -> list[Input]:
    """What must be fetched before the command starts."""
    return [channel_input(channel) for channel in channels(request)]


def checkpoints(request: Mapping[str, Any]) -> tuple[str, str] | None:
    """The checkpoints' S3 URI and container path; None when the job keeps none."""
    config = request.get("CheckpointConfig")
    return (config["S3Uri"], config.get("LocalPath", CHECKPOINTS)) if config else None


def is_spot(request: Mapping[str, Any]) -> bool:
    """Whether the job runs on spot capacity, which can be taken away."""
    return bool(request.get("EnableManagedSpotTraining"))


def is_offline(request: Mapping[str, Any]) -> bool:
    """Whether the job is to have no network."""
    return bool(request.get("EnableNetworkIsolation"))


def max_runtime_s(request: Mapping[str, Any]) -> float:
    """The limit on the time the container runs, over all attempts."""
    return float(request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_S))


def max_wait_s(request: Mapping[str, Any]) -> float:
    """The limit on the whole time of a spot job, waiting for capacity included."""
    return float(request.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds", float("inf")))


def check(request: Mapping[str, Any]) -> None:
    """Refuse at once what is wrong or cannot be run here.

    Raises:
        ValidationError: the request contradicts itself.
        Unsupported: localaws does not do it.
    """
    if "TrainingImage" not in algorithm(request):
        raise unsupported("training without AlgorithmSpecification.TrainingImage", instead="name an image")
    if _instance_counts(request) != [1]:
        instead = "set ResourceConfig.InstanceCount to 1, or give one instance group with one instance"
        raise unsupported("training on several instances", instead=instead)
    check_mode(algorithm(request).get("TrainingInputMode"), "AlgorithmSpecification.TrainingInputMode")
    check_uri(request["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    _check_channels(request)
    _check_spot(request)
    _check_metrics(request)
    if found := checkpoints(request):
        check_uri(found[0], "CheckpointConfig.S3Uri")
        check_path(found[1], "CheckpointConfig.LocalPath")


def _instance_counts(request: Mapping[str, Any]) -> list[int]:
    config = request.get("ResourceConfig", {})
    return [group["InstanceCount"] for group in config.get("InstanceGroups") or [{"InstanceCount": 1, **config}]]


def _check_channels(request: Mapping[str, Any]) -> None:
    names = [channel["ChannelName"] for channel in channels(request)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValidationError(f"Channel names must be unique; {twice[0]!r} is used twice in InputDataConfig")
    inputs(request)


def _check_spot(request: Mapping[str, Any]) -> None:
    waits = "MaxWaitTimeInSeconds" in request.get("StoppingCondition", {})
    if is_spot(request) and (not waits or max_wait_s(request) < max_runtime_s(request)):
        raise ValidationError(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )
    if waits and not is_spot(request):
        raise ValidationError("MaxWaitTimeInSeconds is supported only when EnableManagedSpotTraining is set to true")


def _check_metrics(request: Mapping[str, Any]) -> None:
    for definition in algorithm(request).get("MetricDefinitions", []):
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise ValidationError(
                f"MetricDefinitions {definition['Name']!r}: invalid regular expression: {error}"
            ) from error


def command(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The command line: the container's entrypoint, else ``train`` as every training image has it."""
    found = algorithm(request)
    return (*found.get("ContainerEntrypoint", ["train"]), *found.get("ContainerArguments", []))


def environment(record: JobRecord) -> dict[str, str]:
    """The variables SageMaker sets, and over them the request's own."""
    own = {"TRAINING_JOB_NAME": record.name, "TRAINING_JOB_ARN": record.arn}
    return own | dict(record.request.get("Environment", {}))


def config_files(record: JobRecord) -> dict[str, Any]:
    """The configuration files of the container contract for training."""
    request = record.request
    return {
        "/opt/ml/input/config/hyperparameters.json": dict(request.get("HyperParameters", {})),
        "/opt/ml/input/config/inputdataconfig.json": {
            channel["ChannelName"]: _channel_config(channel, request) for channel in channels(request)
        },
        "/opt/ml/input/config/resourceconfig.json": _resource_config(request),
        "/opt/ml/input/config/trainingjobconfig.json": {
            "TrainingJobArn": record.arn,
            **{name: value for name, value in request.items() if name != "Tags"},
        },
    }


def _channel_config(channel: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    source = channel["DataSource"]["S3DataSource"]
    config = {
        "TrainingInputMode": channel.get("InputMode", algorithm(request).get("TrainingInputMode", "File")),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return config | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})


def _resource_config(request: Mapping[str, Any]) -> dict[str, Any]:
    config = request.get("ResourceConfig", {})
    (only,) = config.get("InstanceGroups") or [{"InstanceGroupName": "homogeneousCluster", **config}]
    name, instance_type = only["InstanceGroupName"], only.get("InstanceType", "local")
    group = {"instance_group_name": name, "instance_type": instance_type, "hosts": ["algo-1"]}
    return {
        "current_host": "algo-1",
        "current_instance_type": instance_type,
        "current_group_name": name,
        "hosts": ["algo-1"],
        "instance_groups": [group],
        "network_interface_name": "lo",
    }


def describe(record: JobRecord) -> dict[str, Any]:
    """DescribeTrainingJob's answer."""
    state = record.state
    answer = described(record) | {
        "SecondaryStatus": state.secondary_status,
        "SecondaryStatusTransitions": [
            {"Status": step.status, "StartTime": step.started, "EndTime": step.ended, "StatusMessage": step.message}
            for step in state.transitions
        ],
        "FinalMetricDataList": [
            {"MetricName": metric.name, "Value": metric.value, "Timestamp": metric.timestamp}
            for metric in state.metrics
        ]
        or None,
        "ModelArtifacts": {"S3ModelArtifacts": state.artifacts} if state.artifacts else None,
        "TrainingTimeInSeconds": state.training_seconds,
        "BillableTimeInSeconds": state.billable_seconds,
    }
    return {name: value for name, value in answer.items() if value is not None}


def summarise(record: JobRecord) -> dict[str, Any]:
    """A training job's entry in ListTrainingJobs."""
    return summary(record) | {"SecondaryStatus": record.state.secondary_status}
