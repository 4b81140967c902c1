"""Processes: started in sessions of their own, found again by the token in their environment, and never left behind.

A process group does not hold what a process puts into a session of its own, and a list of ids does not know what was
started meanwhile. The environment is inherited by all of them.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from laptop.settings import TOKEN_VARIABLE

GRACE_S = 10.0
POLL_S = 0.05


def start(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, folder: Path
) -> subprocess.Popen[bytes]:
    """Start `command` in `folder`, in a session of its own: Ctrl-C at the terminal is ours to handle, not its.

    Its output goes to `log`, in place of what an earlier start left there.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def carrying(token: str) -> list[psutil.Process]:
    """The live processes that were started with `token`, by us or by one of them."""
    return [process for process in psutil.process_iter() if alive(process) and _token(process) == token]


def carries(process_id: int, token: str) -> bool:
    """Whether the process of that number lives and was started with `token`."""
    try:
        process = psutil.Process(process_id)
    except psutil.NoSuchProcess:
        return False
    return alive(process) and _token(process) == token


def _token(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(TOKEN_VARIABLE, ""))
    except (psutil.Error, OSError):  # it has ended, or is not ours to look into
        return ""


def end(processes: Iterable[psutil.Process], *, grace_s: float = GRACE_S) -> list[psutil.Process]:
    """Ask each to end, and kill those that have not after `grace_s` seconds. Returns those that had to be killed."""
    asked = list(processes)
    for process in asked:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    stubborn = outlasting(asked, grace_s)
    kill(stubborn)
    return stubborn


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill each at once."""
    killed = list(processes)
    for process in killed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    outlasting(killed, GRACE_S)


def outlasting(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all have ended, at most `seconds`. Returns those that have not."""
    left = [process for process in processes if alive(process)]
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        time.sleep(POLL_S)
        left = [process for process in left if alive(process)]
    return left


def alive(process: psutil.Process) -> bool:
    """Whether it does anything still. A zombie does not: some parent, not always a quick one, has yet to notice."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def kill_carrying(token: str, *, rounds: int = 20) -> None:
    """Kill whatever carries `token` until nothing does: what one of them started meanwhile is met in the next round."""
    for _ in range(rounds):
        found = carrying(token)
        if not found:
            return
        kill(found)


def start_reaper(token: str, database: Path, *, log: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start a small process that ends the system with `token` as soon as we are gone, by SIGKILL too.

    It waits for the end of its standard input, whose other end only we hold (see `laptop.reaper`).
    """
    command = [sys.executable, "-m", "laptop.reaper", token, str(database)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=folder, start_new_session=True
        )
