"""A model version: what is asked for when one is registered, and what is read back from one."""

import dataclasses
import datetime as dt
import hashlib
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from perennial import registry

from include.specs.environment import Environment
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.reports import EvaluationReport, GateReport, ModelManifest
from include.specs.run import Champion, Provenance, SplitBoundary, TrainingRun

MANIFEST = b'[{"prefix": "s3://lake/raw/churn/"}, "part-0a.parquet"]'
BOUNDARIES = st.builds(
    SplitBoundary,
    hash_from=st.none() | st.floats(0, 1, exclude_min=True),
    hash_of=st.sampled_from(["id", "entity"]),
    hash_from_positive=st.none() | st.floats(0, 1, exclude_min=True),
    hash_from_negative=st.none() | st.floats(0, 1, exclude_min=True),
    time_until=st.none() | st.datetimes(timezones=st.just(dt.UTC)),
)


@pytest.fixture
def request_of(
    where: Environment,
    training_run: Callable[..., TrainingRun],
    candidate: ModelManifest,
    evaluation: EvaluationReport,
    gate: Callable[[str], GateReport],
) -> Callable[..., dict[str, Any]]:
    """Makes the request of a run that the gate let through."""

    def make(
        spec: ModelSpec,
        *,
        verdict: str = "register",
        without: tuple[str, ...] = (),
        bucket: str = where.bucket,
        **changes: Any,
    ) -> dict[str, Any]:
        metrics = {name: evaluation.metrics[name] for name in evaluation.metrics if name not in without}
        return registry.package_request(
            training_run(spec, **changes),
            dataclasses.replace(where, bucket=bucket),
            model_url="s3://lake/models/churn/r/job/output/model.tar.gz",
            data_manifest=MANIFEST,
            candidate=candidate,
            evaluation=dataclasses.replace(evaluation, metrics=metrics),
            gate=gate(verdict),
        )

    return make


def _described(request: dict[str, Any], version: int = 7) -> dict[str, Any]:
    return {**request, "ModelPackageVersion": version, "ModelPackageArn": f"arn:model-package/{version}"}


