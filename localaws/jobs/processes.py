"""Processes found by the token in their environment: what remains when a job's init was killed itself (see ``init``).

The environment is inherited, by what is in a session of its own too; but a process may have replaced or overwritten
it, and then it is not found here. Works where there is a /proc (Linux).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

INSTANCE_VARIABLE = "LOCALAWS_INSTANCE"
JOB_VARIABLE = "LOCALAWS_JOB"


def carrying(variable: str, value: str, *, proc: Path = Path("/proc")) -> Iterator[int]:
    """Ids of the live processes whose environment holds ``variable=value``; our own is never among them."""
    wanted = f"{variable}={value}".encode()
    for entry in proc.iterdir() if proc.is_dir() else ():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and wanted in _environment(entry):
            yield int(entry.name)


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or not ours to read
        return []


def kill_carrying(variable: str, value: str, *, rounds: int = 50, pause_s: float = 0.02) -> None:
    """Kill those processes until none is left: what one of them started meanwhile is met in the next round."""
    for _ in range(rounds):
        found = list(carrying(variable, value))
        if not found:
            return
        for process_id in found:
            _kill(process_id)
        time.sleep(pause_s)


def _kill(process_id: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # ended meanwhile
        os.kill(process_id, signal.SIGKILL)
