"""Find the day's traffic, and wait for it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred
from perennial.operators import days, traffic
from perennial.operators.traffic import FindTrafficOperator

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.run import MonitoringRun

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 1)
INTERVAL = (dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC))
FILE = "capture/churn/AllTraffic/2026/03/01/07/a.jsonl"
DAYS_BEFORE = "capture/churn/AllTraffic/2026/02/{day}/07/a.jsonl"


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registered version, which waits for approval."""
    package = {
        "ModelPackageVersion": 3,
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3",
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"run": "earlier"},
        "CreationTime": INTERVAL[0],
    }
    registry = SimpleNamespace(versions=lambda _: iter([package]), describe=lambda _: package)
    monkeypatch.setattr(traffic, "Packages", lambda: registry)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Sets the clock."""
    return lambda now: monkeypatch.setattr(days, "now", lambda: now)


def _find(spec: ModelSpec, context: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = FindTrafficOperator(task_id="find_traffic", spec=spec).execute(context)
    return found


def _configured(aws: SimpleNamespace, found: dict[str, Any]) -> MonitoringRun:
    return codec.decode(MonitoringRun, aws.get(found["config_key"]), source="run.json")


@pytest.mark.usefixtures("version")
def test_day_version_and_files_are_pinned(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """The job reads exactly that: the files of the day, and late ones of the hours after it."""
    late, later = (f"capture/churn/AllTraffic/2026/03/02/{hour}/b.jsonl" for hour in ("02", "03"))
    for key in (FILE, late, later, "capture/churn/Other/2026/03/01/07/c.jsonl"):
        aws.put(key, b"{}")
    found = _find(churn, context(run_type="scheduled", interval=INTERVAL))
    run = _configured(aws, found)
    assert (run.date, run.version, run.baseline_run) == (DAY, 3, "earlier")
    assert [source.key for source in run.captured] == [FILE, late]
    manifest = json.loads(aws.get(found["config_key"].replace("run.json", "capture.manifest")))
    assert manifest[1:] == [key.removeprefix("capture/") for key in (FILE, late)]
    assert (found["date"], found["files"]) == ("2026-03-01", 2)


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize(("origin", "synthetic"), [({}, False), ({"origin": "synthetic: seed 1"}, True)])
def test_made_up_traffic_says_so(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, origin: dict[str, str], synthetic: bool
) -> None:
    """On its files, and then on the page."""
    aws.put(FILE, b"{}", Metadata=origin)
    assert _configured(aws, _find(churn, context(interval=INTERVAL))).synthetic == synthetic


@pytest.mark.usefixtures("version")
def test_another_endpoint_and_its_variants(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """As the spec says."""
    keys = [f"capture/shop/{variant}/2026/03/01/07/a.jsonl" for variant in ("A", "B")]
    for key in (*keys, FILE):
        aws.put(key, b"{}")
    watched = dataclasses.replace(churn.monitoring, endpoint="shop", variants=("A", "B"))
    found = _find(dataclasses.replace(churn, monitoring=watched), context(params={"date": "2026-03-01"}))
    assert [source.key for source in _configured(aws, found).captured] == keys


@pytest.mark.usefixtures("version")
def test_reports_of_the_days_before_are_its_history(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """As far back as the spec says; a page without a report, and what comes after the day, is none."""
    days = (DAY - dt.timedelta(days=31), DAY - dt.timedelta(days=30), DAY - dt.timedelta(days=1), DAY)
    for date in (*days, DAY + dt.timedelta(days=1)):
        aws.put(s3_layout.monitoring("churn", date) + "drift.json", b"{}")
    aws.put(s3_layout.monitoring("churn", DAY - dt.timedelta(days=2)) + "report.html", b"")
    aws.put(s3_layout.retraining("churn"), b"{}")
    found = _find(churn, context(interval=INTERVAL))
    assert _configured(aws, found).history == days[1:3]


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("day", [28, 22])
def test_scheduled_run_waits_for_the_first_file(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, at: Make, day: int
) -> None:
    """Without a worker, a quarter of an hour at a time, and no longer than the spec says."""
    aws.put(DAYS_BEFORE.format(day=day), b"{}")
    last = INTERVAL[1] + dt.timedelta(hours=churn.monitoring.wait_h)
    for now, until in ((INTERVAL[1], INTERVAL[1] + days.LOOK_EVERY), (last - dt.timedelta(minutes=1), last)):
        at(now)
        with pytest.raises(TaskDeferred) as deferred:
            _find(churn, context(run_type="scheduled", interval=INTERVAL))
        assert deferred.value.trigger.serialize()[1]["moment"] == until
        assert deferred.value.method_name == "look_again"


@pytest.mark.usefixtures("version", "holding_its_slot")
def test_where_nothing_defers_it_waits_in_its_worker(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a file has come, or the time is up."""
    aws.put(DAYS_BEFORE.format(day=28), b"{}")
    at(INTERVAL[1])
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        at(days.now() + dt.timedelta(seconds=seconds))

    monkeypatch.setattr(time, "sleep", sleep)
    assert _find(churn, context(run_type="scheduled", interval=INTERVAL))["files"] == 0
    assert sum(waits) == 3600 * churn.monitoring.wait_h


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("day", [None, 21])
def test_a_feed_that_was_silent_for_a_week_is_not_waited_for(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, at: Make, day: int | None
) -> None:
    """Meanwhile no other day could be looked at: one run goes on at a time."""
    at(INTERVAL[1])
    if day:
        aws.put(DAYS_BEFORE.format(day=day), b"{}")
    assert _find(churn, context(run_type="scheduled", interval=INTERVAL))["files"] == 0