def test_version_waits_for_approval(spec: ModelSpec, request_of: Callable[..., dict[str, Any]]) -> None:
    """A registered version is pending, in the model's group, and names its metrics and baselines."""
    request = request_of(spec)
    assert request["ModelApprovalStatus"] == "PendingManualApproval"
    assert request["ModelPackageGroupName"] == spec.name
    quality = request["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    assert quality == f"s3://lake/experiments/{spec.name}/manual-1-abc/evaluation.json"
    baseline = request["DriftCheckBaselines"]["ModelDataQuality"]["Statistics"]["S3Uri"]
    assert baseline == f"s3://lake/baselines/{spec.name}/manual-1-abc/statistics.json"


def test_lineage_is_the_code_that_the_run_was_resolved_by(
    churn: ModelSpec, request_of: Callable[..., dict[str, Any]], provenance: Provenance
) -> None:
    """Other code may have been deployed before the version is registered: it made nothing of it."""
    request = request_of(churn, provenance=dataclasses.replace(provenance, code_version="fedcba9"))
    assert request["MetadataProperties"]["CommitId"] == "fedcba9"
    assert request["CustomerMetadataProperties"]["code_version"] == "fedcba9"


def test_rejected_candidate_cannot_be_registered(churn: ModelSpec, request_of: Callable[..., dict[str, Any]]) -> None:
    """The request itself refuses what the gate refused, whoever asks for it."""
    with pytest.raises(ReportError, match="'reject'"):
        request_of(churn, verdict="reject")


def test_version_has_every_metric_that_its_gate_asked_for(
    spec: ModelSpec, request_of: Callable[..., dict[str, Any]]
) -> None:
    """A report that lost one after the gate had read it makes no version; a metric that no rule needs may be absent."""
    assert request_of(spec, without=["accuracy"])
    with pytest.raises(ReportError, match=r"evaluation\.json: expected the metric roc_auc, which gate.thresholds"):
        request_of(spec, without=["roc_auc"])


def test_token_is_that_of_the_run(
    churn: ModelSpec, request_of: Callable[..., dict[str, Any]], training_run: Callable[..., TrainingRun]
) -> None:
    """Two tries of a run ask with one token; another run, and that of the same name elsewhere, with another."""
    other = dataclasses.replace(training_run(churn).provenance, run_id="manual__2")
    first, again, of_other, elsewhere = (
        request["ClientToken"]
        for request in (
            request_of(churn),
            request_of(churn),
            request_of(churn, provenance=other),
            request_of(churn, bucket="other-lake"),
        )
    )
    assert first == again
    assert len({first, of_other, elsewhere}) == 3


def test_metadata_says_where_a_version_came_from(
    churn: ModelSpec, request_of: Callable[..., dict[str, Any]], champion: Champion
) -> None:
    """Owner, use case, data, run and previous champion are in a version's metadata."""
    metadata = request_of(churn, champion=champion)["CustomerMetadataProperties"]
    expected = {
        "owner": "Customer analytics customer-analytics@example.com",
        "run": "manual-1-abc",
        "airflow_run_id": "manual__1",
        "airflow_run_url": "http://airflow/runs/1",
        "data_manifest": "experiments/churn/manual-1-abc/raw.manifest",
        "data_manifest_sha256": hashlib.sha256(MANIFEST).hexdigest(),
        "data_sha256": "f" * 64,
        "data_synthetic": "false",
        "gate_verdict": "register",
        "metric_roc_auc": "0.84",
        "model_sha256": "d" * 64,
        "previous_champion": "3",
        "reason": "weekly",
        "hyperparameters": "class_weight=--No-: 1- learning_rate=0.05",
    }
    assert {key: metadata.get(key) for key in expected} == expected


def test_metadata_says_that_rows_were_made_up(
    churn: ModelSpec, request_of: Callable[..., dict[str, Any]], partition: Callable[..., Any]
) -> None:
    """A version that was trained on generated data can be told from a real one."""
    made_up = (partition(origin="synthetic seed=1"),)
    assert request_of(churn, partitions=made_up)["CustomerMetadataProperties"]["data_synthetic"] == "true"


def test_metadata_leaves_out_what_is_not_known(churn: ModelSpec, request_of: Callable[..., dict[str, Any]]) -> None:
    """SageMaker refuses empty values, so a fact that is not known is absent."""
    metadata = request_of(dataclasses.replace(churn, use_case=""))["CustomerMetadataProperties"]
    assert "use_case" not in metadata
    assert metadata["previous_champion"] == "none"
    assert all(metadata.values())


@given(st.text(max_size=400))
@example("x" * 257)
def test_allowed_is_what_sagemaker_allows(text: str) -> None:
    """Any text comes out within 256 letters, numbers, spaces and _.:/=+-@, and what was allowed is untouched."""
    made = registry.allowed(text)
    assert len(made) == min(len(text), 256)
    assert all(unicodedata.category(c)[0] in "LNZ" or c in "_.:/=+-@" for c in made)
    assert registry.allowed(made) == made


def test_descriptions_are_one_line(churn: ModelSpec, where: Environment) -> None:
    """A description written over several lines, or too long, is still one that SageMaker takes."""
    several = dataclasses.replace(churn, description="First line,\n  and a second.\n" + "x" * 2000)
    description = registry.group_request(several, where)["ModelPackageGroupDescription"]
    assert description.startswith("First line, and a second. xxx")
    assert len(description) == 1024


def _package(version: int, approval: str, status: str = "Completed") -> dict[str, Any]:
    return {
        "ModelPackageArn": f"arn:model-package/{version}",
        "ModelPackageVersion": version,
        "ModelApprovalStatus": approval,
        "ModelPackageStatus": status,
    }


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([], None),
        ([(1, "Rejected")], None),
        ([(2, "PendingManualApproval"), (1, "PendingManualApproval")], 2),
        ([(3, "PendingManualApproval"), (2, "Approved"), (1, "Approved")], 2),
        ([(9, "Approved"), (10, "Approved")], 10),
        ([(3, "Rejected"), (2, "PendingManualApproval"), (1, "Rejected")], 2),
        ([(3, "Approved", "Failed"), (2, "Approved", "InProgress"), (1, "Approved")], 1),
        ([(2, "Approved", "Pending"), (1, "PendingManualApproval")], 1),
    ],
)
def test_champion_is_the_newest_approved_else_the_newest_pending(
    versions: list[tuple[Any, ...]], expected: int | None
) -> None:
    """Approval decides first, then the version's number; a rejected or unfinished version is never the champion."""
    packages = [_package(*each) for each in versions]
    by_arn = {package["ModelPackageArn"]: package for package in packages}
    chosen = next(registry.champions(packages, by_arn.__getitem__, bucket="lake"), None)
    assert (chosen and chosen["ModelPackageVersion"]) == expected


