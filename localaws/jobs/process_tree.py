"""Process trees: a job's processes, all of them, behind one handle; see ``init`` for what keeps them together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from localaws.jobs import init

# Isolated from the environment and without site-packages: it starts in a few milliseconds.
INIT = (sys.executable, "-I", "-S", str(Path(init.__file__).resolve()))
PATIENCE_S = init.GIVE_UP_S + 5.0


class ProcessTree:
    """A command and whatever it starts. Its methods are for one thread, but for ``wait``."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], *, output: int) -> None:
        """Start the command, its output going to a file descriptor.

        Raises:
            OSError: it cannot be started.
        """
        # A session of its own: Ctrl-C on the terminal must not end it before us.
        self._init = subprocess.Popen(
            [*INIT, *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={},
            start_new_session=True,
            bufsize=0,
        )
        self._line = cast("IO[bytes]", self._init.stdin)
        block = b"\0".join(os.fsencode(f"{name}={value}") for name, value in environment.items())
        self._send(len(block).to_bytes(init.SIZE_BYTES, "big") + block)

    def _send(self, content: bytes) -> None:
        with suppress(BrokenPipeError, ValueError):  # it has ended, or is being ended
            self._line.write(content)

    def terminate(self) -> None:
        """SIGTERM to the command's process group. Returns at once."""
        self._send(b"T")

    def kill(self) -> None:
        """SIGKILL to every process of the tree. Returns at once."""
        self._line.close()

    def wait(self) -> int:
        """Wait until no process is left; the command's exit code, as docker gives it: 128 + n after signal n."""
        code = self._init.wait()
        return code if code >= 0 else 128 - code

    def end(self) -> int:
        """Kill what is left, wait for it with patience, but not for ever; the exit code."""
        self.kill()
        try:
            self._init.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._init.kill()
        return self.wait()