@pytest.mark.usefixtures("version")
def test_file_that_came_is_found_when_it_looks_again(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """What was waited for goes to the job."""
    aws.put(FILE, b"{}")
    operator = FindTrafficOperator(task_id="find_traffic", spec=churn)
    waited = context(run_type="scheduled", interval=INTERVAL)
    assert operator.resume_execution("look_again", {"event": None}, waited)["files"] == 1


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("run_type", ["scheduled", "backfill", "manual"])
def test_day_without_traffic_is_reported(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, at: Make, run_type: str
) -> None:
    """When the time is up, or where it has long been, the job is told that there is nothing: it says so."""
    at(INTERVAL[1] + dt.timedelta(hours=churn.monitoring.wait_h if run_type == "scheduled" else 0))
    aws.put(DAYS_BEFORE.format(day=28), b"{}")
    found = _find(churn, context(run_type=run_type, interval=INTERVAL))
    assert _configured(aws, found).captured == ()


@pytest.mark.usefixtures("aws")
def test_nothing_is_watched_before_there_is_a_version(
    churn: ModelSpec, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is skipped."""
    monkeypatch.setattr(traffic, "Packages", lambda: SimpleNamespace(versions=lambda _: iter([]), describe=None))
    with pytest.raises(AirflowSkipException, match="churn has no version"):
        _find(churn, context(interval=INTERVAL))


@pytest.mark.usefixtures("version", "aws")
def test_run_without_a_day_is_told_what_to_give(churn: ModelSpec, context: Make) -> None:
    """A run that has no interval needs the param."""
    with pytest.raises(AirflowFailException, match="give the param `date`"):
        _find(churn, context(params={"date": None}))


@pytest.mark.usefixtures("version")
def test_outputs_of_batch_transforms_are_pinned_where_the_spec_says_so(
    aws: SimpleNamespace, churn: ModelSpec, context: Make
) -> None:
    """Those of the day alone, and nothing that is no output; what was captured is left alone."""
    key = "predictions/churn/year=2026/month=03/day=01/rows.csv.out"
    for other in (key, FILE, key.replace(".out", ".manifest"), key.replace("day=01", "day=02")):
        aws.put(other, b"")
    watched = dataclasses.replace(churn.monitoring, source="predictions")
    found = _find(dataclasses.replace(churn, monitoring=watched), context(params={"date": "2026-03-01"}))
    assert [source.key for source in _configured(aws, found).captured] == [key]
    manifest = json.loads(aws.get(found["config_key"].replace("run.json", "capture.manifest")))
    assert manifest == [{"prefix": "s3://lake/predictions/"}, key.removeprefix("predictions/")]


@pytest.mark.parametrize(("day", "version"), [(1, 4), (2, 3), (3, 4), (4, 4)])
def test_day_is_compared_with_the_champion_of_its_end(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, monkeypatch: pytest.MonkeyPatch, day: int, version: int
) -> None:
    """A backfill too. The first day is from before there was one: it is compared with today's."""
    made = {3: dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC), 4: dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)}
    packages = {
        f"arn/{number}": {
            "ModelPackageVersion": number,
            "ModelPackageArn": f"arn/{number}",
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "Approved",
            "CustomerMetadataProperties": {"run": f"run-{number}"},
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }
        for number, moment in made.items()
    }
    registry = SimpleNamespace(versions=lambda _: iter(packages.values()), describe=packages.__getitem__)
    monkeypatch.setattr(traffic, "Packages", lambda: registry)
    found = _find(churn, context(run_type="backfill", params={"date": f"2026-03-0{day}"}))
    run = _configured(aws, found)
    assert (run.version, run.baseline_run) == (version, f"run-{version}")
