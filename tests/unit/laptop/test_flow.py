"""The flow: an ingestion, the training it asks for, and what is said when one of them fails."""

import datetime as dt
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from rich.console import Console
from scripted_airflow import Answer, ScriptedAirflow, task

from include.specs import catalog
from laptop.airflow_api import Run
from laptop.errors import FlowError, Interrupted, LaptopError, LossError
from laptop.flow import Flow
from laptop.progress import LineBoard

INGESTION, TRAINING = "/api/v2/dags/churn_ingestion", "/api/v2/dags/churn_training"
DATE = dt.date(2026, 3, 1)
INGESTED = Run(dag_id="churn_ingestion", run_id="i1")


@dataclass
class Clock:
    """Time that passes only while something waits."""

    now_s: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now_s += seconds


def answers(**changes: list[Answer]) -> dict[str, list[Answer]]:
    """An Airflow in which everything succeeds at once."""
    done = {"task_instances": [task("only", "success", duration=1.0)]}
    order = {"tasks": [{"task_id": "only", "downstream_task_ids": []}]}
    started = {"asset_events": [{"created_dagruns": [{"dag_id": "churn_training", "run_id": "t1"}]}]}
    return {
        f"PATCH {INGESTION}": [(200, {})],
        f"PATCH {TRAINING}": [(200, {})],
        f"POST {INGESTION}/dagRuns": [(200, {"dag_run_id": "i1"})],
        f"GET {INGESTION}/tasks": [(200, order)],
        f"GET {TRAINING}/tasks": [(200, order)],
        f"GET {INGESTION}/dagRuns/i1": [(200, {"state": "running"}), (200, {"state": "success"})],
        f"GET {TRAINING}/dagRuns/t1": [(200, {"state": "success"})],
        f"GET {INGESTION}/dagRuns/i1/taskInstances": [(200, done)],
        f"GET {TRAINING}/dagRuns/t1/taskInstances": [(200, done)],
        "GET /api/v2/assets/events": [(200, {"asset_events": []}), (200, started)],
        **changes,
    }


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock of the test's own."""
    return Clock()


def flow(airflow: ScriptedAirflow, clock: Clock, check: Callable[[], None] = lambda: None) -> Flow:
    """A flow of churn through that Airflow."""
    board, spec = LineBoard(Console(file=io.StringIO())), catalog.model("churn")
    return Flow(api=airflow.api(), spec=spec, board=board, sleep=clock.sleep, clock=clock, check=check)


def failing(entries: list[Any]) -> ScriptedAirflow:
    """An Airflow in which the only task of the ingestion fails with that log."""
    failed = {"task_instances": [task("ingest", "failed"), task("publish", "upstream_failed")]}
    path = f"GET {INGESTION}/dagRuns/i1"
    return ScriptedAirflow(
        answers(
            **{
                path: [(200, {"state": "failed"})],
                f"{path}/taskInstances": [(200, failed)],
                f"{path}/taskInstances/ingest/logs/1": [(200, {"content": entries})],
            }
        )
    )


def test_the_training_may_start_before_anything_asks_for_it(clock: Clock) -> None:
    """Both DAGs are unpaused before the ingestion is triggered: a request to a paused DAG is lost."""
    airflow = ScriptedAirflow(answers())
    flow(airflow, clock).ingest(DATE, {})
    asked = [key for key, _ in airflow.asked]
    assert asked.index(f"PATCH {TRAINING}") < asked.index(f"POST {INGESTION}/dagRuns")
    assert airflow.bodies(f"PATCH {INGESTION}") == [{"is_paused": False}]


def test_params_of_the_training_go_with_the_request(clock: Clock) -> None:
    """The ingestion is told the date and what its training is to be given."""
    airflow = ScriptedAirflow(answers())
    flow(airflow, clock).ingest(DATE, {"thresholds": {"roc_auc": 0.99}})
    (body,) = airflow.bodies(f"POST {INGESTION}/dagRuns")
    assert body["conf"] == {"date": "2026-03-01", "training": {"thresholds": {"roc_auc": 0.99}}}


def test_the_training_is_the_one_that_the_ingestion_asked_for(clock: Clock) -> None:
    """It is found by the event of this very ingestion, once that has started it."""
    found = flow(ScriptedAirflow(answers()), clock).train(INGESTED, {})
    assert found.run == Run(dag_id="churn_training", run_id="t1")
    assert [each.state for each in found.tasks] == ["success"]


def test_a_request_that_starts_nothing_is_an_error(clock: Clock) -> None:
    """The wait has an end, and the message says where to look."""
    nothing: list[Answer] = [(200, {"asset_events": []})]
    airflow = ScriptedAirflow(answers(**{"GET /api/v2/assets/events": nothing}))
    with pytest.raises(FlowError, match="no run of churn_training was started by it within 60 s"):
        flow(airflow, clock).train(INGESTED, {})


