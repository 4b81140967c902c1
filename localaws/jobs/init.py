"""Init: a job's first process, as docker's own init is a container's; all that came of the job ends before it does.

It adopts what loses its parent (a child subreaper), so that no descendant escapes: not one with a session, a process
group and an environment of its own. That the last one has ended is told by the kernel, which knows of no more children.

A program whose arguments are the job's command. Its standard input is localaws's line to it: the job's environment,
then a byte for each SIGTERM that the job is to get. When the line closes, since localaws wants the job killed or has
ended itself, the job is killed. It exits as the command did: with 128 + n after signal n, as docker has it.

It imports nothing of localaws and little else: each job waits for its start.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress

LINE = 0
SIZE_BYTES = 8  # of the number before the environment
PR_SET_CHILD_SUBREAPER = 36
NOT_STARTED = 125  # as docker has it
GIVE_UP_S = 10.0  # on what SIGKILL does not end: a process in the kernel's hands, or one that forks faster than we look
PAUSE_S = 0.005


def main(command: list[str]) -> int:
    """Run the command to its end and all the rest to theirs; the exit code."""
    adopt_orphans()
    wake = wake_on_deaths()
    try:
        family = Family(command, read_environment())
    except OSError as error:
        print(f"localaws: cannot start {command[0]}: {error}", file=sys.stderr)
        return NOT_STARTED
    try:
        attend(family, wake)
    finally:
        family.end()
    return family.exit_code


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print("localaws: this kernel does not let a job's processes be adopted", file=sys.stderr)


def wake_on_deaths() -> int:
    """A file descriptor that can be read when a child has ended."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return readable


def read_environment() -> dict[bytes, bytes]:
    """The job's environment, which comes first on the line."""
    size = int.from_bytes(_read(SIZE_BYTES), "big")
    entries = _read(size).split(b"\0")
    return dict(entry.split(b"=", 1) for entry in entries if entry)


def _read(size: int) -> bytes:
    content = b""
    while len(content) < size:
        if not (part := os.read(LINE, size - len(content))):
            sys.exit("localaws: ended before the job was started")
        content += part
    return content


class Family:
    """The command's process and all that came of it."""

    def __init__(self, command: list[str], environment: dict[bytes, bytes]) -> None:
        # A session of its own: what the job does to its process group does not meet us. Python ignores these signals.
        self._main = os.posix_spawn(
            command[0],
            command,
            environment,
            file_actions=[(os.POSIX_SPAWN_OPEN, LINE, os.devnull, os.O_RDONLY, 0)],
            setsid=True,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
        )
        self._status: int | None = None

    @property
    def main_ended(self) -> bool:
        """Whether the command's own process has ended."""
        return self._status is not None

    @property
    def exit_code(self) -> int:
        """The command's exit code, as docker gives it."""
        code = -signal.SIGKILL if self._status is None else os.waitstatus_to_exitcode(self._status)
        return code if code >= 0 else 128 - code

    def bury(self) -> bool:
        """See to those that have ended; whether others are left."""
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._main:
                    self._status = ended[1]
        except ChildProcessError:
            return False
        return True

    def terminate(self) -> None:
        """SIGTERM to the command's process group; its number is nobody else's until its leader is buried."""
        _signal(-self._main, signal.SIGTERM)

    def end(self) -> None:
        """SIGKILL to all of them until none is left: what one started meanwhile is met in the next round."""
        deadline = time.monotonic() + GIVE_UP_S
        while self.bury() and time.monotonic() < deadline:
            for process_id in descendants(os.getpid()):
                _signal(process_id, signal.SIGKILL)
            time.sleep(PAUSE_S)


def attend(family: Family, wake: int) -> None:
    """Pass on what is asked for, until the command's process has ended or the line is closed."""
    poll = select.poll()
    for source in (LINE, wake):
        poll.register(source, select.POLLIN)
    while family.bury() and not family.main_ended:
        ready = [source for source, _ in poll.poll()]
        if wake in ready:
            os.read(wake, 4096)
        if LINE in ready:
            if not os.read(LINE, 1):
                return
            family.terminate()


def descendants(ancestor: int) -> list[int]:
    """Ids of all living descendants, nearest first."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  # importing pathlib costs more than all of this
        if name.isdigit():
            children.setdefault(_parent(name), []).append(int(name))
    found = list(children.get(ancestor, []))
    for process_id in found:  # which grows meanwhile
        found += children.get(process_id, [])
    return found


def _parent(name: str) -> int:
    try:
        with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123  # as above
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):  # ended meanwhile
        return 0


def _signal(process_id: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # ended meanwhile, or another user's since it started
        os.kill(process_id, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
