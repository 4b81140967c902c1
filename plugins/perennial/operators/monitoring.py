"""The tasks of monitoring that are not jobs: find the day's traffic, branch on the verdict, ask for a training."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseBranchOperator
from airflow.sdk.exceptions import AirflowSkipException

from include.specs import codec, s3_layout
from include.specs.drift import DRIFT, DriftReport
from include.specs.errors import ReportError
from include.specs.partition import SourceObject
from include.specs.run import MonitoringRun, RetrainingRecord
from perennial import assets, aws_requests, registry
from perennial.drift_notice import SUBJECTS, report_key
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages
from perennial.links import DriftReportLink
from perennial.operators.base import FlowOperator, provenance, required_date

# How long a run that waits for the day's first capture file leaves it alone between two looks.
LOOK_EVERY = dt.timedelta(minutes=15)


class FindTrafficOperator(FlowOperator):
    """Pin what was captured on the run's day, the version that it is compared with, and the reports of the days before.

    The day is the DAG param `date`, or the day that the data interval begins on. A scheduled run waits for the first
    capture file; when none has come in time, the report says that there was no traffic. Without a version there is
    nothing to watch: the run is skipped.

    Returns (XCom): date, config_key, report (its prefix), version, files.
    """

    def perform(self, context: Any) -> dict[str, Any]:
        """Find, wait, pin, write."""
        date = required_date(context)
        lake, where = self.lake(), self.where()
        version, baseline_run = self._watched()
        captured = self._captured(lake, date)
        if not captured:
            self._wait(context)
        origin = provenance(context, where)
        run = MonitoringRun(
            model=self.spec,
            provenance=origin,
            date=date,
            version=version,
            baseline_run=baseline_run,
            captured=captured,
            history=self._history(lake, date),
            # Whoever makes traffic up says so on every file; one is asked.
            synthetic=bool(captured) and lake.source(captured[0].key).synthetic,
        )
        return {"config_key": _pin(run, lake), **_returned(run)}

    def look_again(self, context: Any, event: Any = None) -> dict[str, Any]:  # noqa: ARG002 Airflow's signature
        """What was waited for may have come."""
        return dict(self.execute(context))

    def _watched(self) -> tuple[int, str]:
        """The champion's version, and the run that registered it."""
        packages = Packages()
        package = next(registry.champions(packages.versions(self.spec.name), packages.describe), None)
        if package is None:
            raise AirflowSkipException(f"{self.spec.name} has no version that could be watched yet")
        run = registry.run_of(package)
        if run is None:
            raise ReportError(
                f"{package['ModelPackageArn']} does not say which run registered it: expected `run` in its metadata; "
                "approve a version that a training flow registered"
            )
        return int(package["ModelPackageVersion"]), run

    def _captured(self, lake: Lake, date: dt.date) -> tuple[SourceObject, ...]:
        watched = self.spec.monitoring
        endpoint, after = watched.endpoint or self.spec.name, date + dt.timedelta(days=1)
        found = []
        for variant in watched.variants:
            late = s3_layout.capture_day(endpoint, variant, after)
            hours = [f"{late}{hour:02d}/" for hour in range(watched.late_h)]
            prefixes = (s3_layout.capture_day(endpoint, variant, date), *hours)
            found += [source for prefix in prefixes for source in lake.objects(prefix)]
        return tuple(found)

    def _wait(self, context: Any) -> None:
        """Look again later, while there is time; a person's run and a backfill do not wait for what is past."""
        run, now = context["dag_run"], _now()
        if run.run_type != "scheduled":
            return
        last = run.data_interval_end + dt.timedelta(hours=self.spec.monitoring.wait_h)
        if now < last:
            self.log.info("Nothing was captured yet; waiting until %s at the latest", last)
            self.defer(trigger=DateTimeTrigger(moment=min(now + LOOK_EVERY, last)), method_name="look_again")

    def _history(self, lake: Lake, date: dt.date) -> tuple[dt.date, ...]:
        first = date - dt.timedelta(days=self.spec.monitoring.history_days)
        keys = [found.key for found in lake.objects(f"monitoring/{self.spec.name}/year=")]
        dates = sorted(s3_layout.date_of(key) for key in keys if key.endswith(f"/{DRIFT}"))
        return tuple(found for found in dates if first <= found < date)


