"""What a person sees while it runs: in place on a terminal, a line for each change anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

NAME_WIDTH = 44


class Steps:
    """The steps of starting and stopping: each with the time it took, once it is done."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step. A failed one is not reported as done."""
        begun = self._clock()
        with self._console.status(name):
            yield
        self._console.print(f"  {name:<{NAME_WIDTH}} {self._clock() - begun:6.1f} s", highlight=False)