@pytest.mark.parametrize(
    ("versions", "past", "expected"),
    [
        ([(2, "PendingManualApproval"), (1, "PendingManualApproval")], {2}, 1),
        ([(2, "PendingManualApproval")], {2}, None),
        ([(2, "Approved"), (1, "Approved")], {2}, 2),
    ],
)
def test_version_of_a_past_window_stands_in_for_nobody(
    versions: list[tuple[Any, ...]], past: set[int], expected: int | None
) -> None:
    """Only a person's approval makes it the champion."""
    packages = [_package(*each) for each in versions]

    def describe(arn: str) -> dict[str, Any]:
        [package] = [each for each in packages if each["ModelPackageArn"] == arn]
        of_past = str(package["ModelPackageVersion"] in past).lower()
        return {**package, "CustomerMetadataProperties": {"past_window": of_past}}

    chosen = next(registry.champions(packages, describe, bucket="lake"), None)
    assert (chosen and chosen["ModelPackageVersion"]) == expected


BEFORE, THEN, SINCE = (dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in (1, 2, 3))


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        # Made since.
        ([(2, "Approved", SINCE, SINCE), (1, "Approved", BEFORE, BEFORE)], 1),
        ([(1, "PendingManualApproval", SINCE, None)], None),
        # Approved since: it waited then, and the approved one was the champion.
        ([(2, "Approved", BEFORE, SINCE), (1, "Approved", BEFORE, BEFORE)], 1),
        # Approved since, where none was: the newest of those that waited.
        (
            [(3, "PendingManualApproval", SINCE, None), (2, "Approved", BEFORE, SINCE), (1, "Approved", BEFORE, SINCE)],
            2,
        ),
        ([(2, "PendingManualApproval", BEFORE, None), (1, "Approved", BEFORE, SINCE)], 2),
        # At that very moment.
        ([(2, "Approved", THEN, THEN), (1, "Approved", BEFORE, BEFORE)], 2),
        # Approved when it was made: never modified.
        ([(2, "Approved", BEFORE, None), (1, "Approved", BEFORE, BEFORE)], 2),
        ([(2, "Rejected", BEFORE, SINCE), (1, "PendingManualApproval", BEFORE, None)], 1),
    ],
)
def test_champion_of_a_moment_is_told_from_when_versions_were_made_and_modified(
    versions: list[tuple[Any, ...]], expected: int | None
) -> None:
    """A day of the past is compared with the version that served then, and not with today's."""
    times = {version: {"CreationTime": made, "LastModifiedTime": modified} for version, _, made, modified in versions}
    packages = [_package(version, status) | times[version] for version, status, *_ in versions]
    by_arn = {package["ModelPackageArn"]: package for package in packages}
    chosen = next(registry.champions(packages, by_arn.__getitem__, bucket="lake", as_of=THEN), None)
    assert (chosen and chosen["ModelPackageVersion"]) == expected


def test_only_what_is_chosen_is_described() -> None:
    """A description is a call, and a registry may hold hundreds of versions."""
    packages = [_package(number, "Approved") for number in range(50)]
    asked: list[str] = []

    def describe(arn: str) -> dict[str, Any]:
        asked.append(arn)
        return {"ModelPackageVersion": 49}

    next(registry.champions(packages, describe, bucket="lake"))
    assert asked == ["arn:model-package/49"]


def test_version_is_read_back_as_champion(churn: ModelSpec, request_of: Callable[..., dict[str, Any]]) -> None:
    """What was registered is what the next run measures up to."""
    read = registry.champion(_described(request_of(churn)))
    assert read == Champion(
        version=7,
        package_arn="arn:model-package/7",
        approval_status="PendingManualApproval",
        model_url="s3://lake/models/churn/r/job/output/model.tar.gz",
        sha256="d" * 64,
        boundary=SplitBoundary(hash_from=0.2),
    )


@given(boundary=BOUNDARIES)
def test_boundary_survives_the_registry(boundary: SplitBoundary) -> None:
    """Which rows a version may have been fitted on is read back exactly, though metadata is text."""
    properties = {key: registry.allowed(value) for key, value in registry._boundary(boundary).items()}
    assert registry._read_boundary(properties) == boundary


def test_stranger_cannot_be_champion() -> None:
    """A version without this system's metadata is refused by name, with what to do; it is not compared unfairly."""
    with pytest.raises(ReportError, match=r"arn:model-package/1 has no model_sha256.*set its approval to Rejected"):
        registry.champion({"ModelPackageArn": "arn:model-package/1", "CustomerMetadataProperties": {}})
