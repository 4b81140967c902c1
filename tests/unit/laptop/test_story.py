"""The week after a registration: traffic that is put where SageMaker puts it, and what is said of each day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from include.specs import catalog, codec, s3_layout
from include.specs.drift import LastingDrift, Violation
from laptop import aws
from laptop.errors import FlowError, LaptopError
from laptop.outcome import Version
from laptop.settings import BUCKET, Settings
from laptop.story import ABOUT, Story, breached, said, table
from tests.shared.drift_report import DAY, report_of
from tests.shared.performance_report import about
from tests.shared.performance_report import report_of as performance_of

REPO = Path(__file__).parents[3]


@pytest.fixture
def story(endpoint: str, tmp_path: Path) -> Story:
    settings = Settings(repo=REPO, state=tmp_path, python=Path(sys.executable))
    return Story(settings, endpoint, catalog.model("churn"), Console(file=io.StringIO(), width=80))


def printed(story: Story) -> str:
    """What a person has read."""
    assert isinstance(story.console.file, io.StringIO)
    return story.console.file.getvalue()


def test_without_a_version_there_is_no_traffic(story: Story) -> None:
    """The gate's rejection is the end of the story."""
    with pytest.raises(FlowError, match="the gate rejected the candidate"):
        story.begin(None, scenario="sudden", until=DAY)


def test_simulator_says_itself_what_it_refuses(story: Story, tmp_path: Path) -> None:
    """A scenario that is not known ends with the known ones."""
    with pytest.raises(LaptopError, match="no traffic could be made up for churn"):
        story._simulate(tmp_path, "no-such-scenario", DAY)


def test_capture_files_replace_those_of_an_earlier_week(story: Story, tmp_path: Path) -> None:
    """Day by day: other days stay as they are."""
    s3 = aws.client("s3", story.endpoint)
    prefix = s3_layout.capture_day("churn", "AllTraffic", DAY)
    other = s3_layout.capture_day("churn", "AllTraffic", DAY - dt.timedelta(days=1)) + "00/old.jsonl"
    for key in (f"{prefix}00/old.jsonl", other):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    made = tmp_path / prefix / "07/new.jsonl"
    made.parent.mkdir(parents=True)
    made.write_text("{}")
    assert story._upload(tmp_path) == [DAY]
    keys = {found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/")["Contents"]}
    assert keys == {f"{prefix}07/new.jsonl", other}


def test_labels_come_with_the_traffic(story: Story, tmp_path: Path) -> None:
    """In place of what an earlier week said of the same days; others stay, and all say what they are."""
    s3 = aws.client("s3", story.endpoint)
    stale = s3_layout.labels("churn", DAY + dt.timedelta(days=9)) + f"labels-of-{DAY}.parquet"
    other = s3_layout.labels("churn", DAY) + "labels-of-2026-02-01.parquet"
    for key in (stale, other):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    new = s3_layout.labels("churn", DAY + dt.timedelta(days=2)) + f"labels-of-{DAY}.parquet"
    made = tmp_path / new
    made.parent.mkdir(parents=True)
    made.write_bytes(b"PAR1")
    assert story._upload(tmp_path) == []
    keys = {found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET, Prefix="labels/")["Contents"]}
    assert keys == {other, new}
    assert s3.head_object(Bucket=BUCKET, Key=new)["Metadata"]["origin"].startswith("synthetic")


def test_each_day_is_told_and_the_week_at_its_end(story: Story) -> None:
    """A line a day, then the table, the page to read and what followed."""
    s3 = aws.client("s3", story.endpoint)
    for days, verdict in enumerate(("stable", "warning")):
        date = DAY + dt.timedelta(days=days)
        prefix = s3_layout.monitoring("churn", date)
        s3.put_object(Bucket=BUCKET, Key=prefix + "drift.json", Body=codec.encode(report_of(verdict, date=date)))
        s3.put_object(Bucket=BUCKET, Key=prefix + "report.html", Body=b"<!doctype html>")
        story.tell(date)
    story.end(None)
    for words in ("2026-03-01  stable: It is stable.", "tenure 0.12", "Drift asked for no training", "was made up"):
        assert words in printed(story)
    assert (story.settings.reports / "churn/drift-2026-03-02.html").read_bytes() == b"<!doctype html>"
    assert max(map(len, printed(story).splitlines()[2:6])) <= 80


def test_largest_breaches_are_named() -> None:
    """And how many more there are."""
    report = report_of("drift")
    four = [dataclasses.replace(report.features[0], name=name) for name in ("a", "b", "c", "d")]
    assert breached(dataclasses.replace(report, features=tuple(four))) == "a 0.12, b 0.12, c 0.12 and 1 more"
    assert breached(report_of("stable")) == ""


