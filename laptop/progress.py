"""What a person sees while it runs: in place on a terminal, a line for each change anywhere else."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from laptop.airflow_api import TaskState

NAME_WIDTH = 44  # with state and duration, a line stays under 80 columns
STATE_WIDTH = 18
REFRESH_PER_S = 4
# Airflow's own states, in the colours of its UI. Those not listed are waiting for something.
STYLES = {
    "success": "green",
    "failed": "bold red",
    "upstream_failed": "red",
    "up_for_retry": "yellow",
    "running": "cyan",
    "deferred": "magenta",
    "skipped": "bright_black",
}
Show = Callable[[Sequence[TaskState]], None]


class Steps:
    """The steps of starting and stopping: each with the time it took, once it is done."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self.durations_s: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step. A failed one is not reported as done."""
        begun = self._clock()
        with self._console.status(name):
            yield
        self.durations_s[name] = self._clock() - begun
        self._console.print(line(name, "done", self.durations_s[name]), soft_wrap=True)


class Board(Protocol):
    """Shows the tasks of one run after the other."""

    def section(self, title: str, order: Sequence[str]) -> AbstractContextManager[Show]:
        """A run: its title and its tasks in the order in which they run. Yields what shows their states."""


def board(console: Console) -> Board:
    """The board for where the console writes to."""
    return LiveBoard(console) if console.is_terminal else LineBoard(console)


class LiveBoard:
    """Redraws a table in place."""

    def __init__(self, console: Console, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._console = console
        self._now = now

    @contextmanager
    def section(self, title: str, order: Sequence[str]) -> Iterator[Show]:
        """A table that stays when the run has ended."""
        tasks: list[TaskState] = []

        def render() -> Table:
            return self._table(title, arranged(tasks, order))

        def show(fresh: Sequence[TaskState]) -> None:
            tasks[:] = fresh

        with Live(get_renderable=render, console=self._console, refresh_per_second=REFRESH_PER_S) as live:
            yield show
            live.refresh()

    def _table(self, title: str, tasks: Sequence[TaskState]) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_row(Text(title, style="bold"))
        for task in tasks:
            table.add_row(line(f"  {task.label}", words(task), elapsed_s(task, self._now()), style(task)))
        return table


class LineBoard:
    """Prints a line whenever a task's state changes: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def section(self, title: str, order: Sequence[str]) -> Iterator[Show]:
        """A heading, and the changes under it."""
        self._console.print(title, soft_wrap=True)
        seen: dict[str, str] = {}

        def show(tasks: Sequence[TaskState]) -> None:
            for task in arranged(tasks, order):
                if task.state in STYLES and seen.get(task.label) != words(task):
                    seen[task.label] = words(task)
                    self._console.print(line(f"  {task.label}", words(task), task.duration_s), soft_wrap=True)

        yield show


def line(name: str, state: str, duration_s: float | None, colour: str = "") -> Text:
    """One line of progress.

    >>> line("train", "success", 12.34).plain
    'train                                        success             12.3 s'
    """
    took = "" if duration_s is None else f"{duration_s:6.1f} s"
    return Text.assemble(f"{name:<{NAME_WIDTH}} ", (f"{state:<{STATE_WIDTH}}", colour), took)


def words(task: TaskState) -> str:
    """The task's state, and which try it is where it is not the first."""
    state = (task.state or "waiting").replace("_", " ")
    return f"{state} (try {task.try_number})" if task.try_number > 1 else state


def style(task: TaskState) -> str:
    """The colour of the task's state."""
    return STYLES.get(task.state or "", "bright_black")


def elapsed_s(task: TaskState, now: dt.datetime) -> float | None:
    """How long the task took, or has been at it."""
    if task.state in ("running", "deferred") and task.started is not None:
        return (now - task.started).total_seconds()
    return task.duration_s


def arranged(tasks: Sequence[TaskState], order: Sequence[str]) -> list[TaskState]:
    """The tasks in the order of the flow; those it does not name come last."""
    places = {task_id: place for place, task_id in enumerate(order)}
    return sorted(tasks, key=lambda task: (places.get(task.task_id, len(places)), task.map_index))
