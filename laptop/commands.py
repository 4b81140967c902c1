"""`run`, `up` and `down`: what each of them does, one after the other."""

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

from laptop import landing, outcome, ports, progress, secrets_file, system
from laptop.airflow_api import AirflowApi
from laptop.errors import FlowFailed
from laptop.flow import Finished, Flow
from laptop.outcome import Outcome
from laptop.progress import Steps
from laptop.record import Record
from laptop.request import RunRequest
from laptop.settings import Settings

UI_PORT = 8080
AWS_PORT = 4566  # where people expect an AWS emulator
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Where a command is given: the console it answers on, its variables, and the time."""

    console: Console
    variables: Mapping[str, str]
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)


def up(settings: Settings, terminal: Terminal, *, port: int | None) -> None:
    """Start the system, or find it running, and say where it is."""
    running = system.find(settings)
    if running is None or not running.kept:
        running = _start_kept(settings, terminal, airflow_port=ports.required(UI_PORT if port is None else port or ports.free()))
    password = secrets_file.ensure(settings).admin_password
    for line in (
        f"Airflow  {running.addresses.airflow}  user admin, password {password}",
        f"AWS      {running.addresses.aws}  (AWS_ENDPOINT_URL; any keys)",
        f"Logs     {settings.logs}",
    ):
        terminal.console.print(line, soft_wrap=True)


def _start_kept(settings: Settings, terminal: Terminal, *, airflow_port: int) -> Record:
    system.stop(settings)
    token = uuid.uuid4().hex
    with system.guarded(settings, token, keep=True):
        return _starter(settings, terminal, token).start(
            Steps(terminal.console), airflow_port=airflow_port, aws_port=ports.free(AWS_PORT), kept=True
        )


def down(settings: Settings, terminal: Terminal) -> None:
    """Stop the system; what it has stored stays."""
    if system.find(settings) is None:
        terminal.console.print("nothing is running")
    with Steps(terminal.console).step("stop"):
        system.stop(settings)


def run(settings: Settings, terminal: Terminal, request: RunRequest, *, port: int | None) -> None:
    """Run the flow of `request`, on the system that runs or on one of its own, and print what came of it.

    Raises:
        FlowFailed: the flow did not do its work.
    """
    begun = time.monotonic()
    steps = Steps(terminal.console)
    with _system(settings, terminal, steps, port=port) as (running, since):
        password = secrets_file.ensure(settings).admin_password
        api = AirflowApi(running.addresses.airflow, password=password)
        flow = Flow(api=api, spec=request.spec, board=progress.board(terminal.console))
        try:
            finished = _through(flow, settings, terminal, steps, request, running, since)
        except BaseException:
            flow.cancel()
            raise
        came = _outcome(flow, settings, running, finished[-1])
    outcome.show(terminal.console, came, model=request.spec.name)
    terminal.console.print(outcome.times(steps.durations_s, finished, time.monotonic() - begun))


@contextmanager
def _system(
    settings: Settings, terminal: Terminal, steps: Steps, *, port: int | None
) -> Iterator[tuple[Record, dt.datetime]]:
    """A running system, and the moment since which it has read the DAG files as they are."""
    running = system.find(settings)
    if running is not None and running.kept:
        terminal.console.print(f"using the system at {running.addresses.airflow}", soft_wrap=True)
        yield running, LONG_AGO
        return
    system.stop(settings)  # what a killed command may have left
    token, since = uuid.uuid4().hex, terminal.clock()
    airflow_port = ports.free(UI_PORT if port is None else port)
    with system.guarded(settings, token, keep=False):
        starter = _starter(settings, terminal, token)
        yield starter.start(steps, airflow_port=airflow_port, aws_port=ports.free(AWS_PORT), kept=False), since


def _through(
    flow: Flow,
    settings: Settings,
    terminal: Terminal,
    steps: Steps,
    request: RunRequest,
    running: Record,
    since: dt.datetime,
) -> tuple[Finished, Finished]:
    date = terminal.clock().date()
    with steps.step("data"), landing.delivery(settings, request.spec, request.data) as delivered:
        key = landing.land(running.addresses.aws, request.spec.name, date, delivered)
    terminal.console.print(f"  {key}: {delivered.origin}", soft_wrap=True)
    with steps.step("DAGs"):
        flow.wait_until_parsed(since)
    ingested = flow.ingest(date, request.params)
    return ingested, flow.train(ingested.run, request.params)


def _outcome(flow: Flow, settings: Settings, running: Record, trained: Finished) -> Outcome:
    resolved = flow.api.xcom(trained.run, "resolve")
    if not isinstance(resolved, dict) or "run" not in resolved:
        raise FlowFailed(f"task resolve of {trained.run.run_id} was expected to return its run's name, got {resolved!r}")
    return outcome.read(
        running.addresses.aws,
        trained.run,
        model=flow.spec.name,
        slug=resolved["run"],
        reports_folder=settings.reports,
    )


def _starter(settings: Settings, terminal: Terminal, token: str) -> system.Starter:
    version = code_version(settings.repo)
    return system.Starter(settings, token=token, outer=terminal.variables, code_version=version)


def code_version(repo: Path) -> str:
    """The commit that runs, marked `-dirty` where files differ from it; `unknown` outside a git checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        asked = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return asked.stdout.strip() or "unknown"
