"""The week after a registration, as `make run FLOW=drift` (or `performance`) shows it: made-up traffic, verdicts, a new
version."""

from __future__ import annotations

import datetime as dt
import subprocess
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from include.specs import codec, s3_layout
from include.specs.drift import DRIFT, DRIFT_HTML, DriftReport
from include.specs.metrics import METRICS
from include.specs.model import ModelSpec
from include.specs.performance import PERFORMANCE, PERFORMANCE_HTML, DayQuality, PerformanceReport
from laptop import aws, outcome
from laptop.errors import FlowError, LaptopError
from laptop.outcome import Outcome, Version
from laptop.settings import BUCKET, Settings

MOST_NAMED = 3
# Its first word is what `SourceObject.synthetic` goes by; the page repeats it in words of its own.
ORIGIN = "synthetic: traffic of the simulator"
SYNTHETIC = "The traffic was made up, and so was its change: the spec's generator and the simulator made it."
# The simulator tells every label within so many days, and quality is looked at as they come.
LABELS_TAKE_DAYS, LOOK_EVERY_DAYS = 15, 5


@dataclass(frozen=True, kw_only=True)
class About:
    """What a flow leaves of a day, and how a day is told in a row.

    Args:
        file, page: of the day. because: what asks for a training. columns: heads of a row, the date's first.
        row: the cells after the date.
    """

    report: type[DriftReport] | type[PerformanceReport]
    file: str
    page: str
    because: str
    columns: tuple[str, ...]
    row: Callable[[Any], tuple[str, ...]]


