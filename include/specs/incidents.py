"""What went wrong in a run, and what people were told of it: small records that lie beside the run's reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# In experiments/<model>/<run>/
FAILURE = "failure.json"
NOTICES = "notices/"


@dataclass(frozen=True, kw_only=True)
class FailureReport:
    """Why a task failed on its latest failed try.

    Args:
        fault: its kind, as in `perennial.retries`; a section of docs/runbook.md has that name.
        retried: whether another try may help.
    """

    task_id: str
    try_number: int
    fault: str
    retried: bool
    message: str
    advice: str


@dataclass(frozen=True, kw_only=True)
class NoticeReport:
    """A message to a model's topic as it was sent, or as it should have been.

    Args:
        message_id: SNS's, once it has taken the message; None while it has not, and then `error` says why.
    """

    subject: str
    body: Mapping[str, str | int | None]
    message_id: str | None = None
    error: str | None = None
