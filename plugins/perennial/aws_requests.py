"""A model's spec and a run, as the request dictionaries that boto3 takes. Pure functions: no call is made here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from include.specs import job, s3_layout
from include.specs.environment import Environment
from include.specs.metrics import OF_VALIDATION, validation_line
from include.specs.model import ModelSpec, Value
from include.specs.partition import PartitionRef, SourceObject
from include.specs.run import IngestionRun, TrainingRun

Request = dict[str, Any]
# (run, environment, **inputs) → request
Builder = Callable[..., Request]
METRIC_DEFINITIONS = [
    {"Name": f"validation:{name}", "Regex": validation_line(name, r"([0-9.eE+-]+)")} for name in OF_VALIDATION
]


def config_key(model: str, run: str) -> str:
    """Where a run's configuration is kept."""
    return s3_layout.experiment(model, run) + job.CONFIG_FILE


def manifest_key(model: str, run: str, channel: str) -> str:
    """Where a run's manifest of what a job reads by `channel` is kept (for example `raw`, see `raw_manifest`)."""
    return f"{s3_layout.experiment(model, run)}{channel}.manifest"


def longest_s(resources: job.StepResources) -> int:
    """Seconds that a job may take, waiting for spot capacity included; unsaid, it may wait as long as it may run.

    >>> longest_s(job.StepResources(max_run_s=600)), longest_s(job.StepResources(max_run_s=600, spot=True))
    (600, 1200)
    """
    return (resources.max_wait_s or 2 * resources.max_run_s) if resources.spot else resources.max_run_s


def on_instance_type(request: Request, instance_type: str) -> Request:
    """The same request for another type of instance.

    >>> on_instance_type({"ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large"}}, "ml.m5.xlarge")
    {'ResourceConfig': {'InstanceCount': 1, 'InstanceType': 'ml.m5.xlarge'}}
    """
    if "ProcessingResources" in request:
        cluster = {**request["ProcessingResources"]["ClusterConfig"], "InstanceType": instance_type}
        return request | {"ProcessingResources": {"ClusterConfig": cluster}}
    field = "TransformResources" if "TransformResources" in request else "ResourceConfig"
    return request | {field: {**request[field], "InstanceType": instance_type}}


def instance_type(request: Mapping[str, Any]) -> str:
    """What a request asks for, or a described job was asked for with; empty where it does not say.

    >>> instance_type({"ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large"}}})
    'ml.m5.large'
    """
    processing = request.get("ProcessingResources", {}).get("ClusterConfig")
    cluster = processing or request.get("TransformResources") or request.get("ResourceConfig", {})
    return str(cluster.get("InstanceType", ""))


def landing_manifest(sources: tuple[SourceObject, ...], *, bucket: str, model: str) -> list[Any]:
    """A SageMaker manifest of exactly these landing objects."""
    prefix = f"landing/{model}/"
    return [{"prefix": s3_layout.uri(bucket, prefix)}, *(source.key.removeprefix(prefix) for source in sources)]


def raw_manifest(partitions: tuple[PartitionRef, ...], *, bucket: str, model: str) -> list[Any]:
    """A SageMaker manifest of exactly the files that the partitions' manifests name.

    One input however many partitions: a processing job takes at most ten.
    """
    names = [s3_layout.day(ref.manifest.date) + file.name for ref in partitions for file in ref.manifest.files]
    return [{"prefix": s3_layout.uri(bucket, s3_layout.raw(model))}, *names]


def ingest(run: IngestionRun, where: Environment) -> Request:
    """Landing objects → partition files, quarantine and report. The manifest is published after it."""
    model, slug = run.model.name, run.provenance.run
    inputs = {
        job.CONFIG_CHANNEL: objects(where, config_key(model, slug)),
        "landing": manifest(where, s3_layout.experiment(model, slug) + "landing.manifest"),
    }
    outputs = {
        "partition": s3_layout.partition(model, run.date),
        "quarantine": s3_layout.quarantine(model, run.date),
        "report": s3_layout.experiment(model, slug),
    }
    return processing(job.INGEST, run.model, where, inputs, outputs)


def preprocess(run: TrainingRun, where: Environment) -> Request:
    """Partitions → train, validation and hold-out."""
    model, slug = run.model.name, run.provenance.run
    inputs = {
        job.CONFIG_CHANNEL: objects(where, config_key(model, slug)),
        "raw": manifest(where, manifest_key(model, slug, "raw")),
    }
    outputs = {part: s3_layout.processed(model, slug, part) for part in ("train", "validation", "test")}
    return processing(
        job.PREPROCESS, run.model, where, inputs, outputs | {"report": s3_layout.processed(model, slug, "report")}
    )


