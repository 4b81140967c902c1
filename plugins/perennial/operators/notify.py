"""Tells a model's topic how a run came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from include.specs import reports, s3_layout
from include.specs.environment import Environment
from include.specs.reports import GateReport
from include.specs.run import TrainingRun
from perennial import retries
from perennial.hooks.aws import client
from perennial.hooks.lake import Lake
from perennial.notices import Notice, send
from perennial.operators.base import FlowOperator

# Verdict → its section of the runbook.
SECTIONS: Mapping[str, str] = {"register": "registered", "reject": "rejected"}


class NotifyOperator(FlowOperator):
    """Publish the verdict of a training run to the model's SNS topic: once, and again when it is another.

    A backfill is no news and tells nothing; a version of a past window is called one.

    The result of the run stands whether or not SNS takes the message: what it still refuses on the last try stays on
    record beside the run's reports.

    Args:
        registered: what the registration returned, where there was one.

    Returns (XCom): message_id, None where SNS did not take the message.
    """

    template_fields = ("config_key", "registered")

    def __init__(self, *, config_key: str, registered: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config_key, self.registered = config_key, registered

    def perform(self, context: Any) -> dict[str, str | None]:
        """Publish."""
        if context["dag_run"].run_type == "backfill":
            raise AirflowSkipException("what a backfill finds is no news")
        where, lake = self.where(), self.lake()
        run = lake.read_as(TrainingRun, self.config_key)
        gate = lake.read_as(GateReport, _experiment(run) + reports.GATE)
        return deliver(self, self._notice(run, where, gate), context, where, lake)

    def _notice(self, run: TrainingRun, where: Environment, gate: GateReport) -> Notice:
        message = {
            "model": self.spec.name,
            "owner": self.spec.owner.email,
            "verdict": gate.verdict,
            "reasons": gate.reasons,
            "past_window": run.past_window,
            "version": (self.registered or {}).get("version"),
            "approval_status": (self.registered or {}).get("approval_status"),
            "report": where.object_url(_experiment(run) + reports.HTML),
            "runbook": f"{where.runbook}#{SECTIONS[gate.verdict]}",
            "dag_id": run.provenance.dag_id,
            "run_id": run.provenance.run_id,
        }
        return Notice(
            model=self.spec.name,
            run=run.provenance.run,
            # A run that is cleared may come out otherwise, which is news.
            kind=f"verdict-{gate.verdict}",
            subject=subject(message),
            body=message,
        )


def _experiment(run: TrainingRun) -> str:
    return s3_layout.experiment(run.model.name, run.provenance.run)


def deliver(task: FlowOperator, notice: Notice, context: Any, where: Environment, lake: Lake) -> dict[str, str | None]:
    """Send `notice`, or let `task` be tried again; what SNS refuses for good fails nothing: it is on record."""
    try:
        return {"message_id": send(notice, where, lake=lake, sns=client("sns"))}
    except Exception as error:
        if retries.of_error(error).passes and not is_last_try(context["ti"]):
            raise
        task.log.exception(
            "Nobody was told; the message is in %s, or above where S3 did not take it", where.object_url(notice.key)
        )
        return {"message_id": None}


def is_last_try(ti: Any) -> bool:
    """Whether a task that fails now is not tried again."""
    return bool(ti.try_number > ti.max_tries)


def subject(message: dict[str, Any]) -> str:
    """One line for a person's inbox. What an old interval gave is never called new.

    >>> subject({"model": "churn", "verdict": "register", "version": 3, "past_window": False})
    'churn: version 3 registered, waiting for approval'
    >>> subject({"model": "churn", "verdict": "register", "version": 3, "past_window": True})
    'churn: version 3 of a past window registered, waiting for approval'
    >>> subject({"model": "churn", "verdict": "reject", "version": None, "past_window": False})
    'churn: candidate rejected by the quality gate'
    """
    model, of = message["model"], " of a past window" if message["past_window"] else ""
    if message["verdict"] == "register":
        return f"{model}: version {message['version']}{of} registered, waiting for approval"
    return f"{model}: candidate{of} rejected by the quality gate"
