"""The tasks that all monitoring shares, but for telling: branch on a day's verdict, ask for a training."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseBranchOperator
from airflow.sdk.exceptions import AirflowSkipException

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.run import RetrainingRecord
from perennial import asked
from perennial.hooks.lake import Lake
from perennial.operators.base import FlowOperator
from perennial.watches import AnyWatch, Report


class WatchOperator(FlowOperator):
    """A task that goes by what a day's job has found out.

    Args:
        watch: what is watched. config_key: of the day's run.
    """

    template_fields = ("config_key",)

    def __init__(self, *, watch: AnyWatch, config_key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watch, self.config_key = watch, config_key

    def configured(self, lake: Lake) -> Any:
        """What the job was told."""
        return lake.read_as(self.watch.run, self.config_key)

    def found(self, lake: Lake, run: Any) -> Report:
        """What it found out. A report that cannot be read fails the task: it is no quiet day."""
        report: Report = lake.read_as(self.watch.report, self.watch.report_key(run))
        return report


class VerdictBranchOperator(WatchOperator, BaseBranchOperator):
    """Branch on what the job decided: to the alert, or to nothing. A verdict that cannot be read fails the task.

    Args:
        alert: the task that tells people.
    """

    def __init__(self, *, watch: AnyWatch, alert: str, **kwargs: Any) -> None:
        super().__init__(watch=watch, **kwargs)
        self.alert, self.operator_extra_links = alert, (watch.link(),)

    def perform(self, context: Any) -> Any:
        """Read the verdict, and skip what it does not ask for."""
        self.do_branch(context, self.choose_branch(context))

    def choose_branch(self, context: Any) -> list[str]:
        """What the verdict in the report asks for."""
        lake = self.lake()
        run = self.configured(lake)
        report = self.found(lake, run)
        self.watch.link.store(context, self.where().object_url(self.watch.page_key(run)))
        self.log.info("Verdict: %s. %s", report.verdict, report.reasons)
        return [self.alert] if report.verdict in self.watch.subjects else []


class AskForTrainingOperator(WatchOperator):
    """Ask for a training because of a day's verdict, if one may help: at most once a cool-down, never from a backfill.

    All that is watched of a model has one cool-down: what drifts and what it costs in quality is one reason. A run that
    has asked does not ask again, however often it is cleared.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**asked.asks(kwargs["spec"].name), **kwargs)

    def perform(self, context: Any) -> dict[str, Any]:
        """Emit the request, or skip, which emits nothing."""
        if context["dag_run"].run_type == "backfill":
            raise AirflowSkipException("a backfill asks for no training")
        watch, name = self.watch, self.spec.name
        if not watch.retrains(self.spec):
            raise AirflowSkipException(f"{name} is not retrained on {watch.because} (monitoring.{watch.may_ask})")
        lake = self.lake()
        run = self.configured(lake)
        report = self.found(lake, run)
        if report.verdict != watch.asks:
            raise AirflowSkipException(f"the verdict is {report.verdict}: only {watch.asks} asks for a training")
        if why := watch.needs_none(run, report):
            raise AirflowSkipException(why)
        dag_run = context["dag_run"]
        if any(asked.is_of(event, dag_run) for event in asked.requests(context, name, since=dag_run.run_after)):
            raise AirflowSkipException("this run has asked for a training already")
        begin_cool_down(lake, RetrainingRecord(date=run.date, run=run.provenance.run), self.spec)
        reason = f"{watch.because} on {run.date}: {report.reasons}"
        request = {"reason": reason, "date": run.date.isoformat(), "params": {}}
        asked.request(context, name, request)
        return request


def begin_cool_down(lake: Lake, mine: RetrainingRecord, spec: ModelSpec) -> None:
    """Put this request on record. One of the same run is its own: it has not asked yet (see `asked`).

    A day before that of the record asks for nothing, however long before: it would let the cool-down begin in the past.

    Raises:
        AirflowSkipException: another request's cool-down is not over, or another was put on record meanwhile.
    """
    key, days = s3_layout.retraining(spec.name), spec.monitoring.cool_down_days
    known, tag = lake.find_as(RetrainingRecord, key) or (None, None)
    if known and known.run != mine.run and (mine.date - known.date).days < days:
        raise AirflowSkipException(f"a training was asked for on {known.date}, and once in {days} days is enough")
    if known == mine or lake.swap(key, codec.encode(mine), tag=tag):
        return
    # A write whose answer was lost is repeated inside the call, and finds its own record in its way.
    now, _ = lake.find_as(RetrainingRecord, key) or (None, None)
    if now != mine:
        raise AirflowSkipException("another run was faster, and has asked for a training")
