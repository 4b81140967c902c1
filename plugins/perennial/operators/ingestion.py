"""The tasks of ingestion that are not jobs: find what was dropped, publish the partition, ask for a training."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from include.specs import codec, reports, s3_layout
from include.specs.errors import PartitionError, ReportError
from include.specs.model import ModelSpec
from include.specs.partition import IngestionReport, PartitionManifest, SourceObject
from include.specs.run import IngestionRun
from perennial import asked, assets, aws_requests, landings
from perennial.hooks.lake import Lake
from perennial.landing_notice import absent_notice
from perennial.operators.base import FlowOperator, provenance, required_date
from perennial.operators.days import WaitingOperator
from perennial.operators.late import tell_late
from perennial.operators.notify import deliver
from perennial.trainings import content_of


class FindLandingOperator(WaitingOperator):
    """Pin the landing objects of the run's day, and write the run's configuration.

    The day is the DAG param `date`, or the day that the data interval begins on. A scheduled run waits for the first
    object, where the days before had some. A scheduled day without objects is skipped or failed as the spec says; a day
    that a person asked for fails. People are told of the first of several days that are skipped so, and of what has
    landed late for the days before.

    Returns (XCom): date, config_key.
    """

    @staticmethod
    def longest_wait_h(spec: ModelSpec) -> float:
        """For a first object."""
        return spec.dataset.landing_wait_h

    def perform(self, context: Any) -> dict[str, Any]:
        """Tell what was late for other days; then look for what there is for this one."""
        tell_late(self, context)
        return self.look_again(context)

    def look_again(self, context: Any, event: Any = None) -> dict[str, Any]:  # noqa: ARG002 Airflow's signature
        """Find, wait, pin, write."""
        date = required_date(context)
        where, lake = self.where(), self.lake()
        sources = self._landed(lake, date, context)
        if not sources:
            raise self._absent(lake, date, context)
        run = IngestionRun(model=self.spec, provenance=provenance(context, where), date=date, sources=sources)
        slug = run.provenance.run
        manifest = aws_requests.landing_manifest(sources, bucket=where.bucket, model=self.spec.name)
        lake.write_manifest(s3_layout.experiment(self.spec.name, slug) + "landing.manifest", manifest)
        config_key = aws_requests.config_key(self.spec.name, slug)
        lake.write(config_key, codec.encode(run))
        self.log.info("%s: %d landing objects for %s", self.spec.name, len(sources), date)
        return {"date": date.isoformat(), "config_key": config_key}

    def _landed(self, lake: Lake, date: dt.date, context: Any) -> tuple[SourceObject, ...]:
        """The day's objects; none where none has come in time."""
        prefix = s3_layout.landing(self.spec.name, date)
        return self.first_found(
            context,
            lambda: lake.sources(prefix),
            is_expected=lambda: landings.is_fed(lake, self.spec.name, date),
            wait_h=self.spec.dataset.landing_wait_h,
        )

    def _absent(self, lake: Lake, date: dt.date, context: Any) -> Exception:
        """How a day without objects ends. One that fails is told of as any failure; of one that is skipped, people hear
        here, if a scheduled run has missed it and it is not usual."""
        uri = s3_layout.uri(lake.bucket, s3_layout.landing(self.spec.name, date))
        message = f"expected CSV or Parquet objects under {uri}, found none; drop a file there and run this date again"
        if _is_asked(context) or self.spec.dataset.when_absent == "fail":
            return PartitionError(message)
        missed = context["dag_run"].run_type == "scheduled" and self.spec.dataset.landing_wait_h > 0
        if missed and landings.is_gap(lake, self.spec.name, date):
            where = self.where()
            deliver(self, absent_notice(self.spec, date, where, provenance(context, where)), context, where, lake)
        return AirflowSkipException(message)


class PublishPartitionOperator(FlowOperator):
    """Write the manifest: from this moment, and not before, the partition exists.

    Returns (XCom): manifest_key, rows, quarantined.
    """

    template_fields = ("config_key",)

    def __init__(self, *, config_key: str, **kwargs: Any) -> None:
        super().__init__(outlets=[assets.raw(kwargs["spec"].name)], **kwargs)
        self.config_key = config_key

    def perform(self, context: Any) -> dict[str, Any]:
        """Check that the sources are still what was read; publish what was made of them."""
        lake = self.lake()
        run = lake.read_as(IngestionRun, self.config_key)
        model, date = run.model.name, run.date
        _check_sources(run, lake.sources(s3_layout.landing(model, date)))
        report = lake.read_as(IngestionReport, s3_layout.experiment(model, run.provenance.run) + reports.INGESTION)
        manifest = manifest_of(run, report)
        key = s3_layout.manifest(model, date)
        stale = lake.publish(manifest)
        self.log.info("%s: %d rows in %d files; %d stale files deleted", key, report.rows, len(report.files), stale)
        event = {"partition": date.isoformat(), "manifest_key": key, "rows": report.rows}
        context["outlet_events"][assets.raw(model)].extra = event
        return {"manifest_key": key, "rows": report.rows, "quarantined": dict(report.quarantined)}


