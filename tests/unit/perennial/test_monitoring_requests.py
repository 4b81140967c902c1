"""The requests of monitoring, held against botocore's own model of the service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from perennial import monitoring_requests

from include.specs.environment import Environment
from include.specs.job import DETECT_DRIFT, MEASURE_QUALITY
from include.specs.model import ModelSpec
from include.specs.partition import SourceObject
from tests.shared.sagemaker_requests import check, named

Make = Callable[..., Any]
EVIDENCE = (("experiments", "evaluation.json"), ("baselines", "sample.parquet"))


def test_detect_drift_is_a_legal_request(spec: ModelSpec, place: Environment, monitoring_run: Make) -> None:
    """SageMaker takes the request of a day with and without traffic and history."""
    for changes in ({}, {"captured": ()}, {"history": (dt.date(2026, 2, 28),)}):
        check(
            "CreateProcessingJob",
            named(monitoring_requests.detect_drift(monitoring_run(spec, **changes), place), "Processing"),
        )


def test_detect_drift_reads_what_was_pinned(churn: ModelSpec, where: Environment, monitoring_run: Make) -> None:
    """The baseline of the version's run, the day's files and the reports of days before; what there is none of is left
    out."""
    run = monitoring_run(churn, history=(dt.date(2026, 2, 27), dt.date(2026, 2, 28)))
    inputs = {
        found["InputName"]: found["S3Input"]
        for found in monitoring_requests.detect_drift(run, where)["ProcessingInputs"]
    }
    assert inputs["baseline"]["S3Uri"] == "s3://lake/baselines/churn/earlier/"
    assert inputs["capture"]["S3Uri"] == "s3://lake/experiments/churn/manual-1-abc/capture.manifest"
    assert monitoring_requests.capture_manifest(run.captured, bucket="lake") == [
        {"prefix": "s3://lake/capture/"},
        "churn/AllTraffic/2026/03/01/00/a.jsonl",
    ]
    assert monitoring_requests.history_manifest(run, bucket="lake") == [
        {"prefix": "s3://lake/monitoring/churn/"},
        "year=2026/month=02/day=27/drift.json",
        "year=2026/month=02/day=28/drift.json",
    ]
    bare = monitoring_requests.detect_drift(monitoring_run(churn, captured=()), where)
    assert {found["InputName"] for found in bare["ProcessingInputs"]} == {"config", "baseline"}


def test_measure_quality_is_a_legal_request(spec: ModelSpec, place: Environment, performance_run: Make) -> None:
    """SageMaker takes the request of days with and without traffic and labels."""
    for changes in ({}, {"captured": ()}, {"labels": ()}):
        request = monitoring_requests.measure_quality(performance_run(spec, **changes), place)
        check("CreateProcessingJob", named(request, "Processing"))


def test_measure_quality_reads_what_was_pinned(churn: ModelSpec, where: Environment, performance_run: Make) -> None:
    """What the versions were registered with, the days' files and the labels; what there is none of is left out."""
    keys = [f"{room}/churn/{run}/{file}" for run in ("earlier", "later") for room, file in EVIDENCE]
    run = performance_run(churn, evidence=tuple(SourceObject(key=key, bytes=9, etag="e") for key in keys))
    request = monitoring_requests.measure_quality(run, where)
    inputs = {found["InputName"]: found["S3Input"] for found in request["ProcessingInputs"]}
    assert {name: found["S3Uri"].removeprefix("s3://lake/") for name, found in inputs.items()} == {
        "config": "experiments/churn/manual-1-abc/run.json",
        "baselines": "experiments/churn/manual-1-abc/baselines.manifest",
        "evaluations": "experiments/churn/manual-1-abc/evaluations.manifest",
        "capture": "experiments/churn/manual-1-abc/capture.manifest",
        "labels": "experiments/churn/manual-1-abc/labels.manifest",
    }
    listed = {name for name, found in inputs.items() if found["S3DataType"] == "ManifestFile"}
    assert listed == set(inputs) - {"config"}
    assert monitoring_requests.baselines_manifest(run, bucket="lake") == [
        {"prefix": "s3://lake/baselines/churn/"},
        "earlier/sample.parquet",
        "later/sample.parquet",
    ]
    assert monitoring_requests.evaluations_manifest(run, bucket="lake") == [
        {"prefix": "s3://lake/experiments/churn/"},
        "earlier/evaluation.json",
        "later/evaluation.json",
    ]
    assert monitoring_requests.labels_manifest(run, bucket="lake") == [
        {"prefix": "s3://lake/labels/churn/"},
        "year=2026/month=03/day=01/a.parquet",
    ]
    bare = monitoring_requests.measure_quality(performance_run(churn, captured=(), labels=()), where)
    assert {found["InputName"] for found in bare["ProcessingInputs"]} == {"config", "baselines", "evaluations"}


def test_channels_are_those_that_the_steps_declare(
    churn: ModelSpec, where: Environment, monitoring_run: Make, performance_run: Make
) -> None:
    """Both sides of a job agree: the request's inputs and outputs are the step's, at the step's paths."""
    history = (dt.date(2026, 2, 28),)
    requests = {
        DETECT_DRIFT: monitoring_requests.detect_drift(monitoring_run(churn, history=history), where),
        MEASURE_QUALITY: monitoring_requests.measure_quality(performance_run(churn), where),
    }
    for step, request in requests.items():
        inputs = {each["InputName"]: each["S3Input"]["LocalPath"] for each in request["ProcessingInputs"]}
        assert inputs == {name: step.input_path(name) for name in step.inputs}
        [output] = request["ProcessingOutputConfig"]["Outputs"]
        assert output["S3Output"]["S3Uri"] == "s3://lake/monitoring/churn/year=2026/month=03/day=01/"
        assert request["AppSpecification"]["ContainerEntrypoint"] == ["python", "-m", step.module]
