"""Vitals: whether every part of a system that was started is still there and does its work."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

from laptop import postgres, processes, services
from laptop.airflow_api import AirflowApi
from laptop.errors import LossError
from laptop.record import Record
from laptop.settings import Settings

# Longer than Airflow's half minute without a heartbeat, and than a server is kept waiting by a machine that is busy.
PATIENCE_S = 60.0
POLL_S = 0.5
LOG_TAIL = 15
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def loss(settings: Settings, running: Record) -> str | None:
    """Which process of the system has ended, with the end of its log; None while all of them are there."""
    for name, process_id in running.process_ids.items():
        if not processes.carries(process_id, running.token):
            return f"{name} has ended:\n{log_end(settings.logs / f'{name}.log')}"
    if postgres.running(settings.database) is None:
        return f"PostgreSQL has ended:\n{log_end(settings.database / 'log')}"
    return None


def refuse_a_loss(settings: Settings, running: Record) -> None:
    """Go on only with a system that is all there.

    Raises:
        LossError: one of its processes has ended; the message names it and ends with the last lines of its log.
    """
    if lost := loss(settings, running):
        raise LossError(lost)


def ailment(settings: Settings, running: Record, *, patience_s: float = PATIENCE_S) -> str | None:
    """What keeps a running system from working; None when it works, which it is given `patience_s` seconds to show."""
    deadline = time.monotonic() + patience_s
    while True:
        if lost := loss(settings, running):
            return lost
        silent = _silent(running)
        if not silent:
            return None
        if time.monotonic() > deadline:
            return f"{', '.join(silent)} did not do their work for {patience_s:.0f} s; see {settings.logs}"
        time.sleep(POLL_S)


def _silent(running: Record) -> list[str]:
    addresses = running.addresses
    aws = [] if services.aws_ready(addresses) else ["localaws"]
    with AirflowApi(addresses.airflow, password="") as api:  # who asks for health needs none
        return aws + services.unready(api.health(), LONG_AGO)


def log_end(log: Path) -> str:
    """The last lines of a log, and where it is."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL:]
    except OSError as error:
        lines = [f"there is no log: {error}"]
    return "\n".join([*lines, f"(from {log})"])
