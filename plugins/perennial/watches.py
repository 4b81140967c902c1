"""What is watched of a served model, and what the flows that watch differ in: for the tasks that they share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from airflow.sdk import Asset

from include.specs import drift, performance, s3_layout
from include.specs.drift import DriftReport
from include.specs.environment import Environment
from include.specs.model import ModelSpec
from include.specs.performance import PerformanceReport
from include.specs.run import MonitoringRun, PerformanceRun
from perennial import assets, drift_notice, evidence, quality_notice
from perennial.cloudwatch import Point
from perennial.links import DriftReportLink, PerformanceReportLink, StoredLink
from perennial.notices import Notice

# The verdict that is none: of a day with too little to go by.
UNDECIDED = "insufficient_data"


class Report(Protocol):
    """What a day's report says, whatever it is about."""

    @property
    def verdict(self) -> str:
        """In a word."""

    @property
    def reasons(self) -> str:
        """In a sentence."""


@dataclass(frozen=True, kw_only=True)
class Watch[Run: (MonitoringRun, PerformanceRun), Found: Report]:
    """One kind of monitoring.

    Args:
        name: of its flow, and of the record of what people were told.
        run, report: what a day's job is told, and what it finds out.
        file, page: names of the report, and of the page for people.
        subjects: the verdicts that people hear of, each as they are told.
        asks: the verdict that asks for a training. because: that, as the training's reason.
        may_ask: the field of a model's monitoring that says whether it does.
        judged_run: the run that registered the version whose verdict a report is.
        needs_none: why that verdict asks for no training after all; nothing where it does.
    """

    name: str
    run: type[Run]
    report: type[Found]
    file: str
    page: str
    subjects: Mapping[str, str]
    asks: str
    because: str
    may_ask: str
    asset: Callable[[str], Asset]
    link: type[StoredLink]
    notice: Callable[[Run, Found, Environment], Notice]
    points: Callable[[Found], Iterable[Point]]
    judged_run: Callable[[Found], str]
    needs_none: Callable[[Run, Found], str] = lambda _run, _report: ""

    def report_key(self, run: Run, date: dt.date | None = None) -> str:
        """Where the report on a day lies; on the run's own, if none is given."""
        return s3_layout.monitoring(run.model.name, date or run.date) + self.file

    def page_key(self, run: Run) -> str:
        """Where the page on the run's day lies."""
        return s3_layout.monitoring(run.model.name, run.date) + self.page

    def reported(self, run: Run) -> tuple[dt.date, ...]:
        """The days before the run's of which there are reports, as far as the run knows; the oldest first."""
        return run.history or ((run.before,) if run.before else ())

    def retrains(self, spec: ModelSpec) -> bool:
        """Whether the spec lets it ask for a training."""
        return bool(getattr(spec.monitoring, self.may_ask))


# For the tasks, which handle any of them.
AnyWatch = Watch[Any, Any]

TRAFFIC = Watch[MonitoringRun, DriftReport](
    name="drift",
    run=MonitoringRun,
    report=DriftReport,
    file=drift.DRIFT,
    page=drift.DRIFT_HTML,
    subjects={str(verdict): words for verdict, words in drift_notice.SUBJECTS.items()},
    asks="drift",
    because="drift",
    may_ask="retrain_on_drift",
    asset=assets.drift,
    link=DriftReportLink,
    notice=drift_notice.notice,
    points=drift_notice.points,
    judged_run=lambda report: report.baseline.run,
)
QUALITY = Watch[PerformanceRun, PerformanceReport](
    name="performance",
    run=PerformanceRun,
    report=PerformanceReport,
    file=performance.PERFORMANCE,
    page=performance.PERFORMANCE_HTML,
    subjects={str(verdict): words for verdict, words in quality_notice.SUBJECTS.items()},
    asks="degraded",
    because="degraded quality",
    may_ask="retrain_on_degradation",
    asset=assets.performance,
    link=PerformanceReportLink,
    notice=quality_notice.notice,
    points=quality_notice.points,
    judged_run=lambda report: report.registered.run,
    needs_none=evidence.no_need_to_train,
)
