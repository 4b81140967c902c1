"""Real parts for the tests of orchestration: specs of the catalog, runs of them, and Airflow's own context classes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.sdk.bases.operator import ExecutorSafeguard
from moto import mock_aws

from include.specs import codec, reports, s3_layout
from include.specs.catalog import load
from include.specs.drift import DriftReport
from include.specs.environment import Environment
from include.specs.incidents import FAILURES
from include.specs.model import ModelSpec
from include.specs.partition import PartFile, PartitionManifest, PartitionRef, SourceObject
from include.specs.performance import PerformanceReport
from include.specs.run import (
    Champion,
    IngestionRun,
    MonitoringRun,
    PerformanceRun,
    Provenance,
    ServedDay,
    SplitBoundary,
    TrainingRun,
)
from tests.shared.airflow_context import task_context
from tests.shared.drift_report import report_of
from tests.shared.performance_report import report_of as performance_report_of
from tests.shared.sagemaker_requests import PLACES

BUCKET = "lake"
DAY = dt.date(2026, 3, 1)
SETTINGS = {
    "BUCKET": BUCKET,
    "ROLE_ARN": "arn:aws:iam::123456789012:role/perennial-jobs",
    "IMAGE": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/perennial-ml:1",
    "TOPIC_PREFIX": "arn:aws:sns:eu-west-1:123456789012:perennial-",
    "POLL_INTERVAL_S": "0.001",
}
WHERE = Environment(
    bucket=BUCKET,
    role_arn=SETTINGS["ROLE_ARN"],
    image=SETTINGS["IMAGE"],
    topic_prefix=SETTINGS["TOPIC_PREFIX"],
    code_version="0123abc",
)
SESSION = boto3.Session()
CHAMPION = Champion(
    version=3,
    package_arn="arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3",
    approval_status="Approved",
    model_url="s3://lake/models/churn/earlier/job/output/model.tar.gz",
    sha256="c" * 64,
    boundary=SplitBoundary(hash_from=0.2),
)


@pytest.fixture(autouse=True)
def _outside_the_task_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests call `execute` themselves, which Airflow refuses outside its task runner."""
    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)


@pytest.fixture(params=sorted(load()))
def spec(request: pytest.FixtureRequest) -> ModelSpec:
    """Each model of the catalog."""
    return load()[request.param]


@pytest.fixture
def churn() -> ModelSpec:
    """One model, where the model does not matter."""
    return load()["churn"]


@pytest.fixture
def where() -> Environment:
    return WHERE


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, where: Environment) -> Environment:
    """An account as simple as it can be, and one with its own network and key."""
    return dataclasses.replace(where, **PLACES[request.param])


@pytest.fixture
def champion() -> Champion:
    return CHAMPION


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        run="manual-1-abc",
        dag_id="churn_training",
        run_id="manual__1",
        run_url="http://airflow/runs/1",
        reason="weekly",
    )


@pytest.fixture
def partition() -> Callable[..., PartitionRef]:
    """Makes a pinned partition of some day."""

    def make(
        model: str = "churn", date: dt.date = DAY, *, files: tuple[str, ...] = ("part-0a.parquet",), origin: str = ""
    ) -> PartitionRef:
        source = SourceObject(key=s3_layout.landing(model, date) + "data.csv", bytes=9, etag="e", origin=origin or None)
        parts = tuple(PartFile(name=name, rows=5, bytes=4, sha256="a" * 64) for name in files)
        manifest = PartitionManifest(
            model=model, date=date, files=parts, rows=5 * len(parts), columns={"id": "string"}, sources=(source,)
        )
        return PartitionRef(manifest_key=s3_layout.manifest(model, date), sha256="b" * 64, manifest=manifest)

    return make


@pytest.fixture
def training_run(provenance: Provenance, partition: Callable[..., PartitionRef]) -> Callable[..., TrainingRun]:
    """Makes a training run of a spec."""

    def make(spec: ModelSpec, **changes: Any) -> TrainingRun:
        run = TrainingRun(model=spec, provenance=provenance, partitions=(partition(spec.name),))
        return dataclasses.replace(run, **changes)

    return make


@pytest.fixture
def ingestion_run(provenance: Provenance, partition: Callable[..., PartitionRef]) -> Callable[..., IngestionRun]:
    """Makes an ingestion run of a spec."""

    def make(spec: ModelSpec, **changes: Any) -> IngestionRun:
        sources = partition(spec.name).manifest.sources
        run = IngestionRun(model=spec, provenance=provenance, date=DAY, sources=sources)
        return dataclasses.replace(run, **changes)

    return make


@pytest.fixture
def monitoring_run(provenance: Provenance) -> Callable[..., MonitoringRun]:
    """Makes a monitoring run of a spec."""

    def make(spec: ModelSpec, **changes: Any) -> MonitoringRun:
        captured = SourceObject(
            key=s3_layout.capture_day(spec.name, "AllTraffic", DAY) + "00/a.jsonl", bytes=9, etag="e"
        )
        run = MonitoringRun(
            model=spec, provenance=provenance, date=DAY, version=3, baseline_run="earlier", captured=(captured,)
        )
        return dataclasses.replace(run, **changes)

    return make


