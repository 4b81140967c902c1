"""Names that decide identity: a run's name in S3 and a job's name in SageMaker.

SageMaker job names are unique in an account, so a name derived from what a task is and does is an idempotency key:
every try of the same task with the same configuration has the same name, and a second create is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

MAX_JOB_NAME = 63  # SageMaker's limit for job names
_HASH_LENGTH = 12
# What a run's configuration holds beside what its jobs' results depend on, by the part that it is in ("": at the top).
_ASIDE = {"": ("past_window",), "provenance": ("reason", "run_url"), "champion": ("approval_status",)}


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`, hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def decisive(configuration: bytes) -> dict[str, Any]:
    """Of a run's `run.json`, what its jobs' results depend on: as long as that is the same, so are its jobs.

    Left out are the reason why it was started (that of a scheduled run changes when a backfill takes it over), the
    address of its page, whether its window is past, and whether its champion is approved by now.

    >>> decisive(b'{"past_window": true, "provenance": {"run": "r", "reason": "weekly"}, "champion": null}')
    {'provenance': {'run': 'r'}, 'champion': None}
    """
    plain: dict[str, Any] = json.loads(configuration)
    for part, names in _ASIDE.items():
        held = (plain.get(part) or {}) if part else plain
        for name in names:
            held.pop(name, None)
    return plain


def run_slug(dag_id: str, run_id: str) -> str:
    """A run's name in S3 keys: readable, safe, and distinct for distinct runs.

    >>> run_slug("churn_training", "manual__2026-03-01T02:00:00+00:00")
    'manual-2026-03-01t02-00-00-00-00-02f83ddf'
    """
    readable = re.sub(r"[^a-z0-9]+", "-", run_id.lower()).strip("-")[:48].rstrip("-")
    return f"{readable}-{digest([dag_id, run_id])[:8]}"


def job_name(
    model: str, step: str, *, task: tuple[str, str, int], configuration: Mapping[str, Any], generation: int = 1
) -> str:
    """The name of the job of one task instance.

    Args:
        task: DAG id, run id and map index: what the task instance is.
        configuration: the request without its name: what it does. Another configuration is another job.
        generation: which fresh start this is; a new one only after the last has failed or was stopped.

    >>> job_name("churn", "train", task=("churn_training", "r1", -1), configuration={}, generation=2)
    'churn-train-26fa1be354c3-2'
    """
    suffix = f"-{digest([list(task), configuration])[:_HASH_LENGTH]}" + (f"-{generation}" if generation > 1 else "")
    return f"{model}-{step}"[: MAX_JOB_NAME - len(suffix)].rstrip("-") + suffix
