"""What ends a command: Ctrl-C, kill and a closed terminal, unless nohup has started it."""

import os
import signal
from collections.abc import Iterator

import pytest

from laptop import signals
from laptop.errors import Interrupted


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    """Afterwards they are pytest's again."""
    before = {number: signal.getsignal(number) for number in signals.ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", signals.ENDING)
def test_a_signal_ends_a_command_once(number: signal.Signals) -> None:
    """The first raises and tells which it was; those after it do not cut short what is being cleaned up."""
    signal.signal(number, signal.SIG_DFL)
    signals.raise_on_arrival()
    with pytest.raises(Interrupted) as caught:
        os.kill(os.getpid(), number)
    assert caught.value.signal_number == number
    for again in signals.ENDING:
        os.kill(os.getpid(), again)


def test_a_closed_terminal_does_not_end_what_nohup_has_started() -> None:
    """It has SIGHUP ignored, and so it stays. An interrupt counts, also where a shell in the background ignores it."""
    for number in signals.ENDING:
        signal.signal(number, signal.SIG_IGN)
    signals.raise_on_arrival()
    os.kill(os.getpid(), signal.SIGHUP)
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGINT)
