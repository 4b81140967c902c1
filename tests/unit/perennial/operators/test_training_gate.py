"""The gate branches on what evaluation decided, and nothing but a readable verdict passes it."""

import dataclasses
import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped
from perennial import assets, aws_requests, naming, registry, retries
from perennial.failures import FinalError
from perennial.hooks.packages import Packages
from perennial.operators.training import (
    AnnounceVersionOperator,
    QualityGateBranchOperator,
    RegisterModelOperator,
    RejectModelOperator,
)

from include.specs.environment import Environment
from include.specs.model import ModelSpec
from include.specs.reports import EvaluationReport, GateReport, ModelManifest
from include.specs.run import TrainingRun

Make = Callable[..., Any]
RUN = "manual-1-abc"
EXPERIMENT = f"experiments/churn/{RUN}/"
MANIFEST = b'[{"prefix": "s3://lake/raw/churn/"}, "year=2026/month=03/day=01/part-0a.parquet"]'
MODEL = "models/churn/manual-1-abc/job/output/model.tar.gz"
MODEL_URL = f"s3://lake/{MODEL}"


@pytest.fixture
def branch(churn: ModelSpec) -> QualityGateBranchOperator:
    """The gate between its two branches, which meet again after it."""
    with DAG("churn_training", schedule=None):
        gate = QualityGateBranchOperator(
            task_id="quality_gate", spec=churn, run=RUN, register="register", reject="reject"
        )
        ends = [BaseOperator(task_id="register"), BaseOperator(task_id="reject")]
        gate >> ends >> BaseOperator(task_id="notify")
    return gate


@pytest.mark.parametrize(("verdict", "skipped"), [("register", "reject"), ("reject", "register")])
def test_verdict_chooses_the_branch(
    aws: SimpleNamespace,
    branch: QualityGateBranchOperator,
    context: Make,
    gate: Callable[[str], GateReport],
    verdict: str,
    skipped: str,
) -> None:
    """Exactly the other branch is skipped; what both lead to is not."""
    aws.put(EXPERIMENT + "gate.json", gate(verdict))
    with pytest.raises(DownstreamTasksSkipped) as decided:
        branch.execute(context(task=branch))
    assert [task_id for task_id, _ in decided.value.tasks] == [skipped]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, "found no such object"),
        (b"", "expected JSON"),
        (b"register", "expected JSON"),
        (b'{"verdict": "register"}', "not a GateReport"),
        (b'{"verdict": "register", "rules": [], "reasons": ""}', "a gate without rules is open"),
        (b'{"verdict": "yes", "rules": [], "reasons": ""}', "expected one of"),
        (
            (
                b'{"verdict": "register", "reasons": "", '
                b'"rules": [{"rule": "r", "observed": NaN, "required": 0.8, "passed": true}]}'
            ),
            "NaN is not a finite number",
        ),
        (
            (
                b'{"verdict": "register", "reasons": "", '
                b'"rules": [{"rule": "r", "observed": 0.1, "required": 0.8, "passed": false}]}'
            ),
            "contradicts the rules",
        ),
    ],
)
def test_nothing_else_passes_the_gate(
    aws: SimpleNamespace, branch: QualityGateBranchOperator, context: Make, body: bytes | None, words: str
) -> None:
    """A verdict that is missing, unreadable, not finite or at odds with its rules fails the task for good."""
    if body is not None:
        aws.put(EXPERIMENT + "gate.json", body)
    with pytest.raises(AirflowFailException, match=words) as failed:
        branch.execute(context(task=branch))
    assert "s3://lake/" + EXPERIMENT + "gate.json" in str(failed.value)


def test_unknown_branch_is_an_error(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, gate: Callable[[str], GateReport]
) -> None:
    """A branch that the DAG does not have is never taken in silence."""
    aws.put(EXPERIMENT + "gate.json", gate("register"))
    with DAG("d", schedule=None):
        astray = QualityGateBranchOperator(task_id="gate", spec=churn, run=RUN, register="nowhere", reject="reject")
    with pytest.raises(Exception, match="nowhere"):
        astray.execute(context(task=astray))


def test_report_can_be_opened_from_the_gate(
    aws: SimpleNamespace, branch: QualityGateBranchOperator, context: Make, gate: Callable[[str], GateReport]
) -> None:
    """The link to the report is there, whatever the verdict."""
    aws.put(EXPERIMENT + "gate.json", gate("reject"))
    made = context(task=branch)
    with pytest.raises(DownstreamTasksSkipped):
        branch.execute(made)
    assert made["ti"].pushed["_link_ReportLink"].endswith(EXPERIMENT + "evaluation_report.html")


