"""A model version in the registry: what is asked for when one is registered, and what is read back from one."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from include.specs import reports, s3_layout
from include.specs.environment import Environment
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.reports import EvaluationReport, GateReport, ModelManifest
from include.specs.run import Champion, SplitBoundary, TrainingRun
from perennial import naming
from perennial.aws_requests import manifest_key, tags

# CustomerMetadataProperties take at most 256 characters of letters, digits, spaces and _.:/=+-@
_MAX_VALUE = 256
# In a version's metadata: whether it was trained on the data of a time that had passed.
PAST_WINDOW = "past_window"
# The tag of a group that says whose it is: the data bucket is what tells one deployment from another.
BUCKET_TAG = "perennial:bucket"
_ALLOWED = frozenset("_.:/=+-@ ")
_HASH_CUTS = ("hash_from", "hash_from_positive", "hash_from_negative")


def group_request(spec: ModelSpec, where: Environment) -> dict[str, Any]:
    """The model package group of a model: its versions, in order. A tag says which deployment they are of."""
    return {
        "ModelPackageGroupName": where.group(spec.name),
        "ModelPackageGroupDescription": _one_line(spec.description),
        "Tags": [*tags(spec), {"Key": BUCKET_TAG, "Value": where.bucket}],
    }


def package_request(
    run: TrainingRun,
    where: Environment,
    *,
    model_url: str,
    data_manifest: bytes,
    candidate: ModelManifest,
    evaluation: EvaluationReport,
    gate: GateReport,
) -> dict[str, Any]:
    """A version pending approval, with its metrics, its baseline for drift, and where it came from.

    Args:
        data_manifest: the object at `manifest_key` of `raw`: the SageMaker manifest of the files that were read.

    Raises:
        ReportError: the gate did not say register, or the evaluation lacks a metric that the gate asks for.
    """
    if gate.verdict != "register":
        raise ReportError(f"only what the gate lets through is registered; its verdict is {gate.verdict!r}")
    _require_metrics(run.model, evaluation)
    spec, slug = run.model, run.provenance.run
    experiment = s3_layout.uri(where.bucket, s3_layout.experiment(spec.name, slug))
    quality = _source(experiment + reports.EVALUATION)
    statistics = _source(s3_layout.uri(where.bucket, s3_layout.baseline(spec.name, slug)) + reports.BASELINE_STATISTICS)
    return {
        "ModelPackageGroupName": where.group(spec.name),
        "ModelPackageDescription": _one_line(f"{spec.title}: {gate.reasons}"),
        "ModelApprovalStatus": "PendingManualApproval",
        "ClientToken": naming.digest([where.bucket, run.provenance.dag_id, run.provenance.run_id])[:36],
        "InferenceSpecification": _inference(where, model_url),
        "ModelMetrics": {"ModelQuality": {"Statistics": quality}},
        "DriftCheckBaselines": {
            "ModelQuality": {"Statistics": quality},
            "ModelDataQuality": {"Statistics": statistics},
        },
        "MetadataProperties": _lineage(run),
        "CustomerMetadataProperties": metadata(
            run, data_manifest=data_manifest, candidate=candidate, evaluation=evaluation, gate=gate
        ),
    }


def metadata(
    run: TrainingRun, *, data_manifest: bytes, candidate: ModelManifest, evaluation: EvaluationReport, gate: GateReport
) -> dict[str, str]:
    """What a version says of itself, in the characters and lengths that SageMaker allows."""
    spec, provenance = run.model, run.provenance
    properties = {
        "owner": f"{spec.owner.name} {spec.owner.email}",
        "use_case": spec.use_case,
        "code_version": provenance.code_version,
        # The run's identity: unlike its id, it never loses a character to what metadata can hold.
        "run": provenance.run,
        "airflow_dag_id": provenance.dag_id,
        "airflow_run_id": provenance.run_id,
        "airflow_run_url": provenance.run_url,
        "reason": provenance.reason,
        "gate_verdict": gate.verdict,
        "data_sha256": candidate.data_sha256,
        "data_manifest": manifest_key(spec.name, provenance.run, "raw"),
        "data_manifest_sha256": hashlib.sha256(data_manifest).hexdigest(),
        "data_partitions": str(len(run.partitions)),
        "data_synthetic": str(run.synthetic).lower(),
        PAST_WINDOW: str(run.past_window).lower(),
        "model_sha256": candidate.sha256,
        "model_content_sha256": candidate.content_sha256,
        "previous_champion": str(run.champion.version) if run.champion else "none",
        "hyperparameters": " ".join(f"{key}={value}" for key, value in sorted(candidate.hyperparameters.items())),
        **{f"metric_{name}": f"{estimate.value:.6g}" for name, estimate in sorted(evaluation.metrics.items())},
        **_boundary(candidate.boundary),
    }
    return {key: allowed(value) for key, value in properties.items() if value}


def allowed(text: str) -> str:
    """`text` with every character that SageMaker refuses in metadata replaced, cut to its length.

    >>> allowed("C=0.3 {'a': 1}")
    'C=0.3 --a-: 1-'
    """
    return "".join(c if c.isalnum() or c in _ALLOWED else "-" for c in text)[:_MAX_VALUE]


def champions(
    packages: Iterable[Mapping[str, Any]],
    describe: Callable[[str], Mapping[str, Any]],
    *,
    bucket: str,
    as_of: dt.datetime | None = None,
) -> Iterator[Mapping[str, Any]]:
    """The versions, of these summaries, that a candidate may have to measure up to, described; the champion first.

    The newest approved version; where none is, the newest that still waits for approval, so that a queue of pending
    versions never holds one that is worse than what already waits. A version that is still being made, or whose making
    failed, is none; nor is one of another deployment, nor, until a person approves it, one of a past window.

    Args:
        bucket: the data bucket of this deployment.
        as_of: which they were then, as far as the registry knows. It keeps when a version was made and when it was last
            modified, not when it was approved: one that was modified since counts as waiting then. One that is rejected
            by now may have been anything, and counts as none.
    """
    completed = [package for package in packages if package["ModelPackageStatus"] == "Completed"]
    known = [package for package in completed if as_of is None or package["CreationTime"] <= as_of]
    waiting = []
    for summary in sorted(known, key=lambda package: int(package["ModelPackageVersion"]), reverse=True):
        if summary["ModelApprovalStatus"] == "Approved":
            package = describe(summary["ModelPackageArn"])
            if _was_approved(package, as_of) and not is_elsewhere(package, bucket):
                yield package
                continue
        if summary["ModelApprovalStatus"] in ("Approved", "PendingManualApproval"):
            waiting.append(summary["ModelPackageArn"])
    described = (package for package in map(describe, waiting) if not is_elsewhere(package, bucket))
    yield from (package for package in described if not _is_of_past_window(package))


def is_elsewhere(package: Mapping[str, Any], bucket: str) -> bool:
    """Whether another deployment registered a described version: its model lies in another data bucket.

    One that nobody here knows, without the metadata that a training flow leaves, is not said to be anybody's.
    """
    url = model_url(package)
    ours = not url or url.startswith(s3_layout.uri(bucket, ""))
    return not ours and "model_sha256" in package.get("CustomerMetadataProperties", {})


def model_url(package: Mapping[str, Any]) -> str:
    """Where the model of a described version lies; empty where it does not say."""
    containers = package.get("InferenceSpecification", {}).get("Containers") or [{}]
    return str(containers[0].get("ModelDataUrl", ""))


def run_of(package: Mapping[str, Any]) -> str | None:
    """The name in S3 of the run that registered a described version; None where it does not say."""
    run: str | None = package.get("CustomerMetadataProperties", {}).get("run")
    return run


def check_content(package: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    """Refuse a described version that is not the model of `request`: a run that was cleared may have made another.

    Raises:
        ReportError: it names the version and both content digests.
    """
    found, made = (
        each.get("CustomerMetadataProperties", {}).get("model_content_sha256") for each in (package, request)
    )
    if found != made:
        raise ReportError(
            f"this run has registered version {package['ModelPackageVersion']}, the model with the content {found}; "
            f"now it made another, {made}: a run registers one model, trigger a new run to register this one"
        )


def champion(package: Mapping[str, Any]) -> Champion:
    """The champion that a described model package is.

    Raises:
        ReportError: it was not registered by this system: it lacks the metadata that a fair comparison needs.
    """
    properties = package.get("CustomerMetadataProperties", {})
    if "model_sha256" not in properties:
        arn = package["ModelPackageArn"]
        raise ReportError(
            f"{arn} has no model_sha256 in its metadata: expected a version that a training flow registered; "
            "set its approval to Rejected, or approve a newer version that has it, and clear this task"
        )
    return Champion(
        version=int(package["ModelPackageVersion"]),
        package_arn=package["ModelPackageArn"],
        approval_status=package["ModelApprovalStatus"],
        model_url=package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"],
        sha256=properties["model_sha256"],
        boundary=_read_boundary(properties),
    )


def _was_approved(package: Mapping[str, Any], as_of: dt.datetime | None) -> bool:
    """Whether a version that is approved by now was so then."""
    return as_of is None or (package.get("LastModifiedTime") or package["CreationTime"]) <= as_of


def _is_of_past_window(package: Mapping[str, Any]) -> bool:
    return bool(package.get("CustomerMetadataProperties", {}).get(PAST_WINDOW) == "true")


def _require_metrics(spec: ModelSpec, evaluation: EvaluationReport) -> None:
    """What the verdict was reached from is still there: a version without it could not be answered for."""
    missing = sorted(set(spec.gate.thresholds) - set(evaluation.metrics))
    if missing:
        raise ReportError(
            f"{reports.EVALUATION}: expected the metric {missing[0]}, which gate.thresholds names; got none: "
            "the report was altered after the gate had read it; trigger a new run"
        )


def _one_line(text: str) -> str:
    """What SageMaker takes as a description: at most 1024 characters, none of them a line's end."""
    return " ".join(text.split())[:1024]


