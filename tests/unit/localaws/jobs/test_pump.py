"""Pumps: output is read as it comes, and nobody who holds the pipe holds up the end."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from localaws.jobs import pump
from localaws.jobs.logs import LineSplitter
from localaws.jobs.pump import Pump
from tests.shared.localaws_process import until


def test_lines_come_while_others_can_write() -> None:
    """A line is there before the pipe is closed."""
    lines: list[str] = []
    readable, writable = os.pipe()
    pumping = Pump(readable, LineSplitter([lines.extend]))
    os.write(writable, b"first\n")
    until(lambda: lines == ["first"], what="the line")
    os.write(writable, b"second\n")
    os.close(writable)
    pumping.finish()
    assert lines == ["first", "second"]


def test_who_keeps_the_pipe_is_not_waited_for() -> None:
    """What had been written when the job ended is taken; that the other end is still open does not matter."""
    lines: list[str] = []
    readable, writable = os.pipe()
    pumping = Pump(readable, LineSplitter([lines.extend]))
    os.write(writable, b"x" * 60_000 + b"\n")
    pumping.finish()
    assert [len(line) for line in lines] == [60_000]
    with pytest.raises(BrokenPipeError):
        os.write(writable, b"too late")
    os.close(writable)


def test_a_sink_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the job does not depend on who takes its lines."""
    monkeypatch.setattr(pump, "JOIN_S", 0.05)
    readable, writable = os.pipe()
    blocked, release = os.pipe()

    def hang(lines: Sequence[str]) -> None:  # noqa: ARG001  # a sink's signature
        os.read(blocked, 1)

    pumping = Pump(readable, LineSplitter([hang]))
    os.write(writable, b"line\n")
    pumping.finish()
    os.write(release, b"x")
    for each in (writable, blocked, release):
        os.close(each)