def test_what_is_still_drift_is_named_with_its_day() -> None:
    """It is quiet today, and why the verdict is drift all the same."""
    report = report_of("drift")
    lasting = (LastingDrift(on=dt.date(2026, 3, 1), feature=report.features[0]),)
    assert breached(dataclasses.replace(report, features=(), lasting=lasting)) == "tenure 0.12 on 01 Mar"


def test_broken_feed_is_said_to_be_that() -> None:
    """By its faults, not by features."""
    fault = Violation(column="tenure", kind="missing_column", rows=9, breaks=True, message="…")
    assert breached(report_of("broken", violations=(fault,))) == "tenure: missing_column"


def test_table_has_a_row_a_day() -> None:
    """In the order in which they were told."""
    assert table([(DAY, report_of("stable")), (DAY, report_of("drift"))], ABOUT["drift"]).row_count == 2


def test_quality_is_told_as_labels_come(story: Story) -> None:
    """How many there are by each day, what they say, and before that the estimate; then the page and what followed."""
    story.flow = "performance"
    s3 = aws.client("s3", story.endpoint)
    for days, verdict in enumerate(("insufficient_data", "degraded")):
        date = DAY + dt.timedelta(days=days)
        prefix = s3_layout.monitoring("churn", date)
        registered = dataclasses.replace(performance_of().registered, metrics={"roc_auc": about(0.84)})
        report = performance_of(verdict, date=date, registered=registered)
        s3.put_object(Bucket=BUCKET, Key=prefix + "performance.json", Body=codec.encode(report))
        s3.put_object(Bucket=BUCKET, Key=prefix + "performance_report.html", Body=b"<!doctype html>")
        story.tell(date)
    story.end(None)
    text = " ".join(printed(story).split())
    for words in ("2026-03-02 degraded: It is degraded.", "620 of 1700", "Lost quality asked for no training"):
        assert words in text
    assert (story.settings.reports / "churn/performance-2026-03-02.html").read_bytes() == b"<!doctype html>"


def test_an_estimate_is_said_to_be_one() -> None:
    """Where no label has come; where any have, what they say."""
    assert said(performance_of("insufficient_data")) == "no verdict; ROC-AUC of 2026-03-01 estimated at 0.810"
    assert said(performance_of("degraded")) == "ROC-AUC 0.720 on 2026-02-09"
    assert said(performance_of("insufficient_data", days=())) == ""


def test_quality_is_told_against_the_version_that_answered() -> None:
    """The newest day that was judged, or estimated, may not be of the version that serves."""
    report = performance_of("degraded")
    three, five = (
        dataclasses.replace(report.registered, version=version, metrics={"roc_auc": about(value)})
        for version, value in ((3, 0.84), (5, 0.9))
    )
    assert said(performance_of("degraded", registered=three, others=(five,), watched=5)).endswith("0.840 registered")
    waiting = performance_of("insufficient_data", registered=five, others=(three,), watched=5)
    assert said(waiting).endswith("estimated at 0.810, 0.840 registered")


def test_labels_are_waited_for_in_the_past(story: Story) -> None:
    """A week whose labels have all been told by now, and that yesterday's run does not see, is looked at as they came;
    one that drifts, day by day."""
    week = [DAY - dt.timedelta(days=ago) for ago in (3, 2, 1)]
    noon = dt.datetime.combine(DAY, dt.time(12), dt.UTC)
    assert (story.until(noon), story.looks(week)) == (DAY, week)
    story.flow = "performance"
    assert story.until(noon) == DAY - dt.timedelta(days=45)
    assert story.looks(week) == [week[-1] + dt.timedelta(days=days) for days in (0, 5, 10, 15)]


@pytest.mark.parametrize(("hour", "days"), [(0, 1), (2, 1), (3, 0), (23, 0)])
def test_week_ends_with_a_whole_day(story: Story, hour: int, days: int) -> None:
    """In the first hours of a day, files of the one before may still come: the flow would not look at it."""
    now = dt.datetime.combine(DAY, dt.time(hour), dt.UTC)
    assert story.until(now) == DAY - dt.timedelta(days=days)


def test_version_is_what_answers(story: Story, tmp_path: Path) -> None:
    """Its model is fetched from where the registry says."""
    sagemaker, s3 = aws.client("sagemaker", story.endpoint), aws.client("s3", story.endpoint)
    s3.put_object(Bucket=BUCKET, Key="models/churn/run/model.tar.gz", Body=b"model")
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName="churn",
        InferenceSpecification={
            "Containers": [{"Image": "any", "ModelDataUrl": f"s3://{BUCKET}/models/churn/run/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    story._download(Version(number=1, approval_status="Approved", arn=arn), tmp_path / "model.tar.gz")
    assert (tmp_path / "model.tar.gz").read_bytes() == b"model"
