"""Job records: states follow one another, and an end is an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localaws.sagemaker.records import TRAINING, JobRecord, JobState, Selection

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(name: str, *, minutes: int = 0, status: str = "InProgress") -> JobRecord:
    at = START + timedelta(minutes=minutes)
    state = JobState(created=at, modified=at, status=status)
    return JobRecord(kind=TRAINING, name=name, arn=f"arn:{name}", account="1", region="r", request={}, state=state)


def test_a_transition_closes_the_one_before() -> None:
    """A secondary status ends when the next one begins; the last is open until the job has ended."""
    job = record("a")
    job.enter("Starting", "starting", START)
    job.enter("Training", "training", START + timedelta(seconds=5))
    first, second = job.state.transitions
    assert first.ended == second.started
    assert second.ended is None


def test_nothing_changes_after_the_end() -> None:
    """A terminal state refuses every change."""
    job = record("a")
    assert job.enter("Completed", "done", START, status="Completed")
    before = job.state
    assert not job.enter("Training", "again", START)
    assert not job.change(START, status="Stopping")
    assert job.state is before


JOBS = [record("b-1", minutes=2, status="Failed"), record("a-1", minutes=1), record("a-2", minutes=3)]


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(name_contains="A-"), ["a-1", "a-2"]),
        (Selection(status="Failed"), ["b-1"]),
        (Selection(created_after=START + timedelta(minutes=2)), ["a-2"]),
        (Selection(name_contains="a", status="Failed"), []),
    ],
)
def test_a_selection_wants_what_meets_all_of_it(selection: Selection, names: list[str]) -> None:
    """Name, status and time filters combine."""
    assert [job.name for job in JOBS if selection.matches(job)] == names


@pytest.mark.parametrize(
    ("sort_by", "names"),
    [(None, ["a-1", "b-1", "a-2"]), ("Name", ["a-1", "a-2", "b-1"]), ("Status", ["b-1", "a-1", "a-2"])],
)
def test_jobs_are_sorted_by_their_creation_unless_asked_otherwise(sort_by: str | None, names: list[str]) -> None:
    """Jobs of one status are sorted by their creation."""
    assert [job.name for job in sorted(JOBS, key=Selection(sort_by=sort_by).order)] == names
