"""Tells a model's topic how a run came out."""

from __future__ import annotations

import json
from typing import Any

from include.specs import reports, s3_layout
from include.specs.reports import GateReport
from perennial.hooks.aws import client
from perennial.operators.base import FlowOperator

_MAX_SUBJECT = 100  # SNS: a subject has at most 100 ASCII characters


class NotifyOperator(FlowOperator):
    """Publish the verdict of a training run to the model's SNS topic.

    Returns (XCom): message_id.
    """

    template_fields = ("run", "registered")

    def __init__(self, *, run: str, registered: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run, self.registered = run, registered

    def perform(self, context: Any) -> dict[str, str]:
        """Publish."""
        where = self.where()
        experiment = s3_layout.experiment(self.spec.name, self.run)
        gate = self.lake().read_as(GateReport, experiment + reports.GATE)
        message = {
            "model": self.spec.name,
            "owner": self.spec.owner.email,
            "verdict": gate.verdict,
            "reasons": gate.reasons,
            "version": (self.registered or {}).get("version"),
            "approval_status": (self.registered or {}).get("approval_status"),
            "report": where.object_url(experiment + reports.HTML),
            "dag_id": context["dag_run"].dag_id,
            "run_id": context["dag_run"].run_id,
        }
        answer = client("sns").publish(
            TopicArn=where.topic(self.spec.name),
            Subject=subject(message)[:_MAX_SUBJECT],
            Message=json.dumps(message, indent=1, sort_keys=True),
        )
        return {"message_id": answer["MessageId"]}


def subject(message: dict[str, Any]) -> str:
    """One line for a person's inbox.

    >>> subject({"model": "churn", "verdict": "register", "version": 3})
    'churn: version 3 registered, waiting for approval'
    >>> subject({"model": "churn", "verdict": "reject", "version": None})
    'churn: candidate rejected by the quality gate'
    """
    if message["verdict"] == "register":
        return f"{message['model']}: version {message['version']} registered, waiting for approval"
    return f"{message['model']}: candidate rejected by the quality gate"