@pytest.fixture
def judged(
    aws: SimpleNamespace,
    churn: ModelSpec,
    training_run: Make,
    candidate: ModelManifest,
    evaluation: EvaluationReport,
    gate: Callable[[str], GateReport],
) -> TrainingRun:
    """A run whose candidate went through the gate."""
    run: TrainingRun = training_run(churn)
    aws.put(EXPERIMENT + "run.json", run)
    aws.put(EXPERIMENT + "raw.manifest", MANIFEST)
    aws.put(EXPERIMENT + "candidate_manifest.json", candidate)
    aws.put(EXPERIMENT + "evaluation.json", evaluation)
    aws.put(EXPERIMENT + "gate.json", gate("register"))
    aws.put(MODEL, b"model")
    return run


def _register(spec: ModelSpec, context: dict[str, Any], *, model_url: str = MODEL_URL) -> dict[str, Any]:
    operator = RegisterModelOperator(
        task_id="register", spec=spec, config_key=EXPERIMENT + "run.json", model_url=model_url
    )
    result: dict[str, Any] = operator.execute(context)
    return result


def _versions() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = boto3.client("sagemaker").list_model_packages(ModelPackageGroupName="churn")[
        "ModelPackageSummaryList"
    ]
    return found


def test_new_version_is_announced(aws: SimpleNamespace, judged: TrainingRun, context: Make) -> None:
    """The event carries what was registered."""
    registered, made = {"version": 1, "package_arn": "arn:x", "approval_status": "PendingManualApproval"}, context()
    _announce(judged.model, made, registered)
    assert made["outlet_events"][assets.package("churn")].extra == registered
    aws.put(EXPERIMENT + "run.json", dataclasses.replace(judged, past_window=True))
    with pytest.raises(AirflowSkipException, match="past window"):
        _announce(judged.model, context(), registered)


def _announce(spec: ModelSpec, context: dict[str, Any], registered: dict[str, Any]) -> None:
    AnnounceVersionOperator(
        task_id="announce", spec=spec, config_key=EXPERIMENT + "run.json", registered=registered
    ).execute(context)


def test_candidate_is_registered(judged: TrainingRun, context: Make) -> None:
    """The version is pending, and its report can be opened."""
    made = context()
    result = _register(judged.model, made)
    [version] = _versions()
    assert result == {
        "version": 1,
        "package_arn": version["ModelPackageArn"],
        "approval_status": "PendingManualApproval",
    }
    assert made["ti"].pushed["_link_ReportLink"].endswith("evaluation_report.html")


def test_version_names_the_data_it_was_made_from(
    aws: SimpleNamespace, judged: TrainingRun, where: Environment, context: Make
) -> None:
    """The manifest in a version's metadata is the object that the job read, byte for byte."""
    arn = _register(judged.model, context())["package_arn"]
    properties = boto3.client("sagemaker").describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"]
    assert hashlib.sha256(aws.get(properties["data_manifest"])).hexdigest() == properties["data_manifest_sha256"]
    [channel] = [
        each["S3Input"]["S3Uri"]
        for each in aws_requests.preprocess(judged, where)["ProcessingInputs"]
        if each["InputName"] == "raw"
    ]
    assert channel == f"s3://lake/{properties['data_manifest']}"


@pytest.mark.parametrize("past", [False, True])
def test_version_says_whether_its_window_is_past(
    aws: SimpleNamespace, judged: TrainingRun, context: Make, past: bool
) -> None:
    """So that it stands in for no champion, for as long as it is in the registry."""
    aws.put(EXPERIMENT + "run.json", dataclasses.replace(judged, past_window=past))
    _register(judged.model, context())
    packages = Packages()
    chosen = next(registry.champions(packages.versions("churn"), packages.describe, bucket="lake"), None)
    assert (chosen is None) is past


@pytest.mark.parametrize("run_id", ["manual__1", "manual__~odd {id}", "r" * 300])
def test_one_run_registers_one_version(aws: SimpleNamespace, judged: TrainingRun, context: Make, run_id: str) -> None:
    """Trying again finds the version of the first try, also where metadata cannot hold the run's id as it is."""
    _put_run(aws, judged, run_id)
    first, second = (_register(judged.model, context()) for _ in range(2))
    assert first == second
    assert len(_versions()) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("manual__1", "manual__2"), ("manual__{1}", "manual__(1)"), ("r" * 300 + "1", "r" * 300 + "2")],
)
def test_two_runs_register_two_versions(
    aws: SimpleNamespace, judged: TrainingRun, context: Make, one: str, other: str
) -> None:
    """A later run has a version of its own, also where the two ids look alike in metadata."""
    for version, run_id in enumerate((one, other), start=1):
        _put_run(aws, judged, run_id)
        assert _register(judged.model, context())["version"] == version


