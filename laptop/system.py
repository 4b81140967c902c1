"""A whole system: started in order, healthy before anyone uses it, and gone when it is stopped."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from laptop import aws, postgres, processes, record, secrets_file, services, signals, vitals
from laptop import settings as layout
from laptop.airflow_api import AirflowApi
from laptop.errors import LaptopError
from laptop.progress import Steps
from laptop.reaper import KEEP
from laptop.record import Record
from laptop.settings import Addresses, Settings

START_S = 180.0
POLL_S = 0.25


class Starter:
    """Starts the servers of one system and remembers which processes are its own.

    Args:
        outer: the variables of the process that starts it. code_version: what runs (see `include.specs.environment`).
    """

    def __init__(self, settings: Settings, *, token: str, outer: Mapping[str, str], code_version: str) -> None:
        self._settings = settings
        self._token = token
        self._outer = outer
        self._code_version = code_version
        self._secrets = secrets_file.ensure(settings)
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, steps: Steps, *, airflow_port: int, aws_port: int, kept: bool) -> Record:
        """Start everything and wait until it is healthy.

        Raises:
            LaptopError: something does not come up; the message ends with the last lines of its log.
        """
        with steps.step("PostgreSQL"):
            uri = postgres.start(self._settings.database)
        addresses = Addresses(airflow_port=airflow_port, aws_port=aws_port, database_uri=uri)
        running = Record(token=self._token, kept=kept, addresses=addresses)
        record.write(self._settings.record, running)
        self._start_aws(addresses)
        with steps.step("Airflow's tables"):
            self._migrate(addresses)
        since = dt.datetime.now(dt.UTC)
        self._start_airflow(addresses)
        with steps.step("localaws"):
            self._wait("localaws", lambda: services.aws_ready(addresses))
            aws.bootstrap(addresses.aws)
        with steps.step("Airflow"):
            self._wait_for_airflow(addresses, since)
        running = replace(running, process_ids={name: process.pid for name, process in self._started.items()})
        record.write(self._settings.record, running)
        return running

    def _environment(self, addresses: Addresses) -> dict[str, str]:
        return {
            **layout.base_environment(self._outer, self._token),
            **layout.aws_environment(addresses),
            **layout.perennial_environment(addresses, self._code_version),
            **layout.airflow_environment(self._settings, addresses, self._secrets),
        }

    def _launch(self, service: services.Service, environment: Mapping[str, str]) -> None:
        log = self._settings.logs / f"{service.name}.log"
        self._started[service.name] = processes.start(
            service.command, environment=environment, log=log, folder=self._settings.repo
        )

    def _start_aws(self, addresses: Addresses) -> None:
        self._settings.images.write_text(layout.images_file(self._settings))
        environment = layout.base_environment(self._outer, self._token)
        self._launch(services.localaws(self._settings, addresses), environment)

    def _migrate(self, addresses: Addresses) -> None:
        """Bring the tables to this version of Airflow; a database that was is left as it is."""
        version = importlib.metadata.version("apache-airflow")
        stamp = self._settings.database.with_suffix(".migrated")
        if stamp.exists() and stamp.read_text() == version:
            return
        command = services.migration(self._settings)
        self._launch(services.Service(name="migration", command=command), self._environment(addresses))
        if self._started.pop("migration").wait(START_S):
            raise LaptopError(f"`airflow db migrate` failed:\n{self._tail('migration')}")
        stamp.write_text(version)

    def _start_airflow(self, addresses: Addresses) -> None:
        environment = self._environment(addresses)
        for service in services.airflow(self._settings):
            self._launch(service, environment)

    def _wait_for_airflow(self, addresses: Addresses, since: dt.datetime) -> None:
        with AirflowApi(addresses.airflow, password=self._secrets.admin_password) as api:
            self._wait("Airflow's API server", lambda: api.health() is not None)
            api.warm_up()
            self._wait("Airflow", lambda: not services.unready(api.health(), since))

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_S
        while not ready():
            self._refuse_the_dead()
            if time.monotonic() > deadline:
                raise LaptopError(f"{name} was not ready after {START_S:.0f} s; see {self._settings.logs}")
            time.sleep(POLL_S)

    def _refuse_the_dead(self) -> None:
        for name, process in self._started.items():
            if process.poll() is not None:
                raise LaptopError(
                    f"{name} ended with exit code {process.returncode} while starting:\n{self._tail(name)}"
                )

    def _tail(self, name: str) -> str:
        return vitals.log_end(self._settings.logs / f"{name}.log")


def find(settings: Settings) -> Record | None:
    """The system that runs in this state folder; None when none does, whatever an old record says."""
    found = record.read(settings.record)
    return found if found is not None and processes.carrying(found.token) else None


def stop(settings: Settings) -> None:
    """End every process of the system of this state folder. Its state stays."""
    found = record.read(settings.record)
    if found is not None:
        processes.end(processes.carrying(found.token))
        processes.kill_carrying(found.token)
    postgres.stop(settings.database)
    settings.record.unlink(missing_ok=True)


@contextmanager
def guarded(settings: Settings, token: str, *, keep: bool) -> Iterator[None]:
    """While inside, a reaper stands by: should this process be killed, it ends the system.

    Leaving ends the system too, unless it is left in peace and `keep` is set.
    """
    log = settings.logs / "reaper.log"
    reaper = processes.start_reaper(token, settings.database, log=log, folder=settings.repo)
    kept = False
    try:
        yield
        kept = keep
    finally:
        signals.ignore()
        if not kept:
            stop(settings)
        reaper.communicate(KEEP if kept else b"")
