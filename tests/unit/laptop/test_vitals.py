"""Whether a system is all there: real processes with a token, and a server that answers as localaws and Airflow do."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from laptop import processes, record, vitals
from laptop.__main__ import main
from laptop.errors import LossError
from laptop.record import Record
from laptop.settings import TOKEN_VARIABLE, Addresses, Settings
from tests.shared.localaws_process import until

SLEEP = "import time; time.sleep(60)"
BEAT = "2026-03-01T12:00:00+00:00"
COMPONENTS = {name: {"status": "healthy", f"latest_{name}_heartbeat": BEAT} for name in ("dag_processor", "triggerer")}


@dataclass
class System:
    """A system of processes that do nothing, and what its servers say of themselves."""

    settings: Settings
    record: Record
    health: dict[str, Any] = field(default_factory=dict)

    def kill(self, name: str) -> None:
        """SIGKILL one of its servers; nobody buries it."""
        process = psutil.Process(self.record.process_ids[name])
        process.send_signal(signal.SIGKILL)
        processes.outlasting([process], 20)

    def kill_database(self) -> None:
        """SIGKILL PostgreSQL."""
        process = psutil.Process(int((self.settings.database / "postmaster.pid").read_text()))
        process.kill()
        processes.outlasting([process], 20)


@contextlib.contextmanager
def answering(health: dict[str, Any]) -> Iterator[int]:
    """The port of a server that answers whatever it is asked with `health`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(health).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A system that is well."""
    token = uuid.uuid4().hex
    settings = Settings(repo=tmp_path, state=tmp_path, python=Path(sys.executable))

    def started(name: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", f"print('{name} is up', flush=True); {SLEEP}", *arguments]
        environment, log = {**os.environ, TOKEN_VARIABLE: token}, settings.logs / f"{name}.log"
        process = processes.start(command, environment=environment, log=log, folder=tmp_path)
        until(log.read_text, what=f"{name} to be up")
        return process

    servers = {name: started(name) for name in ("localaws", "scheduler")}
    settings.database.mkdir()
    database = started("database", str(settings.database.resolve()))
    (settings.database / "postmaster.pid").write_text(f"{database.pid}")
    (settings.database / "log").write_text("PANIC")
    health = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}, **COMPONENTS}
    health["scheduler"]["latest_scheduler_heartbeat"] = BEAT
    with answering(health) as port:
        addresses = Addresses(airflow_port=port, aws_port=port, database_uri="x")
        ids = {name: server.pid for name, server in servers.items()}
        made = Record(token=token, kept=True, addresses=addresses, process_ids=ids)
        record.write(settings.record, made)
        yield System(settings=settings, record=made, health=health)
    processes.kill_carrying(token)
    for process in (*servers.values(), database):
        process.wait()


def test_a_system_that_is_all_there_is_well(system: System) -> None:
    """Nothing is missed, and nothing is waited for."""
    assert vitals.ailment(system.settings, system.record, patience_s=0) is None


def test_a_server_that_has_ended_is_named_with_its_log(system: System) -> None:
    """Also while nobody has taken its exit code: at once, whatever the patience."""
    system.kill("scheduler")
    lost = f"scheduler has ended:\nscheduler is up\n(from {system.settings.logs / 'scheduler.log'})"
    assert vitals.ailment(system.settings, system.record, patience_s=60) == lost
    with pytest.raises(LossError) as caught:
        vitals.refuse_a_loss(system.settings, system.record)
    assert str(caught.value) == lost


def test_another_process_of_the_same_number_is_none_of_the_system(system: System) -> None:
    """A number that the kernel has given again since does not count."""
    elsewhere = Record(token="another", kept=True, addresses=system.record.addresses, process_ids={"api": os.getpid()})
    told = f"there is no log: [Errno 2] No such file or directory: '{system.settings.logs / 'api.log'}'"
    assert (vitals.loss(system.settings, elsewhere) or "").splitlines()[:2] == ["api has ended:", told]


def test_a_database_that_has_ended_is_a_loss(system: System) -> None:
    """PostgreSQL is found by its folder, and its log lies there."""
    system.kill_database()
    told = f"PostgreSQL has ended:\nPANIC\n(from {system.settings.database / 'log'})"
    assert vitals.loss(system.settings, system.record) == told


def test_a_server_that_lives_and_does_nothing_is_an_ailment(system: System) -> None:
    """Airflow says which of its components it is; it is given time."""
    system.health["scheduler"]["status"] = "unhealthy"
    told = f"scheduler did not do their work for 0 s; see {system.settings.logs}"
    assert vitals.ailment(system.settings, system.record, patience_s=0) == told


def test_the_record_of_an_older_release_names_no_processes(system: System) -> None:
    """Then the servers' own word has to do."""
    fields = json.loads(system.settings.record.read_text())
    del fields["process_ids"]
    system.settings.record.write_text(json.dumps(fields))
    older = record.read(system.settings.record)
    assert older is not None
    assert vitals.ailment(system.settings, older, patience_s=0) is None


@pytest.mark.parametrize("command", ["up", "run"])
def test_a_system_that_has_lost_a_part_is_not_used(
    system: System, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It is said what is wrong, what is left of it is stopped, and a fresh one is started."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    system.kill("scheduler")
    monkeypatch.setattr("laptop.system.Starter", _refusing)
    try:
        assert main([command, "--state", str(system.settings.state), "--port", "0"], {}) == 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    said = capsys.readouterr()
    address = system.record.addresses.airflow
    assert f"the system at {address} is not well, and is started afresh: scheduler has ended:" in said.out
    assert "error: a fresh one" in said.err
    assert processes.carrying(system.record.token) == []


def _refusing(*_: object, **__: object) -> None:
    raise LossError("a fresh one")