class DriftBranchOperator(FlowOperator, BaseBranchOperator):
    """Branch on what the job decided: to the alert, or to nothing. A verdict that cannot be read fails the task.

    Args:
        config_key: of the monitoring run. alert: the task that tells people.
    """

    template_fields = ("config_key",)
    operator_extra_links = (DriftReportLink(),)

    def __init__(self, *, config_key: str, alert: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config_key, self.alert = config_key, alert

    def perform(self, context: Any) -> Any:
        """Read the verdict, and skip what it does not ask for."""
        self.do_branch(context, self.choose_branch(context))

    def choose_branch(self, context: Any) -> list[str]:
        """What the verdict in drift.json asks for."""
        lake = self.lake()
        run = lake.read_as(MonitoringRun, self.config_key)
        report = read_report(lake, run)
        DriftReportLink.store(context, self.where().object_url(report_key(run)))
        self.log.info("Verdict: %s. %s", report.verdict, report.reasons)
        return [self.alert] if report.verdict in SUBJECTS else []


class RetrainOnDriftOperator(FlowOperator):
    """Ask for a training because a day's traffic has drifted: at most once a cool-down, and never from a backfill."""

    template_fields = ("config_key",)

    def __init__(self, *, config_key: str, **kwargs: Any) -> None:
        super().__init__(outlets=[assets.retrain(kwargs["spec"].name)], **kwargs)
        self.config_key = config_key

    def perform(self, context: Any) -> dict[str, Any]:
        """Emit the request, or skip, which emits nothing."""
        if context["dag_run"].run_type == "backfill":
            raise AirflowSkipException("a backfill asks for no training")
        if not self.spec.monitoring.retrain_on_drift:
            raise AirflowSkipException(f"{self.spec.name} is not retrained on drift (monitoring.retrain_on_drift)")
        lake = self.lake()
        run = lake.read_as(MonitoringRun, self.config_key)
        report = read_report(lake, run)
        if report.verdict != "drift":
            raise AirflowSkipException(f"the verdict is {report.verdict}: only drift asks for a training")
        self._begin_cool_down(lake, run)
        request = {"reason": f"drift on {run.date}: {report.reasons}", "date": run.date.isoformat(), "params": {}}
        context["outlet_events"][assets.retrain(self.spec.name)].extra = request
        return request

    def _begin_cool_down(self, lake: Lake, run: MonitoringRun) -> None:
        """Put this request on record. One of this same run is its own: a retry asks for what it could not yet."""
        key, mine = s3_layout.retraining(run.model.name), RetrainingRecord(date=run.date, run=run.provenance.run)
        known, tag = lake.find_as(RetrainingRecord, key) or (None, None)
        days = self.spec.monitoring.cool_down_days
        if known and known.run != mine.run and abs((run.date - known.date).days) < days:
            raise AirflowSkipException(f"drift asked for a training on {known.date}, and once in {days} days is enough")
        if known != mine and not lake.swap(key, codec.encode(mine), tag=tag):
            raise AirflowSkipException("another run was faster, and has asked for a training")


def read_report(lake: Lake, run: MonitoringRun) -> DriftReport:
    """What the job found out about the run's day."""
    return lake.read_as(DriftReport, s3_layout.monitoring(run.model.name, run.date) + DRIFT)


def _pin(run: MonitoringRun, lake: Lake) -> str:
    """Write what the job reads; the configuration's key."""
    model, slug = run.model.name, run.provenance.run
    captured = aws_requests.capture_manifest(run.captured, bucket=lake.bucket)
    lake.write_manifest(aws_requests.capture_manifest_key(model, slug), captured)
    history = aws_requests.history_manifest(run, bucket=lake.bucket)
    lake.write_manifest(aws_requests.history_manifest_key(model, slug), history)
    config_key = aws_requests.config_key(model, slug)
    lake.write(config_key, codec.encode(run))
    return config_key


def _returned(run: MonitoringRun) -> dict[str, Any]:
    return {"date": run.date.isoformat(), "version": run.version, "files": len(run.captured)}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
