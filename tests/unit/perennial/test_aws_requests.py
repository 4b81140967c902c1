"""Every request, held against botocore's own model of the service: what AWS would refuse is refused here."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from perennial import aws_requests, registry

from include.specs.environment import Environment
from include.specs.job import EVALUATE, INGEST, PREPROCESS, TRAIN, StepResources
from include.specs.model import ModelSpec
from include.specs.reports import EvaluationReport, GateReport, ModelManifest
from include.specs.run import Champion, IngestionRun, TrainingRun
from tests.shared.sagemaker_requests import PLACES, SERVICE, check, named, refusals

MODEL_URL = "s3://lake/models/churn/r/job/output/model.tar.gz"
Make = Callable[..., Any]


@pytest.fixture
def measured(
    candidate: ModelManifest, evaluation: EvaluationReport, gate: Callable[[str], GateReport]
) -> dict[str, object]:
    """What the jobs of a run found."""
    return {"candidate": candidate, "evaluation": evaluation, "gate": gate("register")}


def test_checks_see_what_botocore_does_not() -> None:
    """The walk over the service's model finds a bad pattern, enumeration and length."""
    shape = SERVICE.operation_model("CreateProcessingJob").input_shape
    request = {
        "ProcessingJobName": "no_underscore",
        "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.nonsense", "InstanceCount": 1}},
        "ProcessingInputs": [{"InputName": str(i)} for i in range(11)],
    }
    assert [found.split(":")[0] for found in refusals(shape, request)] == [
        ".ProcessingJobName",
        ".ProcessingResources.ClusterConfig.InstanceType",
        ".ProcessingInputs",
    ]


def test_ingest_is_a_legal_request(spec: ModelSpec, place: Environment, ingestion_run: Make) -> None:
    """SageMaker takes the request of an ingestion."""
    check("CreateProcessingJob", named(aws_requests.ingest(ingestion_run(spec), place), "Processing"))


def test_preprocess_is_a_legal_request(spec: ModelSpec, place: Environment, training_run: Make) -> None:
    """SageMaker takes the request of a preprocessing."""
    check("CreateProcessingJob", named(aws_requests.preprocess(training_run(spec), place), "Processing"))


@pytest.mark.parametrize(
    "resources", [StepResources(), StepResources(spot=True), StepResources(spot=True, max_wait_s=9000)]
)
def test_train_is_a_legal_request(
    spec: ModelSpec, place: Environment, training_run: Make, resources: StepResources
) -> None:
    """SageMaker takes the request of a training, on demand and on spot capacity."""
    spec = dataclasses.replace(spec, step_resources={"train": resources})
    check("CreateTrainingJob", named(aws_requests.train(training_run(spec), place), "Training"))


@pytest.mark.parametrize("with_champion", [False, True])
def test_evaluate_is_a_legal_request(
    spec: ModelSpec, place: Environment, training_run: Make, champion: Champion, with_champion: bool
) -> None:
    """SageMaker takes the request of an evaluation, with and without a champion."""
    run = training_run(spec, champion=champion if with_champion else None)
    check("CreateProcessingJob", named(aws_requests.evaluate(run, place, candidate_url=MODEL_URL), "Processing"))


def test_group_is_a_legal_request(spec: ModelSpec, where: Environment) -> None:
    """SageMaker takes the request of a model package group, also for a description of many lines and a long name."""
    long = dataclasses.replace(spec, name="m" * 24, description="a\n\tb" * 900)
    check("CreateModelPackageGroup", registry.group_request(spec, where))
    check(
        "CreateModelPackageGroup", registry.group_request(long, dataclasses.replace(where, group_suffix="-" + "d" * 38))
    )


@pytest.mark.parametrize("with_champion", [False, True])
def test_package_is_a_legal_request(
    spec: ModelSpec, where: Environment, training_run: Make, champion: Champion, measured: Any, with_champion: bool
) -> None:
    """SageMaker takes the request of a version, however odd the run's id and the hyper-parameters are."""
    run = training_run(spec, champion=champion if with_champion else None)
    odd = dataclasses.replace(run.provenance, run_id="it's ~ {odd}, " + "é" * 300, reason="50 % more\nrows")
    request = registry.package_request(
        dataclasses.replace(run, provenance=odd),
        where,
        model_url=MODEL_URL,
        data_manifest=b"[]",
        **measured,
    )
    check("CreateModelPackage", request)


