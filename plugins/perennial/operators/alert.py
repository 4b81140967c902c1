"""Tells people and CloudWatch what was found out about a day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from include.specs import s3_layout
from include.specs.errors import ReportError
from include.specs.run import ToldRecord
from perennial import cloudwatch, retries, told
from perennial.hooks.aws import client
from perennial.hooks.lake import LAKE_ERRORS, Lake
from perennial.operators.monitoring import WatchOperator
from perennial.operators.notify import deliver, is_last_try
from perennial.watches import UNDECIDED, AnyWatch, Report


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

    What is news goes by what people were told, which is on record. A backfill tells nobody: what it finds is told by
    the next run that finds the same.

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
        mine = self._record(run, report)
        known = told.last(lake, self._key)
        if why := told.old_news(known, mine, self._since(lake, run, known)):
            self.log.info("The verdict is no news: %s", why)
            return {"message_id": None}
        sent = deliver(self, self.watch.notice(run, report, where), context, where, lake)
        if sent["message_id"]:
            self._remember(lake, mine, context)
        return sent

    @property
    def _key(self) -> str:
        return s3_layout.told(self.spec.name, self.watch.name)

    def _record(self, run: Any, report: Report) -> ToldRecord:
        return ToldRecord(
            date=run.date,
            verdict=report.verdict,
            judged_run=self.watch.judged_run(report),
            run=run.provenance.run,
        )

    def _since(self, lake: Lake, run: Any, known: ToldRecord | None) -> Iterator[told.Verdict]:
        """The verdicts from the day that people were told of to the one before the run's, the newest first."""
        for date in reversed(self.watch.reported(run)):
            if known is None or date < known.date:
                return
            try:
                found = lake.find_as(self.watch.report, self.watch.report_key(run, date))
            except ReportError as error:
                self.log.warning("What was found out about %s cannot be read: %s", date, error)
                yield None
                continue
            if found and found[0].verdict != UNDECIDED:
                yield found[0].verdict, self.watch.judged_run(found[0])

    def _remember(self, lake: Lake, mine: ToldRecord, context: Any) -> None:
        """Put on record what was told. Without that the next day tells it again, so there is another try."""
        try:
            told.remember(lake, self._key, mine)
        except LAKE_ERRORS as error:
            # The next try sends nothing: the notice has a record of its own.
            if retries.of_error(error).passes and not is_last_try(context["ti"]):
                raise
            self.log.exception("%s could not be written: the next day tells people once more", self._key)
