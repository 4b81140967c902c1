"""Which trainings were asked for already, as Airflow tells a task."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import AssetEventsResult
from airflow.sdk.execution_time.context import InletEventsAccessors
from perennial import asked, assets

from tests.shared.airflow_context import kept_event, task_context

RUN = task_context(dag_id="churn_ingestion")["dag_run"]
SINCE = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def test_airflow_is_asked_for_the_model_s_requests_since_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's own accessor makes of it what the API server takes: all of a year would be many to read for one run."""
    kept, sent = [kept_event("requested:churn", {"reason": "r"}, RUN)], list[Any]()

    def send(message: Any) -> AssetEventsResult:
        sent.append(message)
        return AssetEventsResult(asset_events=kept)

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(send=send), raising=False)
    context = {"inlet_events": InletEventsAccessors([assets.requested("churn")])}
    [event] = asked.requests(context, "churn", since=SINCE)
    assert (event.extra, asked.is_of(event, RUN)) == ({"reason": "r"}, True)
    [message] = sent
    assert (message.name, message.uri) == ("requested:churn", "perennial://requested/churn")
    assert (message.after, message.before, message.limit) == (SINCE, None, None)


@pytest.mark.parametrize("other", [{"dag_id": "churn_drift"}, {"run_id": "manual__2"}])
def test_a_run_is_a_dag_s(other: dict[str, str]) -> None:
    """Two flows may have runs of one name: those that are scheduled at one time have."""
    event = kept_event("requested:churn", {}, task_context(**{"dag_id": "churn_ingestion"} | other)["dag_run"])
    assert not asked.is_of(event, RUN)