def test_every_request_runs_its_step(
    churn: ModelSpec, where: Environment, ingestion_run: Make, training_run: Make
) -> None:
    """A job is told by name which module it runs; nothing of it is imported here."""
    run = training_run(churn)
    entrypoints = {
        INGEST: aws_requests.ingest(ingestion_run(churn), where)["AppSpecification"],
        PREPROCESS: aws_requests.preprocess(run, where)["AppSpecification"],
        TRAIN: aws_requests.train(run, where)["AlgorithmSpecification"],
        EVALUATE: aws_requests.evaluate(run, where, candidate_url=MODEL_URL)["AppSpecification"],
    }
    for step, container in entrypoints.items():
        assert container["ContainerEntrypoint"] == ["python", "-m", step.module]


def test_channels_are_those_that_the_step_declares(
    churn: ModelSpec, where: Environment, ingestion_run: Make, training_run: Make, champion: Champion
) -> None:
    """Both sides of a job agree: the request's inputs and outputs are the step's, at the step's paths."""
    run = training_run(churn, champion=champion)
    requests = {
        INGEST: aws_requests.ingest(ingestion_run(churn), where),
        PREPROCESS: aws_requests.preprocess(run, where),
        EVALUATE: aws_requests.evaluate(run, where, candidate_url=MODEL_URL),
    }
    for step, request in requests.items():
        inputs = {each["InputName"]: each["S3Input"]["LocalPath"] for each in request["ProcessingInputs"]}
        assert inputs == {name: step.input_path(name) for name in step.inputs}
        outputs = request["ProcessingOutputConfig"]["Outputs"]
        found = {each["OutputName"]: each["S3Output"]["LocalPath"] for each in outputs}
        assert found == {name: step.output_path(name) for name in step.outputs}
    channels = [channel["ChannelName"] for channel in aws_requests.train(run, where)["InputDataConfig"]]
    assert tuple(channels) == TRAIN.inputs


def test_evaluation_without_champion_lacks_only_that_input(
    churn: ModelSpec, where: Environment, training_run: Make
) -> None:
    """The first evaluation of a model has every input but the optional one."""
    request = aws_requests.evaluate(training_run(churn), where, candidate_url=MODEL_URL)
    inputs = {each["InputName"] for each in request["ProcessingInputs"]}
    assert inputs == set(EVALUATE.inputs) - set(EVALUATE.optional)


def test_what_one_step_leaves_the_next_one_reads(churn: ModelSpec, where: Environment, training_run: Make) -> None:
    """The outputs of preprocessing are the channels of training and evaluation, address by address."""
    run = training_run(churn)
    left = {
        each["OutputName"]: each["S3Output"]["S3Uri"]
        for each in aws_requests.preprocess(run, where)["ProcessingOutputConfig"]["Outputs"]
    }
    trained = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"]
        for each in aws_requests.train(run, where)["InputDataConfig"]
    }
    evaluated = {
        each["InputName"]: each["S3Input"]["S3Uri"]
        for each in aws_requests.evaluate(run, where, candidate_url=MODEL_URL)["ProcessingInputs"]
    }
    assert {name: trained[name] for name in ("train", "validation")} == {
        name: left[name] for name in ("train", "validation")
    }
    assert (evaluated["test"], evaluated["split"], trained["split"]) == (left["test"], left["report"], left["report"])


def test_hyperparameters_travel_as_text(churn: ModelSpec, where: Environment, training_run: Make) -> None:
    """Numbers, truth and nothing as JSON, text as it is: the job reads each back as what it was."""
    values = {"learning_rate": 0.05, "max_iter": 200, "warm_start": True, "max_depth": None, "solver": "lbfgs"}
    estimator = dataclasses.replace(churn.estimator, hyperparameters=values, limits={})
    spec = dataclasses.replace(churn, estimator=estimator)
    sent = {"learning_rate": "0.05", "max_iter": "200", "warm_start": "true", "max_depth": "null", "solver": "lbfgs"}
    assert aws_requests.train(training_run(spec), where)["HyperParameters"] == sent