def test_a_failed_task_is_named_with_its_exception(clock: Clock) -> None:
    """The reason is the exception's, not the log's last line; tasks that only waited for it are not named."""
    error = {"exc_type": "AirflowFailException", "exc_value": "DataContractError: make-run.csv: no column Churn"}
    entries = [{"event": "started"}, {"event": "Task failed", "error_detail": [error]}, {"event": "::endgroup::"}]
    with pytest.raises(FlowError) as caught:
        flow(failing(entries), clock).ingest(DATE, {})
    assert str(caught.value).startswith("churn_ingestion.ingest failed:\n  AirflowFailException: DataContractError")
    assert "publish" not in str(caught.value)
    assert "endgroup" not in str(caught.value)


def test_without_an_exception_the_last_lines_speak(clock: Clock) -> None:
    """A task that was killed has no exception: the end of its log is told, and no more of it."""
    entries = [f"line {number}" for number in range(50)]
    with pytest.raises(FlowError, match="line 49") as caught:
        flow(failing(entries), clock).ingest(DATE, {})
    assert "line 3\n" not in str(caught.value)


def test_a_task_without_a_log_is_named_all_the_same(clock: Clock) -> None:
    """Nothing to tell is told as such."""
    with pytest.raises(FlowError, match=r"ingest failed:\n  \(it left no log\)"):
        flow(failing([]), clock).ingest(DATE, {})


def test_unfinished_runs_are_cancelled(clock: Clock) -> None:
    """What was interrupted is marked failed, so that a later start does not go on with it; the rest is left alone."""
    airflow = ScriptedAirflow(
        answers(
            **{
                f"GET {TRAINING}/dagRuns/t1": [(200, {"state": "running"}), (200, {"state": "failed"})],
                f"PATCH {TRAINING}/dagRuns/t1": [(200, {})],
            }
        )
    )
    interrupted = flow(airflow, clock)
    interrupted.ingest(DATE, {})
    interrupted.runs.append(Run(dag_id="churn_training", run_id="t1"))
    interrupted.cancel()
    assert airflow.bodies(f"PATCH {TRAINING}/dagRuns/t1") == [{"state": "failed"}]
    assert airflow.bodies(f"PATCH {INGESTION}/dagRuns/i1") == []


ASKED: list[Answer] = [(200, {"task_instances": [task("request_retraining", "success", duration=1.0)]})]
UNKNOWN: list[Answer] = [(200, {"asset_events": []})]
STARTED: Answer = (200, {"asset_events": [{"created_dagruns": [{"dag_id": "churn_training", "run_id": "t1"}]}]})


@pytest.mark.parametrize("looks", [1, 4])
def test_a_training_that_is_asked_for_and_not_found_yet_is_cancelled_too(clock: Clock, looks: int) -> None:
    """Whoever interrupts before it is known means it as well, also when the scheduler has yet to start it."""
    scripted = {
        f"GET {INGESTION}/dagRuns/i1/taskInstances": ASKED,
        f"GET {TRAINING}/dagRuns/t1": [(200, {"state": "queued"}), (200, {"state": "failed"})],
        f"PATCH {TRAINING}/dagRuns/t1": [(200, {})],
        "GET /api/v2/assets/events": [*UNKNOWN * looks, STARTED],
    }
    airflow = ScriptedAirflow(answers(**scripted))
    interrupted = flow(airflow, clock)
    ingested = interrupted.ingest(DATE, {})

    def ctrl_c(_: float) -> None:
        interrupted.sleep = clock.sleep
        raise Interrupted(2)

    interrupted.sleep = ctrl_c
    with pytest.raises(Interrupted):
        interrupted.train(ingested.run, {})
    interrupted.cancel()
    assert airflow.bodies(f"PATCH {TRAINING}/dagRuns/t1") == [{"state": "failed"}]


def test_a_training_that_is_never_started_is_not_waited_for_long(clock: Clock) -> None:
    """An interruption ends, whatever Airflow does."""
    scripted = {f"GET {INGESTION}/dagRuns/i1/taskInstances": ASKED, "GET /api/v2/assets/events": UNKNOWN}
    interrupted = flow(ScriptedAirflow(answers(**scripted)), clock)
    interrupted.ingest(DATE, {})
    interrupted.cancel()
    assert clock.now_s < 30


