"""The flow as a person would start it: trigger an ingestion, find the training it asked for, and watch both."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.specs.model import ModelSpec
from laptop.airflow_api import AirflowApi, Run, TaskState
from laptop.errors import FlowError, LaptopError
from laptop.progress import Board

POLL_S = 1.0
PARSED_S = 120.0
# A request starts its training within about two seconds; a busy machine may need longer.
REQUEST_S = 60.0
REASON_LINES = 12
# Ctrl-C is to end soon, also where Airflow is the one that does not answer.
CANCEL_S = 20.0
REQUEST_TASK = "request_retraining"


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that succeeded, with its tasks as they ended."""

    run: Run
    tasks: tuple[TaskState, ...]
    duration_s: float


@dataclass(kw_only=True)
class Flow:
    """One flow of one model through an Airflow. `runs` are those it has started or found, for `cancel`.

    Args:
        check: called at each look while something is waited for; what it raises ends the waiting.
    """

    api: AirflowApi
    spec: ModelSpec
    board: Board
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    check: Callable[[], None] = lambda: None
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    runs: list[Run] = field(default_factory=list)

    @property
    def dag_ids(self) -> tuple[str, str]:
        """The DAGs of the flow."""
        return f"{self.spec.name}_ingestion", f"{self.spec.name}_training"

    def wait_until_parsed(self, since: dt.datetime) -> None:
        """Wait until Airflow has read both DAGs after `since`.

        Raises:
            LaptopError: it cannot; the message is the import error, where there is one.
        """
        wanted = set(self.dag_ids)
        deadline = self.clock() + PARSED_S
        while wanted := {dag_id for dag_id in wanted if not self.api.parsed_since(dag_id, since)}:
            self.check()
            if errors := self.api.import_errors():
                raise LaptopError("Airflow cannot import the DAG files:\n" + "\n".join(errors))
            if self.clock() > deadline:
                raise LaptopError(f"Airflow has not found {sorted(wanted)} after {PARSED_S:.0f} s; is dags/ as it was?")
            self.sleep(POLL_S / 2)

    def ingest(self, date: dt.date, training: Mapping[str, Any]) -> Finished:
        """Ingest the partition of `date` and wait for it. `training` are the params of the training it asks for.

        Raises:
            FlowError: a task failed; the message gives its reason.
        """
        ingestion, training_dag = self.dag_ids
        self.api.unpause(training_dag)
        self.api.unpause(ingestion)
        return self._follow(self._start(ingestion, {"date": date.isoformat(), "training": dict(training)}))

    def train(self, ingested: Run, params: Mapping[str, Any]) -> Finished:
        """Wait for the training that `ingested` asked for; start it where the spec wants none asked for.

        Raises:
            FlowError: a task failed, or the request started no training.
        """
        training_dag = self.dag_ids[1]
        if not self.spec.retrain_on_ingestion:
            return self._follow(self._start(training_dag, params))
        return self._follow(self._requested(ingested))

    def watch(self, date: dt.date, *, flow: str = "drift") -> Finished:
        """Look at `date` and wait for it: its traffic (`drift`), or what labels said by its end (`performance`).

        Raises:
            FlowError: a task failed; the message gives its reason.
        """
        dag_id = f"{self.spec.name}_{flow}"
        self.api.unpause(dag_id)
        return self._follow(self._start(dag_id, {"date": date.isoformat()}))

    def retrain(self, watched: Finished) -> Finished | None:
        """Wait for the training that a day's run asked for; None where it asked for none.

        Raises:
            FlowError: a task failed, or the request started no training.
        """
        if not asks_for_training(watched.tasks):
            return None
        return self._follow(self._requested(watched.run))

    def cancel(self) -> None:
        """Mark what is unfinished as failed, so that a later start does not pick it up. Never raises.

        The trainings that were asked for are a part of it, also those that nobody has found yet.
        """
        deadline = self.clock() + CANCEL_S
        for find in (lambda run: [run], lambda run: self._asked_for(run, deadline)):
            for run in tuple(self.runs):
                if self.clock() < deadline:
                    with contextlib.suppress(Exception):
                        self._fail(find(run))

    def _fail(self, runs: list[Run]) -> None:
        for run in runs:
            if self.api.state(run) not in ("success", "failed"):
                self.api.fail(run)

    def _asked_for(self, run: Run, deadline: float) -> list[Run]:
        """The trainings that a run has asked for; one that the scheduler has yet to start is waited for."""
        while not (found := self._started_by(run)) and asks_for_training(self.api.tasks(run)):
            if self.clock() > deadline:
                break
            self.sleep(POLL_S / 2)
        return found

    def _start(self, dag_id: str, conf: Mapping[str, Any]) -> Run:
        """A run that `cancel` knows of, however its start goes: its name is made here, as Airflow makes names."""
        planned = Run(dag_id=dag_id, run_id=f"manual__{self.now().isoformat()}")
        self.runs.append(planned)
        return self.api.trigger(dag_id, conf=conf, run_id=planned.run_id)

    def _started_by(self, run: Run) -> list[Run]:
        return [found for found in self.api.runs_started_by(run) if found.dag_id == self.dag_ids[1]]

    def _requested(self, ingested: Run) -> Run:
        deadline, dag_id = self.clock() + REQUEST_S, self.dag_ids[1]
        while self.clock() < deadline:
            if found := self._started_by(ingested):
                return found[0]
            self.check()
            self.sleep(POLL_S / 2)
        raise FlowError(
            f"{ingested.dag_id} succeeded, but no run of {dag_id} was started by it within {REQUEST_S:.0f} s; "
            f"see its task {REQUEST_TASK}, and whether {dag_id} is paused or busy"
        )

    def _follow(self, run: Run) -> Finished:
        if run not in self.runs:
            self.runs.append(run)
        begun = self.clock()
        with self.board.section(run.dag_id, self.api.task_order(run.dag_id)) as show:
            while True:
                self.check()
                # The run's state is asked for first, so that the tasks shown last are those it ended with.
                state = self.api.state(run)
                tasks = self.api.tasks(run)
                show(tasks)
                if state in ("success", "failed"):
                    break
                self.sleep(POLL_S)
        if state == "failed":
            raise FlowError(self._reason(run, tasks))
        return Finished(run=run, tasks=tuple(tasks), duration_s=self.clock() - begun)

    def _reason(self, run: Run, tasks: list[TaskState]) -> str:
        failed = [task for task in tasks if task.state == "failed"]
        told = [f"{run.dag_id}.{task.label} failed:\n{self._last_words(run, task)}" for task in failed]
        return "\n".join(told) or f"{run.dag_id} failed, and none of its tasks did; see {run.run_id} in Airflow"

    def _last_words(self, run: Run, task: TaskState) -> str:
        return last_words(self.api.log_entries(run, task))


def asks_for_training(tasks: Iterable[TaskState]) -> bool:
    """Whether the run that these tasks are of has asked for a training."""
    return any(task.task_id == REQUEST_TASK and task.state == "success" for task in tasks)


def last_words(entries: list[Mapping[str, Any]]) -> str:
    """Why a task failed: the exception it ended with, else the last lines of its log.

    >>> last_words([{"event": "start"}, {"event": "Task failed", "error_detail": [
    ...     {"exc_type": "AirflowException", "exc_value": "AlgorithmError: no label"}]}])
    '  AirflowException: AlgorithmError: no label'
    """
    causes = [error for entry in entries for error in entry.get("error_detail") or ()]
    if causes:
        lines = f"{causes[-1].get('exc_type')}: {causes[-1].get('exc_value')}".splitlines()
    else:
        lines = [line for entry in entries for line in str(entry.get("event", "")).splitlines()]
    return "\n".join(f"  {line}" for line in lines[-REASON_LINES:]) or "  (it left no log)"
