"""A real Airflow and a localaws apart from it, whose processes can be killed and started again one by one."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
from sqlalchemy import create_engine, text

from laptop import aws, ports, postgres, processes, secrets_file, services
from laptop import settings as layout
from laptop.airflow_api import AirflowApi, Run, TaskState
from laptop.settings import TOPIC_PREFIX, Addresses, Settings
from tests.faults import workers
from tests.faults.cloud import DAY, Cloud, images

REPO = Path(__file__).parents[2]
DAGS = Path(__file__).parent / "dags"
MODELS = ("small", "slow", "impatient", "daily", "bygone", "asking")
# How many days are made up that a daily flow has missed.
CATCH_UP = 5
# What Airflow takes minutes to notice by default, it is to notice within the patience of a test.
NOTICING = {
    "CORE__DAGS_FOLDER": str(DAGS),
    "CORE__PARALLELISM": "12",
    "CORE__KILLED_TASK_CLEANUP_TIME": "20",
    # No DAG file changes, and several systems side by side need the processors.
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "8",
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "4",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "12",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "SCHEDULER__TASK_QUEUED_TIMEOUT": "20",
    "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    "PERENNIAL__RETRY_PACE": "0.02",
    "PERENNIAL__CATCH_UP": str(CATCH_UP),
}
# For whatever must come: many times what it takes. What runs beside a test may take most of the processors.
PATIENCE_S = 300.0


@dataclass(kw_only=True)
class RealAirflow(Cloud):
    """The processes of one system, by name: localaws, api-server, scheduler, dag-processor, triggerer."""

    environment: Mapping[str, str]
    token: str
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _starts: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def start(self, name: str, **options: str) -> None:
        """Start one of the processes; `options` are Airflow options that differ from the system's.

        A number after its name, as in `triggerer-2`, makes it one more of its kind.
        """
        changed = {f"AIRFLOW__{key}": value for key, value in options.items()}
        log = self.settings.logs / f"{next(self._starts):03d}-{name}.log"
        command = self._commands()[name.rstrip("-0123456789")]
        self.running[name] = processes.start(command, environment={**self.environment, **changed}, log=log, folder=REPO)

    def kill(self, name: str) -> None:
        """SIGKILL one of the processes, and nothing that it has started and that still does something for a task.

        What a dead scheduler's executor leaves idle waits for work for ever, a dozen processes each time; where it runs
        in a container of its own, they go with it. So does what carries out a triggerer's triggers.
        """
        children = psutil.Process(self.running[name].pid).children() if name == "triggerer" else []
        self.running[name].kill()
        self.running[name].wait()
        processes.kill(children)
        if name == "scheduler":
            processes.kill(workers.idle(self.token))

    def start_the_dead(self) -> None:
        """Start what has ended again; whatever asks Airflow next is answered, at once."""
        for name, process in self.running.items():
            if process.poll() is not None:
                self.start(name)
        until(lambda: self.api.health() is not None, of="the API server")
        self.api.warm_up()

    def restart(self, name: str, **options: str) -> None:
        """Kill it, and start it again."""
        self.kill(name)
        self.start(name, **options)

    @contextlib.contextmanager
    def holding_slots(self) -> Iterator[None]:
        """Meanwhile tasks that begin wait for their jobs in their workers; the DAG file looks for this mark."""
        mark = self.settings.airflow_home / "holding_slots"
        mark.touch()
        try:
            yield
        finally:
            mark.unlink()

    def workers(self) -> list[psutil.Process]:
        """The processes that carry out a task now, worker and runner of each."""
        return workers.at_work(self.token)

    def runner(self, job: str) -> psutil.Process:
        """The process of the try that waits for a training job in its worker."""
        return workers.runner(self.token, self.owner(job))

    def until_idle(self) -> None:
        """Wait until no task is carried out, so that nothing more comes of those that were."""
        until(lambda: not self.workers(), of="the workers to have nothing to do")

    def kill_workers(self) -> int:
        """SIGKILL whatever carries out a task now; how many processes that were."""
        found = self.workers()
        processes.kill(found)
        return len(found)

    def until_looked_at(self, job: str) -> None:
        """Wait until somebody who waits for the job has looked at it, and has come back to look again."""
        known = self.looks(job)
        until(lambda: self.looks(job) >= known + 2, of=f"somebody to look at {job}")

    def airflow(self, *arguments: str) -> str:
        """What a command of Airflow's own says."""
        command = (str(self.settings.python), "-m", "airflow", *arguments)
        done = subprocess.run(command, env=self.environment, cwd=REPO, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def runs(self, dag_id: str, **query: str) -> list[dict[str, Any]]:
        """All runs of a DAG."""
        found: list[dict[str, Any]] = []
        while True:
            page = urlencode({"limit": "100", "offset": str(len(found)), **query})
            answer = self.api.ask("GET", f"/dags/{dag_id}/dagRuns?{page}")
            found.extend(answer["dag_runs"])
            if not answer["dag_runs"] or len(found) >= answer["total_entries"]:
                return found

    @cached_property
    def api(self) -> AirflowApi:
        """Airflow as a person uses it, who signs in once."""
        return AirflowApi(self.addresses.airflow, password=secrets_file.ensure(self.settings).admin_password)

    def ingest(self, *names: str, date: dt.date = DAY) -> None:
        """Have a day's partition of each of these models in the lake."""
        for name in names:
            self.land(name, date)
        runs = [self.api.trigger(f"{name}_ingestion", conf={"date": date.isoformat()}) for name in names]
        for run in runs:
            self.until_ended(run)

    def train(self, name: str) -> Run:
        """Ask for a training; it has then not begun."""
        return self.api.trigger(f"{name}_training", conf={})

    def outlast(self, run: Run) -> None:
        """Have a run begun a day earlier, longer ago than any may take: Airflow's clock cannot be put forward."""
        earlier = text(
            "UPDATE dag_run SET start_date = start_date - :day WHERE dag_id = :dag_id AND run_id = :run_id RETURNING id"
        )
        with create_engine(self.addresses.database_uri).begin() as database:
            database.execute(earlier, {"day": dt.timedelta(days=1), "dag_id": run.dag_id, "run_id": run.run_id}).one()

    def clear(self, run: Run, task_id: str) -> None:
        """Have a task and all after it done again, as a person does in the UI."""
        what = {"dag_run_id": run.run_id, "task_ids": [task_id], "include_downstream": True}
        how = {"dry_run": False, "only_failed": False, "reset_dag_runs": True}
        self.api.ask("POST", f"/dags/{run.dag_id}/clearTaskInstances", what | how)

    def state(self, run: Run) -> str:
        """What has become of a run."""
        return self.api.state(run)

    def tasks(self, run: Run) -> dict[str, TaskState]:
        """The tasks of a run, by id."""
        return {task.task_id: task for task in self.api.tasks(run)}

    def until_ended(self, run: Run, *, expected: str = "success") -> None:
        """Wait until a run has ended, as it was expected to."""
        until(lambda: self.state(run) in ("success", "failed"), of=f"{run.run_id} to end", every_s=1)
        found = {task_id: task.state for task_id, task in self.tasks(run).items()}
        assert self.state(run) == expected, (run, found, self.settings.logs)

    def until_job(self, name: str, step: str, status: str = "InProgress") -> str:
        """Wait until the model has a job of `step` with that status; its name."""

        def found() -> list[str]:
            return [job for job, has in self.jobs(name).items() if f"-{step}-" in job and has == status]

        until(lambda: bool(found()), of=f"a job {name}-{step}-… that is {status}")
        return found()[0]

    def _commands(self) -> dict[str, tuple[str, ...]]:
        every = (services.localaws(self.settings, self.addresses), *services.airflow(self.settings))
        return {service.name: service.command for service in every}


def until(holds: Callable[[], bool], *, seconds: float = PATIENCE_S, of: str, every_s: float = 0.5) -> None:
    """Wait until it holds; a request that fails meanwhile is asked again, since servers are killed here.

    Asking costs: at four times a second the tests' own questions were nearly half of what the API server did.
    """
    deadline = time.monotonic() + seconds
    while not _holds(holds):
        assert time.monotonic() < deadline, f"waited {seconds} s for {of}"
        time.sleep(every_s)


def _holds(holds: Callable[[], bool]) -> bool:
    with contextlib.suppress(Exception):
        return holds()
    return False


@contextlib.contextmanager
def real_airflow(**options: str) -> Iterator[RealAirflow]:
    """A system of its own, at work; all of it is gone afterwards."""
    # Not pytest's own temporary folder: PostgreSQL's socket must have a short path.
    state = Path(tempfile.mkdtemp(prefix="perennial-faults-"))
    settings = Settings(repo=REPO, state=state, python=Path(sys.executable))
    token = uuid.uuid4().hex
    reaper = processes.start_reaper(token, settings.database, log=settings.logs / "reaper.log", folder=REPO)
    try:
        system = _started(settings, token, options)
        yield system
    finally:
        processes.kill_carrying(token)
        postgres.stop(settings.database)
        reaper.communicate(b"")
        if not os.environ.get("KEEP_FAULT_LOGS"):
            shutil.rmtree(state, ignore_errors=True)


def _started(settings: Settings, token: str, options: Mapping[str, str]) -> RealAirflow:
    uri = postgres.start(settings.database)
    addresses = Addresses(airflow_port=ports.free(0), aws_port=ports.free(0), database_uri=uri)
    environment = {
        **layout.base_environment(os.environ, token),
        **layout.aws_environment(addresses),
        **layout.perennial_environment(addresses, "faults"),
        **layout.airflow_environment(settings, addresses, secrets_file.ensure(settings)),
        **{f"AIRFLOW__{name}": value for name, value in {**NOTICING, **options}.items()},
    }
    settings.images.write_text(images(settings))
    system = RealAirflow(settings=settings, addresses=addresses, environment=environment, token=token)
    system.start("localaws")
    log = settings.logs / "migration.log"
    migrate = processes.start(services.migration(settings), environment=environment, log=log, folder=REPO)
    assert migrate.wait(PATIENCE_S) == 0, log.read_text()
    since = dt.datetime.now(dt.UTC)
    for name in services.AIRFLOW_PROCESSES:
        system.start(name)
    until(lambda: services.aws_ready(addresses), of="localaws")
    aws.bootstrap(addresses.aws)
    for name in (*MODELS, "away"):
        system.client("sns").create_topic(Name=TOPIC_PREFIX.rsplit(":", 1)[1] + name)
    api = system.api
    until(lambda: api.health() is not None, of="the API server")
    api.warm_up()
    until(lambda: not services.unready(api.health(), since), of="Airflow")
    for name in MODELS:
        until(lambda name=name: api.parsed_since(f"{name}_training", since), of=f"the DAGs of {name}")
    for name, flow in itertools.product(MODELS, ("training", "ingestion")):
        api.unpause(f"{name}_{flow}")
    return system