def test_a_run_whose_start_was_not_answered_is_cancelled(clock: Clock) -> None:
    """It has a name of ours: whether it was started is not to be known, and does not matter."""
    name = "manual__2026-03-01T12:00:00+00:00"
    scripted: dict[str, list[Answer]] = {
        f"POST {INGESTION}/dagRuns": [httpx.ReadTimeout("lost")],
        f"GET {INGESTION}/dagRuns/{name}": [(200, {"state": "queued"})],
        f"PATCH {INGESTION}/dagRuns/{name}": [(200, {})],
    }
    airflow = ScriptedAirflow(answers(**scripted))
    lost = flow(airflow, clock)
    lost.now = lambda: dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    with pytest.raises(LaptopError, match="does not answer POST"):
        lost.ingest(DATE, {})
    lost.cancel()
    assert airflow.bodies(f"POST {INGESTION}/dagRuns")[0]["dag_run_id"] == name
    assert airflow.bodies(f"PATCH {INGESTION}/dagRuns/{name}") == [{"state": "failed"}]


@pytest.mark.parametrize(
    "wait",
    [
        lambda it: it.ingest(DATE, {}),
        lambda it: it.train(INGESTED, {}),
        lambda it: it.wait_until_parsed(dt.datetime(2026, 3, 1, tzinfo=dt.UTC)),
    ],
    ids=["for the end of a run", "for a run to be started", "for DAG files to be read"],
)
def test_waiting_ends_when_a_process_has_ended(clock: Clock, wait: Callable[[Flow], object]) -> None:
    """A run whose scheduler is gone stays `running` for ever: whoever waits hears of it at the next look."""
    looks = itertools.count(1)

    def check() -> None:
        if next(looks) == 3:
            raise LossError("scheduler has ended")

    forever = {f"GET {INGESTION}/dagRuns/i1": [(200, {"state": "running"})] * 4 + [(200, {"state": "success"})]}
    forever["GET /api/v2/assets/events"] = [(200, {"asset_events": []})]
    forever["GET /api/v2/importErrors"] = [(200, {"import_errors": []})]
    with pytest.raises(LossError, match="scheduler has ended"):
        wait(flow(ScriptedAirflow(answers(**forever)), clock, check))


def test_dag_files_that_cannot_be_imported_are_told(clock: Clock) -> None:
    """Waiting for a DAG ends with the import error, not with silence."""
    errors = {"import_errors": [{"filename": "dags/training.py", "stack_trace": "SyntaxError: what"}]}
    airflow = ScriptedAirflow({"GET /api/v2/importErrors": [(200, errors)]})
    with pytest.raises(LaptopError, match=r"dags/training\.py: SyntaxError: what"):
        flow(airflow, clock).wait_until_parsed(dt.datetime(2026, 3, 1, tzinfo=dt.UTC))


def test_dags_that_never_come_are_an_error(clock: Clock) -> None:
    """The message names the DAGs that were not found."""
    airflow = ScriptedAirflow({"GET /api/v2/importErrors": [(200, {"import_errors": []})]})
    with pytest.raises(LaptopError, match=r"has not found \['churn_ingestion', 'churn_training'\]"):
        flow(airflow, clock).wait_until_parsed(dt.datetime(2026, 3, 1, tzinfo=dt.UTC))


def watching(request: str, flow: str = "drift") -> dict[str, list[Answer]]:
    """An Airflow whose `flow` ends well, its last task in that state."""
    dag = f"/api/v2/dags/churn_{flow}"
    tasks = {"task_instances": [task(flow, "success", duration=1.0), task("request_retraining", request)]}
    order = {"tasks": [{"task_id": flow, "downstream_task_ids": []}]}
    return answers() | {
        f"PATCH {dag}": [(200, {})],
        f"POST {dag}/dagRuns": [(200, {"dag_run_id": "d1"})],
        f"GET {dag}/tasks": [(200, order)],
        f"GET {dag}/dagRuns/d1": [(200, {"state": "success"})],
        f"GET {dag}/dagRuns/d1/taskInstances": [(200, tasks)],
    }


@pytest.mark.parametrize("which", ["drift", "performance"])
def test_a_day_is_looked_at_by_its_date(clock: Clock, which: str) -> None:
    """The run is told which day; its DAG is switched on."""
    airflow = ScriptedAirflow(watching("skipped", which))
    watched = flow(airflow, clock).watch(DATE, flow=which)
    assert watched.run == Run(dag_id=f"churn_{which}", run_id="d1")
    assert airflow.bodies(f"POST /api/v2/dags/churn_{which}/dagRuns")[0]["conf"] == {"date": "2026-03-01"}
    assert airflow.bodies(f"PATCH /api/v2/dags/churn_{which}") == [{"is_paused": False}]


@pytest.mark.parametrize(("request_", "run_id"), [("success", "t1"), ("skipped", None)])
def test_the_training_that_drift_asked_for_is_followed(clock: Clock, request_: str, run_id: str | None) -> None:
    """Where the request was skipped there is none to wait for."""
    following = flow(ScriptedAirflow(watching(request_)), clock)
    retrained = following.retrain(following.watch(DATE))
    assert (retrained.run.run_id if retrained else None) == run_id
