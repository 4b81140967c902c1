"""Two deployments in one account and region: neither takes what is the other's for its own."""

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from perennial.operators.training import RegisterModelOperator, ResolveRunOperator

from include.specs import codec
from include.specs.model import ModelSpec
from include.specs.reports import EvaluationReport, GateReport, ModelManifest
from include.specs.run import TrainingRun
from tests.shared.airflow_context import task_context

Make = Callable[..., Any]
EXPERIMENT = "experiments/churn/manual-1-abc/"
MODEL = "models/churn/manual-1-abc/job/output/model.tar.gz"
Trained = Callable[..., dict[str, Any]]


@pytest.fixture
def deployment(aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From here on, tasks are of the deployment with this data bucket, which is there."""

    def switch(bucket: str, group_suffix: str = "") -> None:
        if bucket not in [each["Name"] for each in aws.s3.list_buckets()["Buckets"]]:
            aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        monkeypatch.setenv("AIRFLOW__PERENNIAL__BUCKET", bucket)
        monkeypatch.setenv("AIRFLOW__PERENNIAL__GROUP_SUFFIX", group_suffix)

    return switch


@pytest.fixture
def trained(
    aws: SimpleNamespace,
    churn: ModelSpec,
    training_run: Make,
    candidate: ModelManifest,
    evaluation: EvaluationReport,
    gate: Callable[[str], GateReport],
) -> Trained:
    """Registers what the one run has trained in a deployment: the same run id in each, but not the same model."""
    run: TrainingRun = training_run(churn)

    def register(bucket: str) -> dict[str, Any]:
        made = {
            "run.json": run,
            "candidate_manifest.json": dataclasses.replace(candidate, content_sha256=bucket),
            "evaluation.json": evaluation,
            "gate.json": gate("register"),
        }
        for name, value in made.items():
            aws.s3.put_object(Bucket=bucket, Key=EXPERIMENT + name, Body=codec.encode(value))
        for key in (EXPERIMENT + "raw.manifest", MODEL):
            aws.s3.put_object(Bucket=bucket, Key=key, Body=b"[]")
        operator = RegisterModelOperator(
            task_id="register",
            spec=churn,
            config_key=EXPERIMENT + "run.json",
            model_url=f"s3://{bucket}/{MODEL}",
        )
        result: dict[str, Any] = operator.execute(task_context())
        return result

    return register


@pytest.fixture
def resolved(aws: SimpleNamespace, churn: ModelSpec, partition: Make) -> Trained:
    """Resolves a later run in a deployment."""
    ref = partition()

    def resolve(bucket: str) -> dict[str, Any]:
        aws.s3.put_object(Bucket=bucket, Key=ref.manifest_key, Body=codec.encode(ref.manifest))
        operator = ResolveRunOperator(task_id="resolve", spec=churn)
        result: dict[str, Any] = operator.execute(task_context(run_id="manual__2"))
        return result

    return resolve


def _groups() -> list[str]:
    found = boto3.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    return sorted(group["ModelPackageGroupName"] for group in found)


def test_runs_of_one_id_have_versions_of_their_own(deployment: Make, trained: Trained, resolved: Trained) -> None:
    """In a group from before groups were anybody's, each run finds its version again, and measures up to its own."""
    boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName="churn")
    for version, bucket in enumerate(("lake", "other-lake"), start=1):
        deployment(bucket)
        assert [trained(bucket)["version"] for _ in range(2)] == [version, version]
    for version, bucket in enumerate(("lake", "other-lake"), start=1):
        deployment(bucket)
        assert resolved(bucket)["champion"] == version


def test_group_of_another_deployment_ends_a_run_before_it_costs(
    aws: SimpleNamespace, deployment: Make, trained: Trained, resolved: Trained
) -> None:
    """Nothing is pinned, so no job is started; a run that had begun before registers nothing."""
    trained("lake")
    deployment("other-lake")
    words = r"churn to be of the data bucket other-lake, its tag perennial:bucket says lake: .*perennial\.group_suffix"
    with pytest.raises(AirflowFailException, match=words):
        resolved("other-lake")
    written = [item["Key"] for item in aws.s3.list_objects_v2(Bucket="other-lake")["Contents"]]
    assert [key for key in written if not key.startswith("raw/") and "/failures/" not in key] == []
    with pytest.raises(AirflowFailException, match=words):
        trained("other-lake")


def test_group_suffix_keeps_deployments_apart(deployment: Make, trained: Trained, resolved: Trained) -> None:
    """Each has a group of its own, with version numbers of its own."""
    trained("lake")
    deployment("other-lake", "-dev")
    assert resolved("other-lake")["champion"] is None
    assert trained("other-lake")["version"] == 1
    assert _groups() == ["churn", "churn-dev"]
    assert resolved("other-lake")["champion"] == 1