def _source(uri: str) -> dict[str, str]:
    return {"ContentType": "application/json", "S3Uri": uri}


def _inference(where: Environment, model_url: str) -> dict[str, Any]:
    return {
        "Containers": [{"Image": where.image, "ModelDataUrl": model_url}],
        "SupportedContentTypes": ["text/csv", "application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }


def _lineage(run: TrainingRun) -> dict[str, str]:
    """The code that the run was resolved by; what registers it may have been deployed since."""
    origin = run.provenance
    properties = {"CommitId": origin.code_version, "GeneratedBy": f"{origin.dag_id}/{origin.run_id}"}
    return {key: value[:1024] for key, value in properties.items() if value}


def _boundary(boundary: SplitBoundary) -> dict[str, str]:
    cuts = {name: getattr(boundary, name) for name in _HASH_CUTS}
    properties = {"split_seed": str(boundary.seed)}
    properties |= {f"split_{name}": repr(cut) for name, cut in cuts.items() if cut is not None}
    if boundary.hash_of != "id":
        properties["split_hash_of"] = boundary.hash_of
    if boundary.time_until is not None:
        properties["split_time_until"] = boundary.time_until.isoformat()
    return properties


def _read_boundary(properties: Mapping[str, str]) -> SplitBoundary:
    time_until = properties.get("split_time_until")
    cuts = {name: properties.get(f"split_{name}") for name in _HASH_CUTS}
    return SplitBoundary(
        seed=int(properties.get("split_seed", "0")),
        time_until=dt.datetime.fromisoformat(time_until) if time_until else None,
        hash_of="entity" if properties.get("split_hash_of") == "entity" else "id",
        **{name: float(cut) for name, cut in cuts.items() if cut},
    )
