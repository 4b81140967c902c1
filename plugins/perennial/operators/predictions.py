"""Finds what quality is measured on: days of predictions, the versions that answered, and the labels that have come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from include.specs import s3_layout
from include.specs.drift import DRIFT, BaselineRef, DriftReport
from include.specs.errors import ReportError
from include.specs.partition import SourceObject
from include.specs.performance import PERFORMANCE
from include.specs.run import PerformanceRun, ServedDay, ServedVersion
from perennial import evidence, monitoring_requests, serving
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages
from perennial.operators.base import provenance
from perennial.operators.days import DayOperator


class FindPredictionsOperator(DayOperator):
    """Pin the days of predictions that labels may tell of, the labels that have come, the version that is watched, and
    those that answered before it, with what each was registered with.

    The last of the days is the run's; how many there are is the spec's (`monitoring.performance.history_days`), from
    the first that was captured. That there are no labels is as
    usual as that there are: nothing is waited for. Without a version there is nothing to watch: the run is skipped.

    Returns (XCom): date, config_key, version, days, files, labels (how many of each).
    """

    def perform(self, context: Any) -> dict[str, Any]:
        """Find, pin, write."""
        date, lake, spec = self.whole_day(context), self.lake(), self.spec
        watched = serving.watched(spec, Packages(), date, where=self.where())
        asked = _days(date, spec.monitoring.performance.history_days)
        captured = serving.captured(lake, spec, asked)
        days = _captured_days(asked, captured)
        labels = serving.labels(lake, spec, days)
        history = serving.reported(lake, spec, PERFORMANCE, before=date, days=len(asked))
        served = serving.served(days, self._answered(lake, days), watched=watched)
        past = _past(served.values(), watched)
        run = PerformanceRun(
            model=spec,
            provenance=provenance(context, self.where()),
            date=date,
            days=tuple(ServedDay(date=day, version=found.version if found else None) for day, found in served.items()),
            version=watched.version,
            baseline_run=watched.run,
            past=past,
            evidence=evidence.evidence(lake, spec.name, watched=watched, past=past),
            learnt_until=evidence.learnt_until(lake, spec.name, watched) if past else None,
            captured=captured,
            labels=labels,
            history=history,
            before=history[-1] if history else None,
            # Whoever makes something up says so on every file; one of each kind is asked.
            synthetic=any(lake.source(found[-1].key).synthetic for found in (captured, labels) if found),
        )
        return {"config_key": _pin(run, lake), **_returned(run)}

    def _answered(self, lake: Lake, days: Sequence[dt.date]) -> dict[dt.date, ServedVersion | None]:
        """The versions that the days' drift reports were held against, each with the run whose baseline that was.

        The registry is not asked: what it no longer has may have answered all the same.
        """
        end = days[-1] + dt.timedelta(days=1)
        found: dict[dt.date, ServedVersion | None] = {}
        for date in serving.reported(lake, self.spec, DRIFT, before=end, days=len(days)):
            key = s3_layout.monitoring(self.spec.name, date) + DRIFT
            try:
                found[date] = _version(lake.read_as(DriftReport, key).baseline)
            except ReportError as error:
                # One of many days, and not what this run is about: the days around it may tell as much.
                self.log.warning("Which version answered on %s is not known: %s", date, error)
        return found


def _version(baseline: BaselineRef) -> ServedVersion | None:
    return None if baseline.version is None else ServedVersion(version=baseline.version, run=baseline.run)


def _past(served: Iterable[ServedVersion | None], watched: ServedVersion) -> tuple[ServedVersion, ...]:
    """The versions that answered and are not watched, the oldest first."""
    others = {found for found in served if found and found != watched}
    return tuple(sorted(others, key=lambda found: found.version))


def _days(last: dt.date, number: int) -> list[dt.date]:
    return [last - dt.timedelta(days=ago) for ago in range(number - 1, -1, -1)]


def _captured_days(dates: Sequence[dt.date], captured: Sequence[SourceObject]) -> Sequence[dt.date]:
    """From the first that was captured on; the last alone where none was."""
    first = min((s3_layout.captured_on(source.key) for source in captured), default=dates[-1])
    return [date for date in dates if date >= min(first, dates[-1])]


def _pin(run: PerformanceRun, lake: Lake) -> str:
    """Write what the job reads; the configuration's key."""
    further = {
        "labels": monitoring_requests.labels_manifest(run, bucket=lake.bucket),
        "baselines": monitoring_requests.baselines_manifest(run, bucket=lake.bucket),
        "evaluations": monitoring_requests.evaluations_manifest(run, bucket=lake.bucket),
    }
    return serving.pin(lake, run, further)


def _returned(run: PerformanceRun) -> dict[str, Any]:
    counts = {"days": len(run.days), "files": len(run.captured), "labels": len(run.labels)}
    return {"date": run.date.isoformat(), "version": run.version, **counts}
