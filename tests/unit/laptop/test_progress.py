"""What a person sees while a flow runs."""

import datetime as dt
import io
from typing import Any

import pytest
from rich.console import Console

from laptop.airflow_api import TaskState
from laptop.progress import LineBoard, LiveBoard, Steps, arranged, board, elapsed_s, words

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ORDER = ["find_landing", "ingest", "publish"]


def console(*, terminal: bool) -> Console:
    """A console of 80 columns whose output can be read back."""
    return Console(file=io.StringIO(), width=80, force_terminal=terminal, highlight=False)


def written(where: Console) -> str:
    """What went to the console."""
    assert isinstance(where.file, io.StringIO)
    return where.file.getvalue()


def state(task_id: str, name: str | None, **fields: Any) -> TaskState:
    """A task in that state."""
    return TaskState(task_id=task_id, state=name, **fields)


def test_a_pipe_gets_a_line_for_each_change() -> None:
    """A state that has not changed is not printed again; one that waits is not printed at all."""
    where = console(terminal=False)
    with board(where).section("churn_ingestion", ORDER) as show:
        show([state("find_landing", "queued"), state("ingest", None)])
        show([state("find_landing", "running"), state("ingest", None)])
        show([state("find_landing", "running"), state("ingest", None)])
        show([state("find_landing", "success", duration_s=1.25), state("ingest", "running")])
    assert [line.split() for line in written(where).splitlines()] == [
        ["churn_ingestion"],
        ["find_landing", "running"],
        ["find_landing", "success", "1.2", "s"],
        ["ingest", "running"],
    ]


def test_a_pipe_gets_no_escape_codes() -> None:
    """A log holds text alone, in lines of at most 80 columns."""
    where = console(terminal=False)
    assert isinstance(board(where), LineBoard)
    with Steps(where).step("PostgreSQL"), board(where).section("churn_training", ["candidate.preprocess"]) as show:
        show([state("candidate.preprocess", "up_for_retry", try_number=2, duration_s=100.0)])
    assert "\x1b" not in written(where)
    assert max(map(len, written(where).splitlines())) <= 80


def test_a_terminal_is_redrawn_in_place() -> None:
    """All tasks are shown at once, those that wait too, and what is seen last is how they ended."""
    where = console(terminal=True)
    assert isinstance(board(where), LiveBoard)
    with board(where).section("churn_ingestion", ORDER) as show:
        show([state("publish", None), state("find_landing", "running", started=START)])
        show([state("publish", "success", duration_s=2.0), state("find_landing", "success", duration_s=1.0)])
    assert "\x1b[" in written(where)
    last = written(where).rsplit("churn_ingestion", 1)[1]
    assert last.index("find_landing") < last.index("publish")
    assert "running" not in last


def test_a_retry_says_which_try_it_is() -> None:
    """The first try needs no number."""
    assert words(state("train", "running", try_number=1)) == "running"
    assert words(state("train", "up_for_retry", try_number=2)) == "up for retry (try 2)"
    assert words(state("train", None)) == "waiting"


@pytest.mark.parametrize("name", ["running", "deferred"])
def test_what_is_at_work_counts_up(name: str) -> None:
    """A task that runs, or waits for its job, shows the time since its start."""
    assert elapsed_s(state("train", name, started=START), START + dt.timedelta(seconds=7)) == 7.0


def test_what_has_ended_keeps_its_duration() -> None:
    """The clock no longer matters."""
    assert elapsed_s(state("train", "success", started=START, duration_s=3.0), START + dt.timedelta(hours=1)) == 3.0


def test_tasks_come_in_the_order_of_the_flow() -> None:
    """Mapped tasks are ordered by index; a task that the flow does not name comes last."""
    tasks = [state("odd", None), state("ingest", None, map_index=1), state("ingest", None, map_index=0)]
    assert [task.label for task in arranged(tasks, ORDER)] == ["ingest[0]", "ingest[1]", "odd"]


def test_a_step_is_done_only_when_it_is() -> None:
    """A step that fails is not reported as done; one that does not is, with its time."""
    where = console(terminal=False)
    steps = Steps(where, clock=iter([10.0, 12.5, 20.0]).__next__)
    with steps.step("PostgreSQL"):
        pass
    with pytest.raises(ValueError, match="no"), steps.step("Airflow"):
        raise ValueError("no")
    assert steps.durations_s == {"PostgreSQL": 2.5}
    assert "Airflow" not in written(where)
