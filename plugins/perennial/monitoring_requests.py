"""What the jobs of monitoring are asked for, and the manifests of what they read. No call is made here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from include.specs import job, s3_layout
from include.specs.drift import DRIFT
from include.specs.environment import Environment
from include.specs.partition import SourceObject
from include.specs.run import MonitoringRun, PerformanceRun
from perennial.aws_requests import Request, config_key, manifest, manifest_key, objects, processing


def capture_manifest(captured: Sequence[SourceObject], *, bucket: str) -> list[Any]:
    """A SageMaker manifest of exactly these files, of `capture/` or of `predictions/`."""
    root = captured[0].key.partition("/")[0] + "/" if captured else ""
    return _below(root, captured, bucket=bucket)


def history_manifest(run: MonitoringRun, *, bucket: str) -> list[Any]:
    """A SageMaker manifest of the reports of the days before."""
    prefix = f"monitoring/{run.model.name}/"
    return [{"prefix": s3_layout.uri(bucket, prefix)}, *(s3_layout.day(date) + DRIFT for date in run.history)]


def labels_manifest(run: PerformanceRun, *, bucket: str) -> list[Any]:
    """A SageMaker manifest of exactly the run's labels."""
    return _below(f"labels/{run.model.name}/", run.labels, bucket=bucket)


def baselines_manifest(run: PerformanceRun, *, bucket: str) -> list[Any]:
    """A SageMaker manifest of the samples of the baselines of all versions that answered.

    One input however many versions: a processing job takes at most ten.
    """
    return _within(f"baselines/{run.model.name}/", run.evidence, bucket=bucket)


def evaluations_manifest(run: PerformanceRun, *, bucket: str) -> list[Any]:
    """A SageMaker manifest of the evaluations of all versions that answered."""
    return _within(f"experiments/{run.model.name}/", run.evidence, bucket=bucket)


def detect_drift(run: MonitoringRun, where: Environment) -> Request:
    """A day's traffic, the baseline and the reports of the days before → the day's report."""
    model, slug = run.model.name, run.provenance.run
    inputs = {
        job.CONFIG_CHANNEL: objects(where, config_key(model, slug)),
        "baseline": objects(where, s3_layout.baseline(model, run.baseline_run)),
    }
    if run.captured:
        inputs["capture"] = manifest(where, manifest_key(model, slug, "capture"))
    if run.history:
        inputs["history"] = manifest(where, manifest_key(model, slug, "history"))
    outputs = {"report": s3_layout.monitoring(model, run.date)}
    return processing(job.DETECT_DRIFT, run.model, where, inputs, outputs)


def measure_quality(run: PerformanceRun, where: Environment) -> Request:
    """Days of traffic, labels, and what the versions that answered were registered with → the quality of those days."""
    model, slug = run.model.name, run.provenance.run
    inputs = {
        job.CONFIG_CHANNEL: objects(where, config_key(model, slug)),
        "baselines": manifest(where, manifest_key(model, slug, "baselines")),
        "evaluations": manifest(where, manifest_key(model, slug, "evaluations")),
    }
    if run.captured:
        inputs["capture"] = manifest(where, manifest_key(model, slug, "capture"))
    if run.labels:
        inputs["labels"] = manifest(where, manifest_key(model, slug, "labels"))
    outputs = {"report": s3_layout.monitoring(model, run.date)}
    return processing(job.MEASURE_QUALITY, run.model, where, inputs, outputs)


def _within(prefix: str, found: Iterable[SourceObject], *, bucket: str) -> list[Any]:
    return _below(prefix, (source for source in found if source.key.startswith(prefix)), bucket=bucket)


def _below(prefix: str, found: Iterable[SourceObject], *, bucket: str) -> list[Any]:
    return [{"prefix": s3_layout.uri(bucket, prefix)}, *(source.key.removeprefix(prefix) for source in found)]
