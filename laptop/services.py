"""The servers of a system as commands: what each is started with, and when it is ready."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from laptop.airflow_api import COMPONENTS
from laptop.settings import HOST, Addresses, Settings

# What `airflow standalone` starts, without its two log servers: these listen on every interface of the machine, on
# fixed ports, and no setting changes that. On one machine the API server reads the log files themselves.
AIRFLOW_PROCESSES: Mapping[str, tuple[str, ...]] = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}


@dataclass(frozen=True, kw_only=True)
class Service:
    """A process to start, named as its log file is."""

    name: str
    command: tuple[str, ...]


def localaws(settings: Settings, addresses: Addresses) -> Service:
    """AWS for this machine."""
    where = ("--host", HOST, "--port", str(addresses.aws_port))
    what = ("--data-dir", str(settings.aws_data), "--images", str(settings.images))
    return Service(name="localaws", command=(str(settings.python), "-m", "localaws", *where, *what))


def airflow(settings: Settings) -> tuple[Service, ...]:
    """Airflow's processes."""
    program = (str(settings.python), "-m", "airflow")
    return tuple(Service(name=name, command=(*program, name, *options)) for name, options in AIRFLOW_PROCESSES.items())


def migration(settings: Settings) -> tuple[str, ...]:
    """The command that brings Airflow's tables to this version."""
    return (str(settings.python), "-m", "airflow", "db", "migrate")


def aws_ready(addresses: Addresses) -> bool:
    """Whether localaws answers."""
    try:
        return httpx.get(f"{addresses.aws}/_localaws/health", timeout=2.0, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def unready(health: Mapping[str, Mapping[str, Any]] | None, since: dt.datetime) -> list[str]:
    """The components of Airflow that are not at work yet.

    Airflow calls a component healthy for half a minute after its last heartbeat, so one before `since` proves nothing.

    >>> unready({"metadatabase": {"status": "healthy"}}, dt.datetime.now(dt.UTC))
    ['scheduler', 'dag_processor', 'triggerer']
    """
    if health is None:
        return ["api_server"]
    return [name for name in COMPONENTS if not _at_work(name, health.get(name) or {}, since)]


def _at_work(name: str, says: Mapping[str, Any], since: dt.datetime) -> bool:
    heartbeat = says.get(f"latest_{name}_heartbeat")
    fresh = name == "metadatabase" or (heartbeat is not None and dt.datetime.fromisoformat(heartbeat) >= since)
    return says.get("status") == "healthy" and fresh
