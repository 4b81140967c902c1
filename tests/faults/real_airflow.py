"""A real Airflow and a localaws apart from it, whose processes can be killed and started again one by one."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
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
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import psutil
from perennial import naming
from perennial.hooks.jobs import OWNER_TAG, tags_in

from include.specs import codec, s3_layout
from include.specs.catalog import model
from laptop import aws, landing, ports, postgres, processes, secrets_file, services
from laptop import settings as layout
from laptop.airflow_api import AirflowApi, Run, TaskState
from laptop.settings import BUCKET, TOPIC_PREFIX, Addresses, Settings
from tests.faults import workers
from tests.shared.inbox import inbox

REPO = Path(__file__).parents[2]
DAGS = Path(__file__).parent / "dags"
HELD_JOB = Path(__file__).parent / "held_job"
MODELS = ("small", "slow", "impatient", "daily", "bygone", "asking")
DAY = dt.date(2026, 3, 1)
# How many days are made up that a daily flow has missed.
CATCH_UP = 5
# What Airflow takes minutes to notice by default, it is to notice within the patience of a test.
NOTICING = {
    "CORE__DAGS_FOLDER": str(DAGS),
    "CORE__PARALLELISM": "12",
    "CORE__KILLED_TASK_CLEANUP_TIME": "20",
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
START_S = 120.0


@dataclass
class RealAirflow:
    """The processes of one system, by name: localaws, api-server, scheduler, dag-processor, triggerer."""

    settings: Settings
    addresses: Addresses
    environment: Mapping[str, str]
    token: str
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)
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
        """SIGKILL one of the processes, and nothing that it has started and that still does something.

        What a dead scheduler's executor leaves idle waits for work for ever, a dozen processes each time; where it runs
        in a container of its own, they go with it.
        """
        self.running[name].kill()
        self.running[name].wait()
        if name == "scheduler":
            processes.kill(workers.idle(self.token))

    def start_the_dead(self) -> None:
        """Start what has ended again; whatever asks Airflow next is answered."""
        for name, process in self.running.items():
            if process.poll() is not None:
                self.start(name)
        until(lambda: self.api.health() is not None, seconds=START_S, of="the API server")

    def restart(self, name: str, **options: str) -> None:
        """Kill it, and start it again."""
        self.kill(name)
        self.start(name, **options)

    def workers(self) -> list[psutil.Process]:
        """The processes that carry out a task now, worker and runner of each."""
        return workers.at_work(self.token)

    def kill_workers(self) -> int:
        """SIGKILL whatever carries out a task now; how many processes that were."""
        found = self.workers()
        processes.kill(found)
        return len(found)

    def client(self, service: str) -> Any:
        """AWS as others than the flows use it. One of each is kept: to make it takes longer than to ask."""
        if service not in self._clients:
            self._clients[service] = aws.client(service, self.addresses.aws)
        return self._clients[service]

    def switch_on(self, kind: str, **fault: Any) -> str:
        """Have localaws do it (see its README); the id of the fault."""
        answer = httpx.post(f"{self.addresses.aws}/_localaws/faults", json={"kind": kind, **fault}, trust_env=False)
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        return str(answer.json()["id"])

    def switch_off(self) -> None:
        """End all faults."""
        httpx.delete(f"{self.addresses.aws}/_localaws/faults", trust_env=False)

    def hits(self) -> int:
        """How often the faults that are on were met."""
        answer = httpx.get(f"{self.addresses.aws}/_localaws/faults", trust_env=False)
        return sum(fault["hits"] for fault in answer.json()["faults"])

    def hold(self, name: str) -> None:
        """Let no training job of the model `name` get to its work, until it is released; it can be stopped."""
        (_held(self.settings) / f"{name}-train").touch()

    def release(self) -> None:
        """Let all jobs go on."""
        for held in _held(self.settings).iterdir():
            held.unlink()

    def looks(self, job: str) -> int:
        """How often somebody has been told what has become of a job."""
        query = {"operation": "Describe*Job", "name": job, "took_effect": "true"}
        answer = httpx.get(f"{self.addresses.aws}/_localaws/calls", params=query, trust_env=False)
        return len(answer.json()["calls"])

    def until_looked_at(self, job: str) -> None:
        """Wait until somebody who waits for the job has looked at it, and has come back to look again."""
        known = self.looks(job)
        until(lambda: self.looks(job) >= known + 2, seconds=60, of=f"somebody to look at {job}")

    def owner(self, job: str) -> str:
        """Which try of its task a training job belongs to."""
        sagemaker = self.client("sagemaker")
        arn = sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobArn"]
        return tags_in(sagemaker.list_tags(ResourceArn=arn))[OWNER_TAG]

    def listen(self, name: str, queue: str) -> Callable[[], list[dict[str, Any]]]:
        """Have a queue hear what the topic of the model `name` is told from now on; what it gives tells all news."""
        heard = inbox(self.client, [TOPIC_PREFIX + name], queue=queue)
        # What came since a turn before, which had the same queue.
        heard.take()
        return lambda: [json.loads(json.loads(envelope)["Message"]) for envelope in heard.take()]

    def jobs(self, name: str) -> dict[str, str]:
        """Every job ever started for the model `name`: job → status."""
        sagemaker, found = self.client("sagemaker"), {}
        for noun in ("Training", "Processing"):
            pages = sagemaker.get_paginator(f"list_{noun.lower()}_jobs").paginate(NameContains=f"{name}-")
            for page in pages:
                for job in page[f"{noun}JobSummaries"]:
                    found[job[f"{noun}JobName"]] = job[f"{noun}JobStatus"]
        return found

    def versions(self, name: str) -> list[dict[str, Any]]:
        """The registered versions of a model, described; none where there is no group yet."""
        sagemaker = self.client("sagemaker")
        with contextlib.suppress(sagemaker.exceptions.ClientError):
            listed = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name)
            summaries = [each for page in listed for each in page["ModelPackageSummaryList"]]
            return [sagemaker.describe_model_package(ModelPackageName=each["ModelPackageArn"]) for each in summaries]
        return []

    def land(self, name: str, date: dt.date = DAY, *, rows: int = 1000) -> None:
        """Drop a day's file of so many made-up rows for the model `name`."""
        body = "".join(self._lines[: rows + 1]).encode()
        self.client("s3").put_object(Bucket=BUCKET, Key=self.landed(name, date), Body=body)

    def landed(self, name: str, date: dt.date) -> str:
        """The key of such a file."""
        return s3_layout.landing(name, date) + "rows.csv"

    @cached_property
    def _lines(self) -> list[str]:
        """A file of made-up churn rows, header first."""
        with landing.delivery(self.settings, model("churn"), None) as delivered:
            return delivered.file.read_text().splitlines(keepends=True)

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

    def until_ended(self, run: Run, *, seconds: float = 240, expected: str = "success") -> None:
        """Wait until a run has ended, as it was expected to."""
        until(lambda: self.state(run) in ("success", "failed"), seconds=seconds, of=f"{run.run_id} to end")
        found = {task_id: task.state for task_id, task in self.tasks(run).items()}
        assert self.state(run) == expected, (run, found, self.settings.logs)

    def until_job(self, name: str, step: str, status: str = "InProgress", *, seconds: float = 90) -> str:
        """Wait until the model has a job of `step` with that status; its name."""

        def found() -> list[str]:
            return [job for job, has in self.jobs(name).items() if f"-{step}-" in job and has == status]

        until(lambda: bool(found()), seconds=seconds, of=f"a job {name}-{step}-… that is {status}")
        return found()[0]

    def read[T](self, cls: type[T], run: Run, file: str) -> T:
        """What a run left in its folder."""
        slug = naming.run_slug(run.dag_id, run.run_id)
        name = run.dag_id.rsplit("_", 1)[0]
        body = self.client("s3").get_object(Bucket=BUCKET, Key=s3_layout.experiment(name, slug) + file)["Body"].read()
        return codec.decode(cls, body, source=file)

    def _commands(self) -> dict[str, tuple[str, ...]]:
        every = (services.localaws(self.settings, self.addresses), *services.airflow(self.settings))
        return {service.name: service.command for service in every}


