"""`run`, `up` and `down`: what each of them does, one step after the other."""

from __future__ import annotations

import datetime as dt
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from laptop import landing, outcome, ports, progress, secrets_file, system, vitals
from laptop.airflow_api import AirflowApi, Run
from laptop.errors import FlowError, LossError
from laptop.flow import Finished, Flow
from laptop.outcome import Outcome
from laptop.progress import Steps
from laptop.record import Record
from laptop.request import RunRequest
from laptop.settings import Settings
from laptop.story import Story

UI_PORT = 8080
AWS_PORT = 4566  # where people expect an AWS emulator


@dataclass(frozen=True, kw_only=True)
class Session:
    """A command as it was given: on which system, from which terminal, with which variables, and when.

    `port` is Airflow's; None leaves it to the command, 0 is any free one.
    """

    settings: Settings
    console: Console
    variables: Mapping[str, str]
    port: int | None = None
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)


@dataclass(frozen=True, kw_only=True)
class InUse:
    """A running system, and the moment since which its Airflow has read the DAG files as they are."""

    record: Record
    since: dt.datetime


def up(session: Session) -> None:
    """Start the system, or find it running and well, and say where it is."""
    running = _kept(session)
    if running is None:
        port = ports.required(UI_PORT if session.port is None else session.port)
        with _fresh(session, Steps(session.console), airflow_port=port, keep=True) as fresh:
            running = fresh.record
    password = secrets_file.ensure(session.settings).admin_password
    for line in (
        f"Airflow  {running.addresses.airflow}  user admin, password {password}",
        f"AWS      {running.addresses.aws}  (AWS_ENDPOINT_URL; any keys)",
        f"Logs     {session.settings.logs}",
    ):
        session.console.print(line, soft_wrap=True)


def down(session: Session) -> None:
    """Stop the system; what it has stored stays."""
    if system.find(session.settings) is None:
        session.console.print("nothing was running")
    with Steps(session.console).step("stop"):
        system.stop(session.settings)


def run(session: Session, request: RunRequest) -> None:
    """Run the flow of `request`, on the system that runs or on one of its own, and print what came of it.

    Raises:
        FlowError: the flow did not do its work.
        LossError: a process of the system has ended meanwhile.
    """
    begun, steps = time.monotonic(), Steps(session.console)
    with _in_use(session, steps) as used, _naming_a_loss(session, used):
        password = secrets_file.ensure(session.settings).admin_password
        with AirflowApi(used.record.addresses.airflow, password=password) as api:
            flow = _flow(session, used, api, request)
            finished = _through(session, steps, flow, request, used)
            came = _outcome(session, used, api, request, finished[-1].run)
            outcome.show(session.console, came, model=request.spec.name)
            if request.scenario is not None:
                finished += _watched(session, steps, flow, request, used, came)
    total_s = time.monotonic() - begun
    told = outcome.times(steps.durations_s, finished, total_s, width=session.console.width)
    session.console.print(told, soft_wrap=True)


def _flow(session: Session, used: InUse, api: AirflowApi, request: RunRequest) -> Flow:
    def check() -> None:
        vitals.refuse_a_loss(session.settings, used.record)

    return Flow(api=api, spec=request.spec, board=progress.board(session.console), check=check)


