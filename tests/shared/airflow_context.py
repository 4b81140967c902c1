"""A task's context made of Airflow's own classes, so that what they do differently is met in a test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow.sdk.api.datamodels._generated import (
    AssetReferenceAssetEventDagRun,
    DagRun,
    DagRunState,
    DagRunType,
)
from airflow.sdk.execution_time.comms import AssetEventDagRunReferenceResult, AssetEventResult
from airflow.sdk.execution_time.context import (
    InletEventsAccessor,
    OutletEventAccessors,
    TriggeringAssetEventsAccessor,
)

RUN_AFTER = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def try_id(number: int) -> str:
    """Airflow's ids of tries are UUIDs of version 7: a later one is greater.

    >>> try_id(9) < try_id(10)
    True
    """
    return f"019a0000-0000-7000-8000-{number:012x}"


TRY, NEXT_TRY = try_id(1), try_id(2)


@dataclass(frozen=True, kw_only=True)
class Try:
    """What a try of a task has of its own, and the last number that another one may follow."""

    number: int = 1
    id: str = TRY
    start_date: dt.datetime = RUN_AFTER
    max_tries: int = 3


class RecordingTaskInstance:
    """Keeps what a task pushes, where the real one would send it to the API server.

    Args:
        results: what earlier tasks of the run returned, by task id, for those after them to pull.

    `state_now` is what the API server says of the task when asked; empty for no such task. `state_of_runs` is what it
    says of any run, and `states_of_days` of the runs of its own DAG, by their logical dates.
    """

    dag_id, run_id = "churn_training", "manual__1"
    state_of_runs = "success"

    def __init__(
        self, task: Any = None, *, results: Mapping[str, Any] | None = None, attempt: Try | None = None
    ) -> None:
        self.task, self.map_index, self.pushed = task, -1, {}
        mine = attempt or Try()
        self.id, self.try_number, self.max_tries, self.start_date = (
            mine.id,
            mine.number,
            mine.max_tries,
            mine.start_date,
        )
        self._results, self.state_now = results or {}, "running"
        self.states_of_days: dict[dt.datetime, str] = {}

    @property
    def task_id(self) -> str:
        """Of its task; of one that no test has named, any."""
        return str(getattr(self.task, "task_id", "task"))

    def get_task_states(self, dag_id: str, **asked: Any) -> dict[str, dict[str, str]]:
        """As Airflow answers: run → task (with its index, where it is mapped) → state."""
        [run_id], [task_id] = asked["run_ids"], asked["task_ids"]
        assert (dag_id, run_id) == (self.dag_id, self.run_id)
        task = task_id if asked["map_index"] < 0 else f"{task_id}_{asked['map_index']}"
        return {run_id: {task: self.state_now}} if self.state_now else {}

    def get_dr_count(
        self,
        dag_id: str,
        *,
        states: list[str],
        run_ids: Sequence[str] = (),
        logical_dates: Sequence[dt.datetime] = (),
    ) -> int:
        """As Airflow counts the runs of a DAG in any of these states."""
        if logical_dates:
            assert dag_id == self.dag_id
            return sum(self.states_of_days.get(date) in states for date in logical_dates)
        assert dag_id.endswith("_training")
        return len(run_ids) if self.state_of_runs in states else 0

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def xcom_pull(self, *, task_ids: str, key: str, default: Any, **_: Any) -> Any:
        """A task's result, or one entry of it, as `multiple_outputs` pushes them."""
        if task_ids not in self._results:
            return default
        result = self._results[task_ids]
        return result if key == "return_value" else result.get(key, default)


class KeptEvents(InletEventsAccessor):
    """The events of an asset as a task reads them: from a test's list, where the real one asks the API server."""

    def __init__(self, kept: Sequence[AssetEventResult]) -> None:
        super().__init__(asset_name="any")
        self._kept = kept

    @property
    def _asset_events(self) -> list[AssetEventResult]:  # type: ignore[override]  # it is cached there
        after = dt.datetime.fromisoformat(str(self._after)) if self._after else dt.datetime.min.replace(tzinfo=dt.UTC)
        return [event for event in self._kept if event.timestamp >= after]


class Inlets:
    """What a task may read of assets: the events in `kept`, of those that it has among its inlets."""

    def __init__(self, task: Any, kept: Sequence[AssetEventResult]) -> None:
        self._task, self._kept = task, kept

    def __getitem__(self, asset: Any) -> KeptEvents:
        if self._task is not None and asset not in self._task.inlets:
            raise KeyError(asset)
        return KeptEvents([event for event in self._kept if event.asset.name == asset.name])


def kept_event(asset: str, extra: Mapping[str, Any], run: DagRun) -> AssetEventResult:
    """The event of an asset as Airflow keeps it, that a task of `run` has emitted in its first hour."""
    return AssetEventResult(
        id=1,
        timestamp=run.run_after + dt.timedelta(hours=1),
        extra=dict(extra),
        asset={"name": asset, "uri": f"perennial://{asset.replace(':', '/')}", "group": "perennial"},
        created_dagruns=[],
        source_task_id="task",
        source_dag_id=run.dag_id,
        source_run_id=run.run_id,
        source_map_index=-1,
    )


def task_context(
    *,
    run_type: str = "manual",
    interval: tuple[dt.datetime, dt.datetime] | None = None,
    params: Mapping[str, Any] | None = None,
    dag_id: str = "churn_training",
    run_id: str = "manual__1",
    task: Any = None,
    events: Mapping[Any, Any] | None = None,
    results: Mapping[str, Any] | None = None,
    run_after: dt.datetime = RUN_AFTER,
    attempt: Try | None = None,
    kept: Sequence[AssetEventResult] = (),
) -> dict[str, Any]:
    """What `execute` is given. `kept` are the events that Airflow keeps of assets, the oldest first."""
    start, end = interval or (None, None)
    run = DagRun(
        dag_id=dag_id,
        run_id=run_id,
        logical_date=end,
        data_interval_start=start,
        data_interval_end=end,
        run_after=run_after,
        start_date=None,
        end_date=None,
        run_type=DagRunType(run_type),
        state=DagRunState.RUNNING,
        consumed_asset_events=[],
        partition_key=None,
    )
    instance = RecordingTaskInstance(task, results=results, attempt=attempt)
    instance.dag_id, instance.run_id = dag_id, run_id
    return {
        "dag_run": run,
        "ti": instance,
        "params": dict(params or {}),
        "inlet_events": Inlets(task, kept),
        "outlet_events": OutletEventAccessors(),
        "triggering_asset_events": events or {},
    }


def asset_events(model: str, *extras: Mapping[str, Any]) -> TriggeringAssetEventsAccessor:
    """Requests for a training as the run that serves them meets them: the newest first, so that order is not trusted.

    Args:
        extras: what each request says, the oldest first.
    """
    asset = AssetReferenceAssetEventDagRun(name=f"retrain:{model}", uri=f"perennial://retrain/{model}", extra={})

    def events() -> Iterator[AssetEventDagRunReferenceResult]:
        for minute, extra in reversed(list(enumerate(extras))):
            yield AssetEventDagRunReferenceResult(
                asset=asset,
                extra=dict(extra),
                source_task_id="request_retraining",
                source_dag_id=f"{model}_ingestion",
                source_run_id="r",
                source_map_index=-1,
                source_aliases=[],
                timestamp=dt.datetime(2026, 3, 2, 0, minute, tzinfo=dt.UTC),
            )

    return TriggeringAssetEventsAccessor.build(events())
