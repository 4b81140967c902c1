"""Tells people and CloudWatch what a day's traffic was like."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from include.specs import s3_layout
from include.specs.drift import DRIFT, DriftReport
from include.specs.run import MonitoringRun
from perennial import assets, drift_notice
from perennial.hooks.aws import client
from perennial.hooks.lake import Lake
from perennial.operators.base import FlowOperator
from perennial.operators.monitoring import read_report
from perennial.operators.notify import deliver


class PublishMetricsOperator(FlowOperator):
    """Publish the day's verdict and each feature's effect to CloudWatch.

    Returns (XCom): metrics, how many. CloudWatch takes nothing that is older than two weeks: such a day is skipped.
    """

    template_fields = ("config_key",)

    def __init__(self, *, config_key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config_key = config_key

    def perform(self, context: Any) -> dict[str, int]:
        """Publish, in as many calls as it takes."""
        lake = self.lake()
        run = lake.read_as(MonitoringRun, self.config_key)
        now = context["ti"].start_date
        if not drift_notice.takes(run.date, now):
            raise AirflowSkipException(f"CloudWatch takes no metrics of {run.date}: it is older than two weeks")
        requests = drift_notice.metrics(read_report(lake, run), run.date, now)
        cloudwatch = client("cloudwatch")
        for request in requests:
            cloudwatch.put_metric_data(**request)
        return {"metrics": sum(len(request["MetricData"]) for request in requests)}


class AlertOperator(FlowOperator):
    """Tell the model's topic what drifted, how much and since when: once, and again only when the verdict changes.

    What a backfill finds is no news: it tells nobody.

    Returns (XCom): message_id, None where nothing was sent.
    """

    template_fields = ("config_key",)

    def __init__(self, *, config_key: str, **kwargs: Any) -> None:
        super().__init__(outlets=[assets.drift(kwargs["spec"].name)], **kwargs)
        self.config_key = config_key

    def perform(self, context: Any) -> dict[str, str | None]:
        """Emit the asset's event, and publish."""
        if context["dag_run"].run_type == "backfill":
            raise AirflowSkipException("what a backfill finds is no news")
        lake, where = self.lake(), self.where()
        run = lake.read_as(MonitoringRun, self.config_key)
        report, page = read_report(lake, run), where.object_url(drift_notice.report_key(run))
        event = {"date": run.date.isoformat(), "verdict": report.verdict, "reasons": report.reasons, "report": page}
        context["outlet_events"][assets.drift(self.spec.name)].extra = event
        before = _report_before(lake, run)
        if before is not None and before.verdict == report.verdict:
            self.log.info("The verdict is what it was on %s: people know", before.window)
            return {"message_id": None}
        return deliver(self, drift_notice.notice(run, report, where), context, where, lake)


def _report_before(lake: Lake, run: MonitoringRun) -> DriftReport | None:
    """The latest report before the run's day, if it is of the same version: a new version is a new story."""
    if not run.history:
        return None
    found = lake.find_as(DriftReport, s3_layout.monitoring(run.model.name, run.history[-1]) + DRIFT)
    return found[0] if found and found[0].baseline.run == run.baseline_run else None
