"""Airflow as a person reaches it: REST API v2, with the token that the simple auth manager gives for a password."""

from __future__ import annotations

import datetime as dt
import graphlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

from laptop.errors import LaptopError

# A machine that is busy with a job may keep the API server waiting, and what is no question is asked once.
TIMEOUT_S = 30.0
WARM_UP_S = 60.0
RETRY_PAUSES_S = (0.5, 1.0, 2.0, 4.0)
COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A DAG run, by its two names."""

    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """Where the API has it."""
        return f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run_id}"


@dataclass(frozen=True, kw_only=True)
class TaskState:
    """A task of a run as it is now. Durations are in seconds; `state` is None until it is scheduled."""

    task_id: str
    state: str | None
    duration_s: float | None = None
    started: dt.datetime | None = None
    try_number: int = 0
    map_index: int = -1

    @property
    def label(self) -> str:
        """The task's name, with its index where it is one of several."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


class AirflowApi:
    """A client of one Airflow."""

    def __init__(self, base_url: str, *, password: str, transport: httpx.BaseTransport | None = None) -> None:
        self._password = password
        # A proxy of the person's must not see what goes to this machine.
        self._client = httpx.Client(base_url=base_url, timeout=TIMEOUT_S, trust_env=False, transport=transport)

    def __enter__(self) -> Self:
        """Itself; leaving gives the connections back."""
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def health(self) -> Mapping[str, Mapping[str, Any]] | None:
        """What each component says of itself; None while the API server does not answer."""
        try:
            answer = self._client.get("/api/v2/monitor/health", timeout=2.0)
        except httpx.HTTPError:
            return None
        return answer.json() if answer.is_success else None

    def warm_up(self) -> None:
        """Make the part of the API server that tasks talk to build itself, which takes seconds: its first request does.

        Tasks give up on a request after five seconds and start over.

        Raises:
            LaptopError: it does not answer.
        """
        try:
            self._client.get("/execution/health", timeout=WARM_UP_S)
        except httpx.HTTPError as error:
            told = f"Airflow's API server did not answer GET /execution/health within {WARM_UP_S:.0f} s: {error!r}"
            raise LaptopError(f"{told}; see its log, and try again when the machine has less to do") from error

    def parsed_since(self, dag_id: str, moment: dt.datetime) -> bool:
        """Whether the DAG's file was parsed after `moment`."""
        answer = self._request("GET", f"/api/v2/dags/{dag_id}", missing_ok=True)
        return answer is not None and _time(answer["last_parsed_time"]) >= moment

    def import_errors(self) -> list[str]:
        """What keeps DAG files from being parsed, each with its file's name."""
        found = self._request("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip()}" for error in found]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler start runs of the DAG."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def trigger(
        self,
        dag_id: str,
        *,
        conf: Mapping[str, Any],
        logical_date: dt.datetime | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Start a run by hand, under the name `run_id` or one that Airflow gives it.

        Raises:
            LaptopError: Airflow refuses it, for example because a param breaks its schema; the message says which.
        """
        body = {"logical_date": None if logical_date is None else logical_date.isoformat(), "conf": dict(conf)}
        if run_id is not None:
            body["dag_run_id"] = run_id
        made = self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        return Run(dag_id=dag_id, run_id=made["dag_run_id"])

    def state(self, run: Run) -> str:
        """queued, running, success or failed."""
        return str(self._request("GET", run.path)["state"])

    def fail(self, run: Run) -> None:
        """Mark a run as failed: its tasks are stopped and nothing of it is picked up again."""
        self._request("PATCH", run.path, json={"state": "failed"})

    def tasks(self, run: Run) -> list[TaskState]:
        """The run's tasks, in no particular order."""
        found = self._request("GET", f"{run.path}/taskInstances", params={"limit": 100})["task_instances"]
        return [_task_state(task) for task in found]

    def task_order(self, dag_id: str) -> list[str]:
        """The DAG's tasks, each after those it needs."""
        tasks = self._request("GET", f"/api/v2/dags/{dag_id}/tasks")["tasks"]
        return topological({task["task_id"]: task["downstream_task_ids"] for task in tasks})

    def runs_started_by(self, run: Run) -> list[Run]:
        """The runs that asset events of `run` have started."""
        query = {"source_dag_id": run.dag_id, "source_run_id": run.run_id}
        answer = self._answer("GET", "/api/v2/assets/events", params=query)
        # While a run that an event has just made has no start date yet, Airflow 3.3.1 cannot describe the event.
        if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            return []
        events = _checked(answer)["asset_events"]
        made = {(each["dag_id"], each["run_id"]) for event in events for each in event["created_dagruns"]}
        return [Run(dag_id=dag_id, run_id=run_id) for dag_id, run_id in sorted(made)]

    def xcom(self, run: Run, task_id: str, key: str = "return_value") -> Any:
        """What a task handed on; None when it handed on nothing."""
        path = f"{run.path}/taskInstances/{task_id}/xcomEntries/{key}"
        answer = self._request("GET", path, missing_ok=True, params={"deserialize": "true"})
        return None if answer is None else answer["value"]

    def log_entries(self, run: Run, task: TaskState) -> list[Mapping[str, Any]]:
        """The log of the task's last try: entries with an `event`, and `error_detail` where an exception was logged."""
        path = f"{run.path}/taskInstances/{task.task_id}/logs/{max(task.try_number, 1)}"
        query = {"map_index": task.map_index, "full_content": "true"}
        answer = self._request("GET", path, missing_ok=True, params=query)
        return [] if answer is None else [_entry(entry) for entry in answer["content"]]

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What the API answers to a question that has no method here, None if nothing; `path` begins after its version.

        Raises:
            LaptopError: the API refuses it, or does not answer.
        """
        return self._request(method, f"/api/v2{path}", json=body)

    def _request(self, method: str, path: str, *, missing_ok: bool = False, **arguments: Any) -> Any:
        answer = self._answer(method, path, **arguments)
        if missing_ok and answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return _checked(answer)

    def _answer(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        for pause_s in RETRY_PAUSES_S:
            try:
                return self._client.request(method, path, headers=self._headers(), **arguments)
            except httpx.TransportError as error:
                last = error
                if method != "GET":  # it may have taken effect
                    break
                time.sleep(pause_s)
        raise LaptopError(f"Airflow's API server does not answer {method} {path}: {last!r}") from last

    def _headers(self) -> Mapping[str, str]:
        if "Authorization" not in self._client.headers:
            who = {"username": "admin", "password": self._password}
            token = _checked(self._client.post("/auth/token", json=who))["access_token"]
            self._client.headers["Authorization"] = f"Bearer {token}"
        return {"Accept": "application/json"}


def topological(downstream: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of an acyclic graph, each after all those that lead to it.

    >>> topological({"gate": ["register"], "register": [], "train": ["gate"]})
    ['train', 'gate', 'register']
    """
    sorter = graphlib.TopologicalSorter[str]()
    for name, followers in downstream.items():
        sorter.add(name)
        for follower in followers:
            sorter.add(follower, name)
    return list(sorter.static_order())


def _task_state(task: Mapping[str, Any]) -> TaskState:
    started = task["start_date"]
    return TaskState(
        task_id=task["task_id"],
        state=task["state"],
        duration_s=task["duration"],
        started=None if started is None else _time(started),
        try_number=task["try_number"],
        map_index=task["map_index"],
    )


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _entry(entry: Any) -> Mapping[str, Any]:
    """Lines that Airflow could not parse come as text."""
    return {"event": entry} if isinstance(entry, str) else entry


def _checked(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    asked = f"{answer.request.method} {answer.request.url.path}"
    raise LaptopError(f"Airflow answered {answer.status_code} to {asked}: {_detail(answer)}")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:500]