@pytest.fixture
def performance_run(provenance: Provenance) -> Callable[..., PerformanceRun]:
    """Makes a run of a spec that measures its realised quality."""

    def make(spec: ModelSpec, **changes: Any) -> PerformanceRun:
        captured = SourceObject(
            key=s3_layout.capture_day(spec.name, "AllTraffic", DAY) + "00/a.jsonl", bytes=9, etag="e"
        )
        labels = SourceObject(key=s3_layout.labels(spec.name, DAY) + "a.parquet", bytes=9, etag="e")
        run = PerformanceRun(
            model=spec,
            provenance=provenance,
            date=DAY,
            days=(ServedDay(date=DAY, version=3),),
            version=3,
            baseline_run="earlier",
            captured=(captured,),
            labels=(labels,),
        )
        return dataclasses.replace(run, **changes)

    return make


@pytest.fixture
def performance_report() -> Callable[..., PerformanceReport]:
    """Makes a day's report; the one day with labels fell where the verdict says that one did."""
    return performance_report_of


@pytest.fixture
def drift_report() -> Callable[..., DriftReport]:
    """Makes a day's report; its one feature breached where the verdict says that something did."""
    return report_of


@pytest.fixture
def candidate() -> reports.ModelManifest:
    return reports.ModelManifest(
        model="churn",
        run="manual-1-abc",
        sha256="d" * 64,
        content_sha256="e" * 64,
        types=("sklearn.pipeline.Pipeline",),
        features=("tenure",),
        positive="Yes",
        threshold=0.5,
        boundary=SplitBoundary(hash_from=0.2),
        hyperparameters={"learning_rate": 0.05, "class_weight": "{'No': 1}"},
        packages={"scikit-learn": "1.9.0"},
        data_sha256="f" * 64,
    )


@pytest.fixture
def evaluation() -> reports.EvaluationReport:
    metrics = ("roc_auc", "pr_auc", "accuracy", "precision", "recall", "f1", "log_loss", "brier", "recall_at_precision")
    return reports.EvaluationReport(
        model="churn",
        run="manual-1-abc",
        metrics={name: reports.Estimate(value=0.84, low=0.82, high=0.86) for name in metrics},
        data=reports.DataReport(rows=1400, positives=370, sha256="f" * 64),
        confusion=reports.Confusion(
            threshold=0.5, true_positive=1, false_positive=1, false_negative=1, true_negative=1
        ),
    )


@pytest.fixture
def gate() -> Callable[[str], reports.GateReport]:
    """Makes the gate's report with a verdict."""

    def make(verdict: str) -> reports.GateReport:
        passed = verdict == "register"
        rule = reports.GateRule(rule="roc_auc >= 0.80", observed=0.84 if passed else 0.7, required=0.8, passed=passed)
        return reports.GateReport(verdict=verdict, rules=(rule,), reasons=f"The one rule says {verdict}.")

    return make


@pytest.fixture
def context() -> Callable[..., dict[str, Any]]:
    """Makes a task's context out of Airflow's own classes."""
    return task_context


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """moto's AWS with the data bucket in it, and the settings of an environment that uses it.

    Clients share a session, whose models of the services are then read once and not for each client.
    """
    monkeypatch.setattr(AwsBaseHook, "get_session", lambda *_, **__: SESSION)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"AIRFLOW__PERENNIAL__{name}", value)
    with mock_aws():
        s3 = SESSION.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

        def put(key: str, value: Any, **more: Any) -> str:
            body = value if isinstance(value, bytes) else codec.encode(value)
            s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)
            return key

        def listing(prefix: str = "") -> list[str]:
            found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
            return sorted(item["Key"] for item in found.get("Contents", []))

        def results() -> list[str]:
            """All that is there but the records of what failed."""
            return [key for key in listing() if f"/{FAILURES}" not in key]

        def get(key: str) -> bytes:
            return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

        yield SimpleNamespace(s3=s3, put=put, get=get, listing=listing, results=results)


@pytest.fixture
def listen(aws: SimpleNamespace) -> Callable[..., Callable[[], list[dict[str, Any]]]]:  # noqa: ARG001 moto comes first
    """Makes a topic, and a queue that listens to it; gives what reads the queue."""

    def make(topic: str, *, fifo: bool = False) -> Callable[[], list[dict[str, Any]]]:
        sns, sqs, suffix = boto3.client("sns"), boto3.client("sqs"), ".fifo" if fifo else ""
        made = sns.create_topic(Name=topic + suffix, Attributes={"FifoTopic": "true"} if fifo else {})["TopicArn"]
        queue = sqs.create_queue(QueueName="inbox" + suffix, Attributes={"FifoQueue": "true"} if fifo else {})
        address = queue["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=made, Protocol="sqs", Endpoint=arn)

        def read() -> list[dict[str, Any]]:
            found = sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(message["Body"]) for message in found]

        return read

    return make