def until(holds: Callable[[], bool], *, seconds: float, of: str) -> None:
    """Wait until it holds; a request that fails meanwhile is asked again, since servers are killed here."""
    deadline = time.monotonic() + seconds
    while not _holds(holds):
        assert time.monotonic() < deadline, f"waited {seconds} s for {of}"
        time.sleep(0.25)


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


def _held(settings: Settings) -> Path:
    folder = settings.state / "held"
    folder.mkdir(exist_ok=True)
    return folder


def _images(settings: Settings) -> str:
    """The jobs of a laptop, which are held on request."""
    [image] = json.loads(layout.images_file(settings))
    python_path = f"{HELD_JOB}:{image['environment']['PYTHONPATH']}"
    environment = {**image["environment"], "PYTHONPATH": python_path, "HELD_JOBS": str(_held(settings))}
    return json.dumps([{**image, "environment": environment}])


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
    settings.images.write_text(_images(settings))
    system = RealAirflow(settings=settings, addresses=addresses, environment=environment, token=token)
    system.start("localaws")
    log = settings.logs / "migration.log"
    migrate = processes.start(services.migration(settings), environment=environment, log=log, folder=REPO)
    assert migrate.wait(START_S) == 0, log.read_text()
    since = dt.datetime.now(dt.UTC)
    for name in services.AIRFLOW_PROCESSES:
        system.start(name)
    until(lambda: services.aws_ready(addresses), seconds=START_S, of="localaws")
    aws.bootstrap(addresses.aws)
    for name in MODELS:
        system.client("sns").create_topic(Name=TOPIC_PREFIX.rsplit(":", 1)[1] + name)
    api = system.api
    until(lambda: api.health() is not None, seconds=START_S, of="the API server")
    until(lambda: not services.unready(api.health(), since), seconds=START_S, of="Airflow")
    for name in MODELS:
        until(lambda name=name: api.parsed_since(f"{name}_training", since), seconds=60, of=f"the DAGs of {name}")
    for name, flow in itertools.product(MODELS, ("training", "ingestion")):
        api.unpause(f"{name}_{flow}")
    return system
