"""Processes are found by their token and never left behind."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from laptop import processes
from laptop.settings import TOKEN_VARIABLE

SLEEP = "import time; time.sleep(60)"
# Ignores being asked to end.
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
# Puts a process into a session of its own, as daemons do.
WITH_DAEMON = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SLEEP!r}], start_new_session=True)
print("ready", flush=True)
time.sleep(60)
"""
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def token() -> Iterator[str]:
    """A token of this test's own, whose processes are gone afterwards."""
    made = uuid.uuid4().hex
    yield made
    processes.kill_carrying(made)


@pytest.fixture
def start(token: str, tmp_path: Path) -> Start:
    """Starts Python code as a service, and waits for what it says first, if it says anything."""

    def started(code: str) -> subprocess.Popen[bytes]:
        log = tmp_path / f"{uuid.uuid4().hex}.log"
        environment = {**os.environ, TOKEN_VARIABLE: token}
        process = processes.start([sys.executable, "-c", code], environment=environment, log=log, folder=tmp_path)
        _until(lambda: "ready" not in code or "ready" in log.read_text())
        return process

    return started


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_output_goes_to_the_log(start: Start, tmp_path: Path) -> None:
    """A service's output is in its log."""
    start("print('hello')").wait()
    assert "hello" in "".join(log.read_text() for log in tmp_path.glob("*.log"))


def test_a_service_has_a_session_of_its_own(start: Start) -> None:
    """Ctrl-C at the terminal does not reach a service."""
    assert os.getsid(start(SLEEP).pid) != os.getsid(0)


def test_a_daemon_is_found_by_its_token(start: Start, token: str) -> None:
    """What a service has put into another session still carries the token."""
    start(WITH_DAEMON)
    _until(lambda: len(processes.carrying(token)) == 2)


def test_other_processes_are_not_found(token: str) -> None:
    """A token that nobody carries finds nobody, this process included."""
    assert processes.carrying(token) == []


def test_asking_is_enough_for_most(start: Start, token: str) -> None:
    """A process that ends when asked is not killed."""
    process = start(SLEEP)
    assert processes.end(processes.carrying(token)) == []
    assert process.wait() == -signal.SIGTERM


def test_who_does_not_listen_is_killed(start: Start, token: str) -> None:
    """A process that ignores SIGTERM is killed after the grace, and is told of."""
    process = start(STUBBORN)
    stubborn = processes.end(processes.carrying(token), grace_s=0.1)
    assert [each.pid for each in stubborn] == [process.pid]
    assert process.wait() == -signal.SIGKILL


def test_a_zombie_is_not_alive(start: Start) -> None:
    """A process that has ended and was not waited for holds nobody up."""
    process = start("pass")
    _until(lambda: not processes.alive(psutil.Process(process.pid)))
    process.wait()


def test_the_reaper_ends_what_a_killed_owner_leaves(start: Start, token: str, tmp_path: Path) -> None:
    """A system whose owner was killed is gone soon after, with its daemons."""
    start(WITH_DAEMON)
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, token, str(tmp_path)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"watched\n"
    assert processes.carrying(token)
    owner.kill()
    owner.communicate()
    _until(lambda: not processes.carrying(token))


_OWNER = """
import sys, time
from pathlib import Path
from laptop import processes
folder = Path(sys.argv[2])
processes.start_reaper(sys.argv[1], folder / "postgres", log=folder / "reaper.log", folder=Path.cwd())
print("watched", flush=True)
time.sleep(60)
"""


def test_the_reaper_leaves_a_kept_system_alone(start: Start, token: str, tmp_path: Path) -> None:
    """An owner that wants the system to stay says so, and the reaper goes without touching it."""
    process = start(SLEEP)
    reaper = processes.start_reaper(token, tmp_path / "postgres", log=tmp_path / "reaper.log", folder=Path.cwd())
    reaper.communicate(b"keep")
    assert reaper.returncode == 0
    assert process.poll() is None
