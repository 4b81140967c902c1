"""Pumps: a job's output, read as it comes, so that the job never waits for us."""

from __future__ import annotations

import os
import select
import threading
import time

from localaws.jobs.logs import LineSplitter

CHUNK_BYTES = 65_536
DRAIN_S = 2.0
JOIN_S = 10.0  # beyond it a sink hangs, and that is not to hold up the job's end


class Pump:
    """Reads a pipe into a line splitter, in a thread of its own, until nobody can write to it or ``finish``."""

    def __init__(self, pipe: int, output: LineSplitter) -> None:
        self._pipe, self._output = pipe, output
        self._over, self._finish = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """The job has ended: take what is in the pipe, and close it.

        Somebody may hold the other end all the same, such as a daemon that was handed it: it is not waited for.
        """
        os.close(self._finish)
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        try:
            self._take_until_over()
            deadline = time.monotonic() + DRAIN_S
            while time.monotonic() < deadline and self._ready(0) and self._take():
                pass
        finally:
            os.close(self._pipe)
            os.close(self._over)

    def _take_until_over(self) -> None:
        while self._over not in self._ready(None) and self._take():
            pass

    def _ready(self, timeout_ms: int | None) -> set[int]:
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        if timeout_ms is None:
            poll.register(self._over, select.POLLIN)
        return {source for source, _ in poll.poll(timeout_ms)}

    def _take(self) -> bool:
        """Take a chunk; False when there is none and will be none."""
        chunk = os.read(self._pipe, CHUNK_BYTES)
        self._output.feed(chunk)
        return bool(chunk)