def train(run: TrainingRun, where: Environment) -> Request:
    """Train and validation parts → model.tar.gz, with checkpoints, on spot capacity where the spec says so."""
    spec, slug = run.model, run.provenance.run
    resources = spec.resources(job.TRAIN.name)
    channels = {
        job.CONFIG_CHANNEL: config_key(spec.name, slug),
        "train": s3_layout.processed(spec.name, slug, "train"),
        "validation": s3_layout.processed(spec.name, slug, "validation"),
        "split": s3_layout.processed(spec.name, slug, "report"),
    }
    stopping = {"MaxRuntimeInSeconds": resources.max_run_s}
    if resources.spot:
        stopping["MaxWaitTimeInSeconds"] = longest_s(resources)
    return {
        "AlgorithmSpecification": {
            "TrainingImage": where.image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": _entrypoint(job.TRAIN),
            "MetricDefinitions": METRIC_DEFINITIONS,
        },
        "RoleArn": where.role_arn,
        "HyperParameters": {name: _text(value) for name, value in spec.estimator.hyperparameters.items()},
        "InputDataConfig": [_channel(where, name, key) for name, key in channels.items()],
        "OutputDataConfig": _encrypted(
            where, {"S3OutputPath": s3_layout.uri(where.bucket, s3_layout.models(spec.name, slug))}
        ),
        "ResourceConfig": _resources(resources, where),
        "StoppingCondition": stopping,
        "EnableManagedSpotTraining": resources.spot,
        "CheckpointConfig": {"S3Uri": s3_layout.uri(where.bucket, s3_layout.checkpoints(spec.name, slug))},
        "Tags": tags(spec),
        **({"VpcConfig": _vpc(where)} if where.subnets else {}),
    }


def evaluate(run: TrainingRun, where: Environment, *, candidate_url: str) -> Request:
    """Hold-out, candidate and champion → evaluation, verdict, report, and the baseline for drift."""
    model, slug = run.model.name, run.provenance.run
    inputs = {
        job.CONFIG_CHANNEL: objects(where, config_key(model, slug)),
        "test": objects(where, s3_layout.processed(model, slug, "test")),
        "split": objects(where, s3_layout.processed(model, slug, "report")),
        "candidate": _s3_input(candidate_url, "S3Prefix"),
    }
    if run.champion is not None:
        inputs["champion"] = _s3_input(run.champion.model_url, "S3Prefix")
    outputs = {"report": s3_layout.experiment(model, slug), "baseline": s3_layout.baseline(model, slug)}
    return processing(job.EVALUATE, run.model, where, inputs, outputs)


def processing(
    step: job.JobStep, spec: ModelSpec, where: Environment, inputs: Mapping[str, Request], outputs: Mapping[str, str]
) -> Request:
    """A processing job of `step`.

    Args:
        inputs: channel → where it comes from, see `objects` and `manifest`. outputs: name → the prefix it goes to.
    """
    resources = spec.resources(step.name)
    request: Request = {
        "AppSpecification": {"ImageUri": where.image, "ContainerEntrypoint": _entrypoint(step)},
        "RoleArn": where.role_arn,
        "ProcessingInputs": [_processing_input(step, name, source) for name, source in inputs.items()],
        "ProcessingOutputConfig": _encrypted(
            where, {"Outputs": [_processing_output(step, name, where, key) for name, key in outputs.items()]}
        ),
        "ProcessingResources": {"ClusterConfig": _resources(resources, where)},
        "StoppingCondition": {"MaxRuntimeInSeconds": resources.max_run_s},
        "Tags": tags(spec),
    }
    if where.subnets:
        request["NetworkConfig"] = {"VpcConfig": _vpc(where)}
    return request


def _text(value: Value) -> str:
    """A hyper-parameter as SageMaker takes it: JSON, but for text, which stays as it is."""
    return value if isinstance(value, str) else json.dumps(value)


def _entrypoint(step: job.JobStep) -> list[str]:
    return ["python", "-m", step.module]


def _processing_input(step: job.JobStep, name: str, source: Request) -> Request:
    return {"InputName": name, "S3Input": {**source, "LocalPath": step.input_path(name)}}


def _processing_output(step: job.JobStep, name: str, where: Environment, key: str) -> Request:
    target = {
        "S3Uri": s3_layout.uri(where.bucket, key),
        "LocalPath": step.output_path(name),
        "S3UploadMode": "EndOfJob",
    }
    return {"OutputName": name, "S3Output": target}


def _s3_input(uri: str, data_type: str) -> Request:
    return {"S3Uri": uri, "S3DataType": data_type, "S3InputMode": "File"}


def objects(where: Environment, key: str) -> Request:
    """What lies at `key`, or below it: SageMaker makes no difference."""
    return _s3_input(s3_layout.uri(where.bucket, key), "S3Prefix")


def manifest(where: Environment, key: str) -> Request:
    """Exactly the objects that the manifest at `key` names."""
    return _s3_input(s3_layout.uri(where.bucket, key), "ManifestFile")


def _channel(where: Environment, name: str, key: str) -> Request:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": s3_layout.uri(where.bucket, key),
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}


def _resources(resources: job.StepResources, where: Environment) -> Request:
    cluster: Request = {
        "InstanceCount": resources.instance_count,
        "InstanceType": resources.instance_type,
        "VolumeSizeInGB": resources.volume_gb,
    }
    return cluster | ({"VolumeKmsKeyId": where.kms_key} if where.kms_key else {})


def _encrypted(where: Environment, output: Request) -> Request:
    return output | ({"KmsKeyId": where.kms_key} if where.kms_key else {})


def _vpc(where: Environment) -> Request:
    return {"Subnets": list(where.subnets), "SecurityGroupIds": list(where.security_groups)}


def tags(spec: ModelSpec) -> list[dict[str, str]]:
    """The AWS tags of everything that is made for a model."""
    return [{"Key": key, "Value": value} for key, value in sorted({**spec.tags, "model": spec.name}.items())]
