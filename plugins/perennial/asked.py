"""Which trainings were asked for already. Airflow's own events say so, and need no record beside them.

Airflow writes a task's events and its success by one commit, so a try that was killed before it has left none, and a
run that is cleared afterwards finds its own. A record in S3 would be written before that moment, or after it, and be
wrong in between. Airflow keeps no second event back by itself: it only folds those that lie queued for a DAG.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from perennial import assets


def requests(context: Mapping[str, Any], model: str, *, since: dt.datetime) -> list[Any]:
    """The requests for a training of `model` that were made since then, as Airflow keeps events; the oldest first.

    The task is one that `asks`: Airflow lets a task read the events of its inlets only.
    """
    return list(context["inlet_events"][assets.requested(model)].after(since.isoformat()))


def asks(model: str) -> dict[str, Any]:
    """The arguments of a task that asks for trainings of `model`: what it reads, and what it emits by `request`."""
    read, emitted = assets.requested(model), assets.retrain(model)
    return {"inlets": [read], "outlets": [emitted, read]}


def request(context: Mapping[str, Any], model: str, extra: Mapping[str, Any]) -> None:
    """Ask for a training of `model`, once the task has succeeded."""
    for asset in (assets.retrain(model), assets.requested(model)):
        context["outlet_events"][asset].extra = dict(extra)


def is_of(event: Any, run: Any) -> bool:
    """Whether a task of `run` (a DAG run) made the request."""
    return bool((event.source_dag_id, event.source_run_id) == (run.dag_id, run.run_id))
