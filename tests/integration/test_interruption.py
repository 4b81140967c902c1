"""What ends a run in the middle: Ctrl-C, or the death of a part of the system. Nothing is left behind."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from whole_system import REPO

from laptop import postgres, processes, record
from laptop.record import Record

pytestmark = [pytest.mark.flow, pytest.mark.timeout(300)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A state folder of the test's own; what a failing test leaves running in it is killed."""
    with tempfile.TemporaryDirectory(prefix="perennial-int-", ignore_cleanup_errors=True) as made:
        yield Path(made)
        left = record.read(Path(made) / "system.json")
        if left is not None:
            processes.kill_carrying(left.token)
        postgres.stop(Path(made) / "postgres")


def begun(folder: Path) -> tuple[subprocess.Popen[str], Record]:
    """A `make run` with an ingestion at work, and the record of its system."""
    command = [sys.executable, "-m", "laptop", "run", "--state", str(folder), "--port", "0"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = subprocess.Popen(command, cwd=REPO, text=True, **pipes)
    assert running.stdout is not None
    assert any("find_landing" in line for line in running.stdout), "the ingestion never began"
    found = record.read(folder / "system.json")
    assert found is not None
    assert processes.carrying(found.token)
    assert postgres.running(folder / "postgres")
    return running, found


def assert_nothing_is_left(folder: Path, found: Record) -> None:
    """No process of the system, and no record of it."""
    assert processes.carrying(found.token) == []
    assert postgres.running(folder / "postgres") is None
    assert record.read(folder / "system.json") is None


def test_ctrl_c_in_the_middle_leaves_no_process(folder: Path) -> None:
    """With an ingestion at work, SIGINT ends everything that was started, and the exit code is 130."""
    running, found = begun(folder)
    running.send_signal(signal.SIGINT)
    running.communicate()
    assert running.returncode == 130
    assert_nothing_is_left(folder, found)


@pytest.mark.parametrize("name", ["scheduler", "api-server", "localaws"])
def test_a_run_whose_system_has_lost_a_part_ends_and_says_so(folder: Path, name: str) -> None:
    """The exit code is 1, the message names the process and its log, and the rest is gone as well."""
    running, found = begun(folder)
    os.kill(found.process_ids[name], signal.SIGKILL)
    told = running.communicate()[1]
    assert running.returncode == 1
    assert f"error: {name} has ended" in told
    assert f"(from {folder / 'logs' / name}.log)" in told
    assert_nothing_is_left(folder, found)
