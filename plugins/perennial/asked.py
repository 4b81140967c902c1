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

    The task has the asset among its `inlets`, or Airflow does not let it read them.
    """
    return list(context["inlet_events"][assets.retrain(model)].after(since.isoformat()))


def is_of(event: Any, run: Any) -> bool:
    """Whether a task of `run` (a DAG run) made the request."""
    return bool((event.source_dag_id, event.source_run_id) == (run.dag_id, run.run_id))
