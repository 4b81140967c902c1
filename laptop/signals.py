"""Signals: Ctrl-C, a closed terminal and `kill` all end a command in the same orderly way."""

from __future__ import annotations

import signal
from types import FrameType

from laptop.errors import Interrupted

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_on_arrival() -> None:
    """From now on, the first of these signals raises `Interrupted`; those after it change nothing.

    A closed terminal ends nothing that nohup has started.
    """
    for number in ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def ignore() -> None:
    """From now on, none of these signals has an effect: cleaning up must not be cut short."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    ignore()
    raise Interrupted(number)
