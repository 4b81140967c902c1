"""Find days of predictions, who answered them, and the labels that have come."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from perennial.operators import predictions
from perennial.operators.predictions import FindPredictionsOperator

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.run import PerformanceRun, ServedDay, ServedVersion

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 1)
INTERVAL = (dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC))


def before(days: int) -> dt.date:
    """So many days before the run's."""
    return DAY - dt.timedelta(days=days)


@pytest.fixture
def version(aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registered version, which waits for approval, with what it was registered with."""
    _register(aws, "earlier")
    package = {
        "ModelPackageVersion": 3,
        "ModelPackageArn": "arn:3",
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"run": "earlier"},
        "CreationTime": INTERVAL[0],
    }
    registry = SimpleNamespace(versions=lambda _: iter([package]), describe=lambda _: package)
    monkeypatch.setattr(predictions, "Packages", lambda: registry)


def _register(aws: SimpleNamespace, run: str, *files: str) -> None:
    """What the training run `run` left; all that there should be, or some of it."""
    for file in files or ("evaluation.json", "sample.parquet"):
        room = "experiments" if file.endswith(".json") else "baselines"
        aws.put(f"{room}/churn/{run}/{file}", b"{}")


def _drifted(aws: SimpleNamespace, report: Any, version: int | None, run: str) -> None:
    """The drift report of its day, held against the baseline of that version."""
    baseline = dataclasses.replace(report.baseline, version=version, run=run)
    aws.put(s3_layout.monitoring("churn", report.window) + "drift.json", dataclasses.replace(report, baseline=baseline))


def _find(spec: ModelSpec, context: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = FindPredictionsOperator(task_id="find_predictions", spec=spec).execute(context)
    return found


def _configured(aws: SimpleNamespace, found: dict[str, Any]) -> PerformanceRun:
    return codec.decode(PerformanceRun, aws.get(found["config_key"]), source="run.json")


def _capture(aws: SimpleNamespace, *dates: dt.date, hour: int = 7, **more: Any) -> list[str]:
    return [
        aws.put(s3_layout.capture_day("churn", "AllTraffic", date) + f"{hour:02d}/a.jsonl", b"{}", **more)
        for date in dates
    ]


def _labels(aws: SimpleNamespace, *dates: dt.date, **more: Any) -> list[str]:
    return [aws.put(s3_layout.labels("churn", date) + "a.parquet", b"PAR1", **more) for date in dates]


@pytest.mark.usefixtures("version")
def test_days_labels_and_version_are_pinned(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """The job reads exactly that: traffic as far back as the spec says, and what was told since, until the day."""
    _capture(aws, before(45))
    files = [*_capture(aws, before(44), before(20)), *_capture(aws, DAY + dt.timedelta(days=1), hour=2)]
    _labels(aws, before(45), DAY + dt.timedelta(days=1))
    labels = _labels(aws, before(30), DAY)
    found = _find(churn, context(run_type="scheduled", interval=INTERVAL))
    run = _configured(aws, found)
    assert (run.date, run.version, run.baseline_run, run.before, run.synthetic) == (DAY, 3, "earlier", None, False)
    assert [source.key for source in run.captured] == files
    assert [source.key for source in run.labels] == labels
    folder = found["config_key"].removesuffix("run.json")
    for name, prefix, keys in (("capture", "capture/", files), ("labels", "labels/churn/", labels)):
        assert json.loads(aws.get(f"{folder}{name}.manifest"))[1:] == [key.removeprefix(prefix) for key in keys]
    assert {name: found[name] for name in ("days", "files", "labels")} == {"days": 45, "files": 3, "labels": 2}


@pytest.mark.usefixtures("version")
def test_how_far_back_is_the_rules(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """`monitoring.performance.history_days`, the run's own day the last."""
    rule = dataclasses.replace(churn.monitoring.performance, history_days=5)
    spec = dataclasses.replace(churn, monitoring=dataclasses.replace(churn.monitoring, performance=rule))
    _capture(aws, before(5))
    [file] = _capture(aws, before(4))
    run = _configured(aws, _find(spec, context(interval=INTERVAL)))
    assert [source.key for source in run.captured] == [file]
    assert [day.date for day in run.days] == [before(ago) for ago in (4, 3, 2, 1, 0)]


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("traffic", [False, True])
def test_no_labels_are_no_fault(aws: SimpleNamespace, churn: ModelSpec, context: Make, traffic: bool) -> None:
    """Nor is no traffic: a scheduled run waits for neither, and the job says what there is."""
    if traffic:
        _capture(aws, DAY)
        # What was told before anything was asked is about nothing.
        _labels(aws, before(3))
    run = _configured(aws, _find(churn, context(run_type="scheduled", interval=INTERVAL)))
    assert (len(run.captured), run.labels, run.days) == (int(traffic), (), (ServedDay(date=DAY, version=3),))


@pytest.mark.usefixtures("version")
def test_day_whose_only_file_came_late_is_looked_at(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """It lies in the hours of the day after."""
    [late] = _capture(aws, DAY + dt.timedelta(days=1), hour=0)
    run = _configured(aws, _find(churn, context(interval=INTERVAL)))
    assert ([source.key for source in run.captured], [day.date for day in run.days]) == ([late], [DAY])


@pytest.mark.usefixtures("version")
def test_versions_are_those_that_drift_was_told_about(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, drift_report: Make
) -> None:
    """A day's drift report names the version that answered, and its run; one that nobody can read names none."""
    _capture(aws, before(3))
    _drifted(aws, drift_report("stable", date=before(3)), 2, "before")
    _drifted(aws, drift_report("stable", date=before(2)), 3, "earlier")
    aws.put(s3_layout.monitoring("churn", before(1)) + "drift.json", b"{}")
    run = _configured(aws, _find(churn, context(interval=INTERVAL)))
    assert [day.version for day in run.days] == [2, 3, 3, 3]
    assert (run.watched, run.past) == (_version(3, "earlier"), (_version(2, "before"),))


@pytest.mark.usefixtures("version")
def test_what_each_version_was_registered_with_is_pinned(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, drift_report: Make
) -> None:
    """Of every version that answered, in one manifest a kind: a job takes ten inputs. Of a report without a version,
    and of a version that answered no day, nothing."""
    _capture(aws, before(4))
    for days, number, run in ((4, 1, "first"), (3, 2, "second"), (2, 1, "first"), (1, None, "files")):
        _drifted(aws, drift_report("stable", date=before(days)), number, run)
    for name in ("first", "second", "files", "never"):
        _register(aws, name)
    found = _find(churn, context(interval=INTERVAL))
    run = _configured(aws, found)
    assert [day.version for day in run.days] == [1, 2, 1, None, None]
    assert run.past == (_version(1, "first"), _version(2, "second"))
    folder, runs = found["config_key"].removesuffix("run.json"), ("earlier", "first", "second")
    assert json.loads(aws.get(f"{folder}evaluations.manifest"))[1:] == [f"{run}/evaluation.json" for run in runs]
    assert json.loads(aws.get(f"{folder}baselines.manifest"))[1:] == [f"{run}/sample.parquet" for run in runs]


@pytest.mark.usefixtures("version")
def test_past_version_without_evidence_fails_no_day(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, drift_report: Make
) -> None:
    """What is there is pinned; the job says beside the days what is not."""
    _capture(aws, before(2))
    _drifted(aws, drift_report("stable", date=before(2)), 1, "first")
    _drifted(aws, drift_report("stable", date=before(1)), 2, "second")
    _register(aws, "second", "sample.parquet")
    run = _configured(aws, _find(churn, context(interval=INTERVAL)))
    assert run.past == (_version(1, "first"), _version(2, "second"))
    assert [source.key for source in run.evidence] == [
        "experiments/churn/earlier/evaluation.json",
        "baselines/churn/earlier/sample.parquet",
        "baselines/churn/second/sample.parquet",
    ]


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("key", ["experiments/churn/earlier/evaluation.json", "baselines/churn/earlier/sample.parquet"])
def test_watched_version_without_evidence_fails_before_a_job_is_paid_for(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, key: str
) -> None:
    """There is nothing to hold its days against; a person can choose another."""
    aws.s3.delete_object(Bucket="lake", Key=key)
    with pytest.raises(AirflowFailException, match=f"expected s3://lake/{key}, which version 3 .* approve another"):
        _find(churn, context(interval=INTERVAL))


@pytest.mark.usefixtures("version")
def test_what_the_watched_version_has_learnt_is_pinned(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, drift_report: Make
) -> None:
    """Until which day, where another version answered as well; else nobody asks."""
    names = [{"prefix": "s3://lake/raw/churn/"}, f"{s3_layout.day(before(30))}part-0.parquet"]
    aws.put("experiments/churn/earlier/raw.manifest", json.dumps(names).encode())
    _capture(aws, before(2))
    assert _configured(aws, _find(churn, context(interval=INTERVAL))).learnt_until is None
    _drifted(aws, drift_report("stable", date=before(2)), 2, "second")
    assert _configured(aws, _find(churn, context(interval=INTERVAL))).learnt_until == before(30)


@pytest.mark.usefixtures("version")
def test_reports_of_the_days_before_are_its_history(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """Of this flow, as far back as the rule says; the alert asks them whether a verdict is news."""
    for days in (46, 40, 2, 0):
        aws.put(s3_layout.monitoring("churn", before(days)) + "performance.json", b"{}")
    aws.put(s3_layout.monitoring("churn", before(1)) + "drift.json", b"{}")
    run = _configured(aws, _find(churn, context(interval=INTERVAL)))
    assert (run.history, run.before) == ((before(40), before(2)), before(2))


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("which", [_capture, _labels])
def test_what_is_made_up_says_so(aws: SimpleNamespace, churn: ModelSpec, context: Make, which: Make) -> None:
    """On its files, and then on the page: traffic or labels."""
    _capture(aws, DAY)
    which(aws, DAY, Metadata={"origin": "synthetic: seed 1"})
    assert _configured(aws, _find(churn, context(interval=INTERVAL))).synthetic


@pytest.mark.usefixtures("aws")
def test_nothing_is_watched_before_there_is_a_version(
    churn: ModelSpec, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is skipped."""
    monkeypatch.setattr(predictions, "Packages", lambda: SimpleNamespace(versions=lambda _: iter([]), describe=None))
    with pytest.raises(AirflowSkipException, match="churn has no version"):
        _find(churn, context(interval=INTERVAL))


@pytest.mark.usefixtures("version")
def test_days_of_batch_transforms_are_those_of_their_folders(
    aws: SimpleNamespace, churn: ModelSpec, context: Make
) -> None:
    """The first day with an output is the first that is looked at; what an endpoint captured is left alone."""
    _capture(aws, before(30))
    outputs = [aws.put(s3_layout.predictions("churn", date) + "rows.csv.out", b"") for date in (before(2), DAY)]
    watched = dataclasses.replace(churn, monitoring=dataclasses.replace(churn.monitoring, source="predictions"))
    run = _configured(aws, _find(watched, context(run_type="scheduled", interval=INTERVAL)))
    assert [source.key for source in run.captured] == outputs
    assert [day.date for day in run.days] == [before(2), before(1), DAY]


def _version(number: int, run: str) -> ServedVersion:
    return ServedVersion(version=number, run=run)
