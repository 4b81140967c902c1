"""The week after a registration, as `make run FLOW=drift` shows it: made-up traffic, a verdict a day, a new version."""

from __future__ import annotations

import datetime as dt
import subprocess
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from include.specs import codec, s3_layout
from include.specs.drift import DRIFT, DRIFT_HTML, DriftReport
from include.specs.model import ModelSpec
from laptop import aws, outcome
from laptop.errors import FlowError, LaptopError
from laptop.outcome import Outcome, Version
from laptop.settings import BUCKET, Settings

MOST_NAMED = 3
# Its first word is what `SourceObject.synthetic` goes by; the page repeats it in words of its own.
ORIGIN = "synthetic: traffic of the simulator"
SYNTHETIC = "The traffic was made up, and so was its drift: the spec's generator and the simulator made it."


@dataclass
class Story:
    """Some days of one model, on one system.

    Args:
        days, rows: how many, and of each day. begins: the first that is not as those before, counted from 0; with the
            spec's persistence, drift comes a day later.
    """

    settings: Settings
    endpoint: str
    spec: ModelSpec
    console: Console
    days: int = 7
    rows: int = 800
    begins: int = 4
    _told: list[tuple[dt.date, DriftReport]] = field(default_factory=list)

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

    def report(self, date: dt.date) -> DriftReport:
        """What the flow found out about a day."""
        key = s3_layout.monitoring(self.spec.name, date) + DRIFT
        return codec.decode(DriftReport, self._read(key), source=key)

    def tell(self, date: dt.date) -> None:
        """Say what came of a day, in a line."""
        report = self.report(date)
        self._told.append((date, report))
        self.console.print(f"  {date}  {report.verdict}: {report.reasons}", soft_wrap=True)

    def end(self, retrained: Outcome | None) -> None:
        """Print the week, and the training that it led to."""
        self.console.print(table(self._told))
        lines = [f"Report: {self._page()}"]
        if retrained is None:
            lines.append("Drift asked for no training")
        else:
            gate = f"{retrained.gate.verdict}: {retrained.gate.reasons}"
            lines += [
                f"Drift asked for a training; its gate: {gate}",
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
        page = self.settings.reports / self.spec.name / f"drift-{date}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_bytes(self._read(s3_layout.monitoring(self.spec.name, date) + DRIFT_HTML))
        return page

    def _read(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    @cached_property
    def _s3(self) -> Any:
        return aws.client("s3", self.endpoint)


def table(told: list[tuple[dt.date, DriftReport]]) -> Table:
    """A row for each day: its rows, its verdict, and what breached, the largest first."""
    made = Table("day", "rows", "verdict", "what breached")
    made.columns[1].justify = "right"
    for date, report in told:
        made.add_row(date.isoformat(), str(report.rows.current), report.verdict, breached(report))
    return made


def breached(report: DriftReport) -> str:
    """The features that breached, each with its effect; the feed's faults where it is broken."""
    if report.verdict == "broken":
        return "; ".join(f"{each.column}: {each.kind}" for each in report.violations if each.breaks)
    found = report.drifted
    named = ", ".join(f"{feature.name} {feature.effect.value:.2f}" for feature in found[:MOST_NAMED])
    return named + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")
