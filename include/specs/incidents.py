"""What went wrong in a run, and what people were told of it: small records that lie beside the run's reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# In experiments/<model>/<run>/
FAILURES = "failures/"
NOTICES = "notices/"


def failure_file(task_id: str, map_index: int | None = None) -> str:
    """The name, in a run's folder, of the record of a task instance: a task that is mapped has one for each index.

    >>> failure_file("candidate.train"), failure_file("publish", -1), failure_file("publish", 3)
    ('failures/candidate.train.json', 'failures/publish.json', 'failures/publish/3.json')
    """
    index = "" if map_index is None or map_index < 0 else f"/{map_index}"
    return f"{FAILURES}{task_id}{index}.json"


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
    body: Mapping[str, str | int | bool | None]
    message_id: str | None = None
    error: str | None = None