def test_spot_training_may_wait_and_goes_on_from_its_checkpoints(
    churn: ModelSpec, where: Environment, training_run: Make
) -> None:
    """A spot job has a time to wait and keeps checkpoints where its next start finds them."""
    spot = dataclasses.replace(churn, step_resources={"train": StepResources(spot=True, max_run_s=600)})
    request = aws_requests.train(training_run(spot), where)
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}
    assert request["CheckpointConfig"]["S3Uri"] == "s3://lake/checkpoints/churn/manual-1-abc/"


def test_on_demand_training_does_not_wait(churn: ModelSpec, where: Environment, training_run: Make) -> None:
    """SageMaker refuses a waiting time on a job that is not spot."""
    request = aws_requests.train(training_run(churn), where)
    assert "MaxWaitTimeInSeconds" not in request["StoppingCondition"]
    assert request["EnableManagedSpotTraining"] is False


def test_network_and_key_are_on_every_job(
    churn: ModelSpec, where: Environment, ingestion_run: Make, training_run: Make
) -> None:
    """Where an account asks for a network and a key, no job goes without."""
    where = dataclasses.replace(where, **PLACES["vpc and kms"])
    vpc = {"Subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
    run = training_run(churn)
    for request in (
        aws_requests.ingest(ingestion_run(churn), where),
        aws_requests.preprocess(run, where),
        aws_requests.evaluate(run, where, candidate_url=MODEL_URL),
    ):
        assert request["NetworkConfig"]["VpcConfig"] == vpc
        assert request["ProcessingOutputConfig"]["KmsKeyId"] == where.kms_key
        assert request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == where.kms_key
    train = aws_requests.train(run, where)
    assert train["VpcConfig"] == vpc
    assert train["OutputDataConfig"]["KmsKeyId"] == train["ResourceConfig"]["VolumeKmsKeyId"] == where.kms_key


def test_tags_say_which_model_pays(spec: ModelSpec, where: Environment, ingestion_run: Make) -> None:
    """Each job, and the group of its versions, has the spec's tags and the model's name."""
    group = {registry.BUCKET_TAG: where.bucket}
    requests = ((aws_requests.ingest(ingestion_run(spec), where), {}), (registry.group_request(spec, where), group))
    for request, further in requests:
        tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        assert tags == {**spec.tags, "model": spec.name, **further}


def test_builders_are_pure(spec: ModelSpec, where: Environment, training_run: Make) -> None:
    """The same run gives the same request, and a request can be changed without changing the next."""
    first = aws_requests.train(training_run(spec), where)
    untouched = aws_requests.train(training_run(spec), where)
    first["AlgorithmSpecification"]["ContainerEntrypoint"].append("--changed")
    first["HyperParameters"]["changed"] = "yes"
    assert aws_requests.train(training_run(spec), where) == untouched


def test_raw_manifest_names_exactly_the_files_of_the_partitions(partition: Make) -> None:
    """However many partitions there are they are one input, and nothing that no manifest names is in it."""
    days = [partition(date=dt.date(2026, 3, day), files=("part-0a.parquet", "part-1b.parquet")) for day in range(1, 13)]
    manifest = aws_requests.raw_manifest(tuple(days), bucket="lake", model="churn")
    assert manifest[0] == {"prefix": "s3://lake/raw/churn/"}
    assert manifest[1:3] == [f"year=2026/month=03/day=01/{name}" for name in ("part-0a.parquet", "part-1b.parquet")]
    assert len(manifest) == 1 + 2 * 12


def test_landing_manifest_names_exactly_the_sources(ingestion_run: Make, churn: ModelSpec) -> None:
    """An object that is dropped after the sources were pinned is not read."""
    run: IngestionRun | TrainingRun = ingestion_run(churn)
    manifest = aws_requests.landing_manifest(run.sources, bucket="lake", model="churn")
    assert manifest == [{"prefix": "s3://lake/landing/churn/"}, "year=2026/month=03/day=01/data.csv"]