def test_cleared_run_with_another_model_is_refused(
    aws: SimpleNamespace, judged: TrainingRun, context: Make, candidate: ModelManifest
) -> None:
    """A run that is cleared and makes another model never passes off the version of its first model as that."""
    _register(judged.model, context())
    aws.put(EXPERIMENT + "candidate_manifest.json", dataclasses.replace(candidate, content_sha256="9" * 64))
    with pytest.raises(AirflowFailException, match=r"has registered version 1, .*e{64}.*9{64}.*trigger a new run"):
        _register(judged.model, context())
    assert len(_versions()) == 1


def test_cleared_run_with_the_same_model_is_its_version(
    aws: SimpleNamespace, judged: TrainingRun, context: Make, candidate: ModelManifest
) -> None:
    """The same model in another file (skops names entries by memory address) is the same version."""
    first = _register(judged.model, context())
    aws.put(EXPERIMENT + "candidate_manifest.json", dataclasses.replace(candidate, sha256="9" * 64))
    assert _register(judged.model, context()) == first


@pytest.mark.parametrize("made_anew", [True, False])
def test_version_whose_model_is_gone_is_not_passed_off_as_whole(
    aws: SimpleNamespace, judged: TrainingRun, context: Make, made_anew: bool
) -> None:
    """A cleared run makes its model again, elsewhere; the version still names the first, which is not there."""
    _register(judged.model, context())
    aws.s3.delete_object(Bucket="lake", Key=MODEL)
    url = MODEL_URL.replace("/job/", "/job-2/") if made_anew else MODEL_URL
    if made_anew:
        aws.put(MODEL.replace("/job/", "/job-2/"), b"model")
    with pytest.raises(FinalError, match=rf"has registered version 1, and its model {MODEL_URL} is gone") as raised:
        _register(judged.model, context(), model_url=url)
    assert raised.value.fault is retries.VERSION
    assert len(_versions()) == 1


def test_version_whose_model_is_there_needs_no_second(aws: SimpleNamespace, judged: TrainingRun, context: Make) -> None:
    """Made again in another place, the model is that of the version, which stays where it was."""
    first = _register(judged.model, context())
    aws.put(MODEL.replace("/job/", "/job-2/"), b"model")
    assert _register(judged.model, context(), model_url=MODEL_URL.replace("/job/", "/job-2/")) == first


def _put_run(aws: SimpleNamespace, run: TrainingRun, run_id: str) -> None:
    """Put the configuration of another run, with its reports, into the lake; `run.json` stays where it was."""
    slug = naming.run_slug(run.provenance.dag_id, run_id)
    for name in aws.listing(EXPERIMENT):
        aws.put(name.replace(RUN, slug), aws.get(name))
    changed = dataclasses.replace(run.provenance, run=slug, run_id=run_id)
    aws.put(EXPERIMENT + "run.json", dataclasses.replace(run, provenance=changed))


def test_rejected_candidate_is_never_registered(
    aws: SimpleNamespace, judged: TrainingRun, context: Make, gate: Callable[[str], GateReport]
) -> None:
    """A task that a person marked or cleared past the gate still finds the verdict, and leaves the registry alone."""
    aws.put(EXPERIMENT + "gate.json", gate("reject"))
    with pytest.raises(AirflowFailException, match="its verdict is 'reject'"):
        _register(judged.model, context())
    assert boto3.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []


@pytest.mark.parametrize("missing", ["raw.manifest", "candidate_manifest.json", "evaluation.json", "gate.json"])
def test_missing_report_registers_nothing(
    aws: SimpleNamespace, judged: TrainingRun, context: Make, missing: str
) -> None:
    """A version never lacks its data, its metrics, its digest or its verdict."""
    aws.s3.delete_object(Bucket="lake", Key=EXPERIMENT + missing)
    with pytest.raises(AirflowFailException, match=missing):
        _register(judged.model, context())
    assert boto3.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_rejection_keeps_its_reasons(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, gate: Callable[[str], GateReport]
) -> None:
    """A rejection is a result: it succeeds, says why, and links the report."""
    aws.put(EXPERIMENT + "gate.json", gate("reject"))
    made = context()
    result = RejectModelOperator(task_id="reject", spec=churn, run=RUN).execute(made)
    assert result == {"reasons": "The one rule says reject."}
    assert made["ti"].pushed["_link_ReportLink"].endswith("evaluation_report.html")
