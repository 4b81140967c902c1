"""What can go wrong on a laptop, each with what to do about it."""

from __future__ import annotations


class LaptopError(Exception):
    """The system could not be started, used or stopped. The message is for the person at the terminal."""


class FlowError(LaptopError):
    """The flow ran and something in it failed. The message names the task and gives its reason."""


class LossError(LaptopError):
    """A process of the system has ended while it was needed. The message ends with the last lines of its log."""


class Interrupted(BaseException):
    """A signal asked this process to end. Like KeyboardInterrupt, no `except Exception` stops it.

    Args:
        signal_number: the signal; the exit code is 128 and it.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
