"""Finds what drift is looked for in: a day's traffic, the version that answered, and the reports of the days before."""

from __future__ import annotations

from typing import Any

from include.specs.drift import DRIFT
from include.specs.run import MonitoringRun
from perennial import monitoring_requests, serving
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages
from perennial.operators.base import provenance
from perennial.operators.days import DayOperator


class FindTrafficOperator(DayOperator):
    """Pin what was captured on the run's day, the version that was champion then, and the reports of the days before.

    A scheduled run waits for the first capture file, where the days before had some; when none has come in time, the
    report says that there was no traffic. Without a version there is nothing to watch: the run is skipped.

    Returns (XCom): date, config_key, version, files (how many).
    """

    def perform(self, context: Any) -> dict[str, Any]:
        """Find, wait, pin, write."""
        date = self.whole_day(context)
        lake, where = self.lake(), self.where()
        watched = serving.watched(self.spec, Packages(), date, where=where)
        captured = self.first_found(
            context,
            lambda: serving.captured(lake, self.spec, [date]),
            is_expected=lambda: serving.is_fed(lake, self.spec, date),
            wait_h=self.spec.monitoring.wait_h,
        )
        origin = provenance(context, where)
        run = MonitoringRun(
            model=self.spec,
            provenance=origin,
            date=date,
            version=watched.version,
            baseline_run=watched.run,
            captured=captured,
            history=serving.reported(lake, self.spec, DRIFT, before=date, days=self.spec.monitoring.history_days),
            # Whoever makes traffic up says so on every file; one is asked.
            synthetic=bool(captured) and lake.source(captured[0].key).synthetic,
        )
        return {"config_key": _pin(run, lake), **_returned(run)}


def _pin(run: MonitoringRun, lake: Lake) -> str:
    """Write what the job reads; the configuration's key."""
    return serving.pin(lake, run, {"history": monitoring_requests.history_manifest(run, bucket=lake.bucket)})


def _returned(run: MonitoringRun) -> dict[str, Any]:
    return {"date": run.date.isoformat(), "version": run.version, "files": len(run.captured)}