class RequestRetrainingOperator(FlowOperator):
    """Ask for a training run because there is new data. Never from a backfill: old days are no news.

    A run asks once for what its partition holds, however often it is cleared. A scheduled one asks for the newest
    partition only, and not for what another run has asked for: the next training takes in what was late. A run that a
    person has started asks whatever was asked before.
    """

    template_fields = ("partition",)

    def __init__(self, *, partition: str, **kwargs: Any) -> None:
        super().__init__(**asked.asks(kwargs["spec"].name), **kwargs)
        self.partition = partition

    def perform(self, context: Any) -> dict[str, Any]:
        """Emit the request, or skip, which emits nothing."""
        if context["dag_run"].run_type == "backfill":
            raise AirflowSkipException("a backfill asks for no training")
        if not self.spec.retrain_on_ingestion:
            raise AirflowSkipException(f"{self.spec.name} is not retrained on new data (retrain_on_ingestion)")
        lake, date = self.lake(), dt.date.fromisoformat(self.partition)
        content = content_of(lake.read_as(PartitionManifest, s3_layout.manifest(self.spec.name, date)))
        if why := self._asked_before(context, date, content) or self._too_old(context, date, lake):
            raise AirflowSkipException(why)
        request = {
            "reason": f"new data: partition {self.partition}",
            "partition": self.partition,
            "content": content,
            # Of a person's run it is asked for anything: that a training is wanted is reason enough.
            "only_if_new": context["dag_run"].run_type == "scheduled",
            "params": context["params"].get("training") or {},
        }
        asked.request(context, self.spec.name, request)
        return request

    def _asked_before(self, context: Any, date: dt.date, content: str) -> str:
        """Why what the partition holds needs no other request; empty where it does."""
        run, scheduled = context["dag_run"], context["dag_run"].run_type == "scheduled"
        # Nobody has asked for a day before it began.
        since = min(run.run_after, dt.datetime.combine(date, dt.time(), dt.UTC)) if scheduled else run.run_after
        made = asked.requests(context, self.spec.name, since=since)
        mine = [(event, dict(event.extra or {})) for event in made if scheduled or asked.is_of(event, run)]
        last = next((known for known in reversed(mine) if known[1].get("partition") == self.partition), None)
        if last is None or last[1].get("content") != content:
            return ""
        return f"{last[0].source_run_id or 'somebody'} has asked for a training with {date} as it is now"

    def _too_old(self, context: Any, date: dt.date, lake: Lake) -> str:
        """Why a scheduled run's day is no news; empty where it is."""
        name = self.spec.name
        newest = lake.dates(name)[-1]
        if context["dag_run"].run_type != "scheduled" or newest <= date:
            return ""
        return f"{date} is older than the partition of {newest}: start {name}_training, or the next takes it in"


def is_partition_left(run: IngestionRun, lake: Lake) -> bool:
    """Whether the files that a job has made of `run` are all in the lake still: another run of the day may have put its
    own in their place, and a person may have deleted them."""
    key = s3_layout.experiment(run.model.name, run.provenance.run) + reports.INGESTION
    try:
        lake.check_files(manifest_of(run, lake.read_as(IngestionReport, key)))
    except (PartitionError, ReportError):
        return False
    return True


def manifest_of(run: IngestionRun, report: IngestionReport) -> PartitionManifest:
    """The manifest of what `report` says was written for `run`."""
    return PartitionManifest(
        model=run.model.name,
        date=run.date,
        files=report.files,
        rows=report.rows,
        columns=report.columns,
        sources=run.sources,
        quarantined=report.quarantined,
        rejected=report.rejected,
    )


def _is_asked(context: Any) -> bool:
    """Whether a person asked for the day."""
    return bool(context["params"].get("date"))


def _check_sources(run: IngestionRun, now: tuple[SourceObject, ...]) -> None:
    if now != run.sources:
        changed = sorted({source.key for source in set(now) ^ set(run.sources)})
        raise PartitionError(f"{changed[0]} changed while it was being ingested; clear `find_landing` to read it again")
