"""Tells people and CloudWatch what was found out about a day."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from perennial import cloudwatch
from perennial.hooks.aws import client
from perennial.hooks.lake import Lake
from perennial.operators.monitoring import WatchOperator
from perennial.operators.notify import deliver
from perennial.watches import AnyWatch, Report


class PublishMetricsOperator(WatchOperator):
    """Publish the day's verdict, and what it rests on, to CloudWatch.

    Returns (XCom): metrics, how many. CloudWatch takes nothing that is older than two weeks: such a day is skipped.
    """

    def perform(self, context: Any) -> dict[str, int]:
        """Publish, in as many calls as it takes."""
        lake = self.lake()
        run = self.configured(lake)
        now = context["ti"].start_date
        if not cloudwatch.takes(run.date, now):
            raise AirflowSkipException(f"CloudWatch takes no metrics of {run.date}: it is older than two weeks")
        points = self.watch.points(self.found(lake, run))
        requests = cloudwatch.put_requests(points, self.spec.name, run.date, now)
        cloudwatch_client = client("cloudwatch")
        for request in requests:
            cloudwatch_client.put_metric_data(**request)
        return {"metrics": sum(len(request["MetricData"]) for request in requests)}


class AlertOperator(WatchOperator):
    """Tell the model's topic what was found, how bad it is and since when: once, and again when the verdict changes.

    What a backfill finds is no news: it tells nobody.

    Returns (XCom): message_id, None where nothing was sent.
    """

    def __init__(self, *, watch: AnyWatch, **kwargs: Any) -> None:
        super().__init__(watch=watch, outlets=[watch.asset(kwargs["spec"].name)], **kwargs)

    def perform(self, context: Any) -> dict[str, str | None]:
        """Emit the asset's event, and publish."""
        if context["dag_run"].run_type == "backfill":
            raise AirflowSkipException("what a backfill finds is no news")
        lake, where = self.lake(), self.where()
        run = self.configured(lake)
        report, page = self.found(lake, run), where.object_url(self.watch.page_key(run))
        event = {"date": run.date.isoformat(), "verdict": report.verdict, "reasons": report.reasons, "report": page}
        context["outlet_events"][self.watch.asset(self.spec.name)].extra = event
        before = self._before(lake, run, report)
        if before is not None and before.verdict == report.verdict:
            self.log.info("The verdict is what it was on %s: people know", run.before)
            return {"message_id": None}
        return deliver(self, self.watch.notice(run, report, where), context, where, lake)

    def _before(self, lake: Lake, run: Any, report: Report) -> Report | None:
        """The latest report before the run's day, if it is about the same version: a new version is a new story."""
        key, judged_run = self.watch.key_before(run), self.watch.judged_run
        found = lake.find_as(self.watch.report, key) if key else None
        return found[0] if found and judged_run(found[0]) == judged_run(report) else None