@dataclass
class Story:
    """Some days of one model, on one system.

    Args:
        days, rows: how many, and of each day. begins: the first that is not as those before, counted from 0; with the
            spec's persistence, drift comes a day later.
        flow: that watches.
    """

    settings: Settings
    endpoint: str
    spec: ModelSpec
    console: Console
    days: int = 7
    rows: int = 800
    begins: int = 4
    flow: str = "drift"
    _told: list[tuple[dt.date, Any]] = field(default_factory=list)

    def until(self, now: dt.datetime) -> dt.date:
        """The day before which the week ends: a flow looks at whole days only.

        Labels of it must have been told by now, if they are to be looked at. And a DAG that is switched on begins with
        yesterday: that run must not look back on the week, and ask for the training that the story is about.
        """
        today, monitoring = now.date(), self.spec.monitoring
        if monitoring.whole_from(today - dt.timedelta(days=1)) > now:
            today -= dt.timedelta(days=1)
        if self.flow != "performance":
            return today
        return today - dt.timedelta(days=max(monitoring.performance.history_days, LABELS_TAKE_DAYS))

    def looks(self, captured: Sequence[dt.date]) -> list[dt.date]:
        """The days to look at: each for its traffic, or the last one and those after it while its labels come."""
        if self.flow != "performance":
            return list(captured)
        later = range(0, LABELS_TAKE_DAYS + 1, LOOK_EVERY_DAYS)
        return [captured[-1] + dt.timedelta(days=days) for days in later]

    def begin(self, version: Version | None, *, scenario: str, until: dt.date) -> list[dt.date]:
        """Have `version` answer a week of requests before `until`; the days that were captured.

        Raises:
            FlowError: the gate let no version through. LaptopError: there is no such scenario.
        """
        if version is None:
            raise FlowError("the gate rejected the candidate: there is no version whose traffic could be watched")
        with tempfile.TemporaryDirectory(prefix="perennial-") as name:
            folder = Path(name)
            self._download(version, folder / "model.tar.gz")
            self._simulate(folder, scenario, until)
            return self._upload(folder)

    @property
    def about(self) -> About:
        """What the flow leaves."""
        return ABOUT[self.flow]

    def report(self, date: dt.date) -> DriftReport | PerformanceReport:
        """What the flow found out about a day."""
        key = s3_layout.monitoring(self.spec.name, date) + self.about.file
        return codec.decode(self.about.report, self._read(key), source=key)

    def tell(self, date: dt.date) -> None:
        """Say what came of a day, in a line."""
        report = self.report(date)
        self._told.append((date, report))
        self.console.print(f"  {date}  {report.verdict}: {report.reasons}", soft_wrap=True)

    def end(self, retrained: Outcome | None) -> None:
        """Print the week, and the training that it led to."""
        self.console.print(table(self._told, self.about))
        lines = [f"Report: {self._page()}"]
        if retrained is None:
            lines.append(f"{self.about.because} asked for no training")
        else:
            gate = f"{retrained.gate.verdict}: {retrained.gate.reasons}"
            lines += [
                f"{self.about.because} asked for a training; its gate: {gate}",
                outcome.registry_line(retrained, model=self.spec.name),
            ]
        for line in (*lines, SYNTHETIC):
            self.console.print(line, soft_wrap=True)

    def _download(self, version: Version, file: Path) -> None:
        package = aws.client("sagemaker", self.endpoint).describe_model_package(ModelPackageName=version.arn)
        url = urlsplit(package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
        self._s3.download_file(url.netloc, url.path.lstrip("/"), str(file))

    def _simulate(self, folder: Path, scenario: str, until: dt.date) -> None:
        command = [str(self.settings.python), "-m", "include.ml.jobs.simulate_traffic", "--model", self.spec.name]
        command += ["--artifact", str(folder / "model.tar.gz"), "--out", str(folder), "--until", until.isoformat()]
        command += ["--days", str(self.days), "--rows", str(self.rows), "--begins", str(self.begins)]
        command += ["--scenario", scenario]
        done = subprocess.run(command, cwd=self.settings.repo, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LaptopError(f"no traffic could be made up for {self.spec.name}:\n{done.stderr.strip()}")

    def _upload(self, folder: Path) -> list[dt.date]:
        """Put the capture files where SageMaker does, and the labels where whoever knows them would, in place of what
        an earlier week left; the captured days."""
        captured = sorted((folder / "capture").rglob("*.jsonl"))
        labels = sorted((folder / "labels").rglob("*.parquet"))
        dates = sorted({dt.date(*map(int, file.parts[-5:-2])) for file in captured})
        for date in dates:
            self._clear(s3_layout.capture_day(self.spec.name, self.spec.monitoring.variants[0], date))
        # A file of labels is called after the day that they are of, and lies by the days on which they are told.
        self._clear(f"labels/{self.spec.name}/", names={file.name for file in labels})
        for file in (*captured, *labels):
            origin = {"Metadata": {"origin": ORIGIN}}
            self._s3.upload_file(str(file), BUCKET, file.relative_to(folder).as_posix(), ExtraArgs=origin)
        return dates

    def _clear(self, prefix: str, *, names: Collection[str] | None = None) -> None:
        """Delete what lies below `prefix`; of that only what is called one of `names`, where these are given."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        for key in [found["Key"] for page in pages for found in page.get("Contents", ())]:
            if names is None or key.rpartition("/")[2] in names:
                self._s3.delete_object(Bucket=BUCKET, Key=key)

    def _page(self) -> Path:
        """The last day's page, downloaded for reading."""
        date = self._told[-1][0]
        page = self.settings.reports / self.spec.name / f"{self.flow}-{date}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_bytes(self._read(s3_layout.monitoring(self.spec.name, date) + self.about.page))
        return page

    def _read(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    @cached_property
    def _s3(self) -> Any:
        return aws.client("s3", self.endpoint)


def table(told: Sequence[tuple[dt.date, Any]], about: About) -> Table:
    """A row for each day."""
    made = Table(*about.columns)
    made.columns[1].justify = "right"
    for date, report in told:
        made.add_row(date.isoformat(), *about.row(report))
    return made


def breached(report: DriftReport) -> str:
    """The features that breached, today or so lately that they are still drift, each with its effect; the feed's faults
    where it is broken."""
    if report.verdict == "broken":
        return "; ".join(f"{each.column}: {each.kind}" for each in report.violations if each.breaks)
    found = [f"{feature.name} {feature.effect.value:.2f}" for feature in report.drifted]
    found += [f"{each.feature.name} {each.feature.effect.value:.2f} on {each.on:%d %b}" for each in report.lasting]
    return ", ".join(found[:MOST_NAMED]) + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")


def said(report: PerformanceReport) -> str:
    """What labels say of the newest day that has enough of them; before that, what is expected of the newest day."""
    name, title = report.metric, METRICS[report.metric].title
    if day := report.newest:
        return f"{title} {day.metrics[name].realised.value:.3f} on {day.date}{_against(report, day)}"
    found = report.estimated
    if found is None or found.estimated is None or name not in found.estimated.metrics:
        return ""
    estimate = f"{title} of {found.date} estimated at {found.estimated.metrics[name].value:.3f}"
    return f"no verdict; {estimate}{_against(report, found)}"


def _against(report: PerformanceReport, day: DayQuality) -> str:
    """What the version that answered the day was registered with."""
    registered = report.registered_of(day.version)
    found = registered.metrics.get(report.metric) if registered else None
    return f", {found.value:.3f} registered" if found else ""


def _labelled(report: PerformanceReport) -> str:
    return f"{sum(day.labelled for day in report.days)} of {sum(day.rows for day in report.days)}"


ABOUT = {
    "drift": About(
        report=DriftReport,
        file=DRIFT,
        page=DRIFT_HTML,
        because="Drift",
        columns=("day", "rows", "verdict", "what breached"),
        row=lambda report: (str(report.rows.current), report.verdict, breached(report)),
    ),
    "performance": About(
        report=PerformanceReport,
        file=PERFORMANCE,
        page=PERFORMANCE_HTML,
        because="Lost quality",
        columns=("known by", "labels", "verdict", "what they say"),
        row=lambda report: (_labelled(report), report.verdict, said(report)),
    ),
}
