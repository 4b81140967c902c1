"""What a system's servers are started with, and when they are ready."""

import datetime as dt
from pathlib import Path

from laptop import services
from laptop.settings import Addresses, Settings

SETTINGS = Settings(repo=Path("/repo"), state=Path("/state"), python=Path("/venv/bin/python"))
ADDRESSES = Addresses(airflow_port=8080, aws_port=4566, database_uri="x")
START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def health(**changes: dict[str, str | None]) -> dict[str, dict[str, str | None]]:
    """A healthy Airflow's answer a minute after START, with changes."""
    beat = (START + dt.timedelta(minutes=1)).isoformat()
    components = ("scheduler", "dag_processor", "triggerer")
    beating = {name: {"status": "healthy", f"latest_{name}_heartbeat": beat} for name in components}
    return {"metadatabase": {"status": "healthy"}, **beating, **changes}


def test_all_of_standalone_is_started_and_no_log_server() -> None:
    """The four processes run; none opens a port that other machines can reach."""
    commands = {service.name: service.command for service in services.airflow(SETTINGS)}
    assert set(commands) == {"api-server", "scheduler", "dag-processor", "triggerer"}
    assert all("--skip-serve-logs" in commands[name] for name in ("scheduler", "triggerer"))


def test_localaws_listens_on_this_machine_only() -> None:
    """Its address is the loopback, its port the one that clients are told."""
    command = services.localaws(SETTINGS, ADDRESSES).command
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "4566"


def test_a_healthy_airflow_is_ready() -> None:
    """Nothing is waited for when all components have a heartbeat since the start."""
    assert services.unready(health(), START) == []


def test_the_heartbeat_of_an_earlier_start_proves_nothing() -> None:
    """Airflow calls a component healthy that was killed a moment ago; only a beat since the start counts."""
    before = (START - dt.timedelta(seconds=5)).isoformat()
    old = {"status": "healthy", "latest_triggerer_heartbeat": before}
    assert services.unready(health(triggerer=old), START) == ["triggerer"]


def test_a_component_without_heartbeat_is_not_ready() -> None:
    """A component that has not begun is waited for."""
    none = {"status": None, "latest_scheduler_heartbeat": None}
    assert services.unready(health(scheduler=none), START) == ["scheduler"]


def test_a_database_that_fails_is_not_ready() -> None:
    """The database has no heartbeat; its status counts."""
    assert services.unready(health(metadatabase={"status": "unhealthy"}), START) == ["metadatabase"]


def test_silence_is_not_ready() -> None:
    """While the API server does not answer, it is what is waited for."""
    assert services.unready(None, START) == ["api_server"]
    assert not services.aws_ready(Addresses(airflow_port=1, aws_port=1, database_uri="x"))