@contextmanager
def _naming_a_loss(session: Session, used: InUse) -> Iterator[None]:
    """What goes wrong because a process of the system has ended is told as that."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, LossError) and (lost := vitals.loss(session.settings, used.record)):
            raise LossError(lost) from error
        raise


def _kept(session: Session) -> Record | None:
    """The system of `make up`; None when there is none. One that is not well is stopped: there is none then."""
    running = system.find(session.settings)
    if running is None or not running.kept:
        return None
    with session.console.status("looking after the running system"):
        problem = vitals.ailment(session.settings, running)
    if problem is None:
        return running
    told = f"the system at {running.addresses.airflow} is not well, and is started afresh: {problem}"
    session.console.print(told, soft_wrap=True)
    system.stop(session.settings)
    return None


@contextmanager
def _in_use(session: Session, steps: Steps) -> Iterator[InUse]:
    """The system of `make up`, or one of our own for as long as we need it."""
    running = _kept(session)
    if running is not None:
        session.console.print(f"using the system at {running.addresses.airflow}", soft_wrap=True)
        yield InUse(record=running, since=vitals.LONG_AGO)
        return
    airflow_port = ports.free(UI_PORT if session.port is None else session.port)
    with _fresh(session, steps, airflow_port=airflow_port, keep=False) as fresh:
        yield fresh


@contextmanager
def _fresh(session: Session, steps: Steps, *, airflow_port: int, keep: bool) -> Iterator[InUse]:
    settings, token, since = session.settings, uuid.uuid4().hex, session.clock()
    system.stop(settings)  # what a killed command may have left
    with system.guarded(settings, token, keep=keep):
        version = code_version(settings.repo)
        starter = system.Starter(settings, token=token, outer=session.variables, code_version=version)
        # Who wants any port for Airflow wants none that is known: two that start at a time would both find that free.
        aws_port = ports.free(0 if session.port == 0 else AWS_PORT)
        record = starter.start(steps, airflow_port=airflow_port, aws_port=aws_port, kept=keep)
        yield InUse(record=record, since=since)


@contextmanager
def _cancelled_on_failure(flow: Flow) -> Iterator[None]:
    """What is unfinished when the block fails or is interrupted does not go on alone."""
    try:
        yield
    except BaseException:
        flow.cancel()
        raise


def _through(session: Session, steps: Steps, flow: Flow, request: RunRequest, used: InUse) -> tuple[Finished, ...]:
    """Data in, ingestion, training."""
    date = session.clock().date()
    with steps.step("data"), landing.delivery(session.settings, request.spec, request.data) as delivered:
        key = landing.land(used.record.addresses.aws, request.spec.name, date, delivered)
    session.console.print(f"  {key}\n  {delivered.origin}", soft_wrap=True)
    with _cancelled_on_failure(flow):
        with steps.step("DAG files"):
            flow.wait_until_parsed(used.since)
        ingested = flow.ingest(date, request.params)
        return ingested, flow.train(ingested.run, request.params)


def _watched(
    session: Session, steps: Steps, flow: Flow, request: RunRequest, used: InUse, came: Outcome
) -> tuple[Finished, ...]:
    """A week of made-up traffic, looked at until that has asked for a training; then that training."""
    story = Story(session.settings, used.record.addresses.aws, request.spec, session.console, flow=request.flow)
    with steps.step("traffic"):
        until = story.until(session.clock())
        dates = story.looks(story.begin(came.version, scenario=str(request.scenario), until=until))
    watched: list[Finished] = []
    with _cancelled_on_failure(flow):
        for date in dates:
            watched.append(flow.watch(date, flow=request.flow))
            story.tell(date)
            if retrained := flow.retrain(watched[-1]):
                story.end(_outcome(session, used, flow.api, request, retrained.run))
                return (*watched, retrained)
    story.end(None)
    return tuple(watched)


def _outcome(session: Session, used: InUse, api: AirflowApi, request: RunRequest, trained: Run) -> Outcome:
    slug = api.xcom(trained, "resolve", key="run")  # the name in S3 that the run gave itself
    if not isinstance(slug, str):
        raise FlowError(f"task resolve of {trained.run_id} was expected to hand on `run`, got {slug!r}")
    reports_folder = session.settings.reports / request.spec.name / slug
    return outcome.read(
        used.record.addresses.aws, trained, model=request.spec.name, slug=slug, reports_folder=reports_folder
    )


def code_version(repo: Path) -> str:
    """The commit that runs, marked `-dirty` where files differ from it; `unknown` outside a git checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        asked = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return asked.stdout.strip() or "unknown"
