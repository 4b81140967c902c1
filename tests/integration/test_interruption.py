"""Ctrl-C in the middle of a run leaves nothing behind."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from whole_system import REPO

from laptop import postgres, processes, record

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


def test_ctrl_c_in_the_middle_leaves_no_process(folder: Path) -> None:
    """With an ingestion at work, SIGINT ends everything that was started, and the exit code is 130."""
    command = [sys.executable, "-m", "laptop", "run", "--state", str(folder), "--port", "0"]
    running = subprocess.Popen(command, cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert any("find_landing" in line for line in running.stdout), "the ingestion never began"
    found = record.read(folder / "system.json")
    assert found is not None
    assert processes.carrying(found.token)
    assert postgres.running(folder / "postgres")
    running.send_signal(signal.SIGINT)
    running.stdout.read()
    assert running.wait() == 130
    assert processes.carrying(found.token) == []
    assert postgres.running(folder / "postgres") is None
    assert record.read(folder / "system.json") is None
