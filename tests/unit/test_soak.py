"""What the soak counts is what it claims."""

import json

from tests.faults.soak import Counts, Cuts, told


def _envelope(run_id: str, deduplication_id: str) -> str:
    attributes = {"deduplication_id": {"Type": "String", "Value": deduplication_id}}
    return json.dumps({"Message": json.dumps({"run_id": run_id}), "MessageAttributes": attributes})


def _broken(*envelopes: str) -> list[str]:
    counts = Counts(
        runs=2,
        faults={},
        cuts=Cuts(set=0, met=0, requests=0),
        states={"success": 2},
        jobs={"preprocess": 2, "train": 2, "evaluate": 2},
        ended_badly=0,
        running=0,
        passed=frozenset({"a"}),
        registered={"a": 1},
        told=told(envelopes),
    )
    return [words for words, observed, required in counts.rules() if observed != required]


A, B = _envelope("a", "1"), _envelope("b", "2")


def test_a_message_that_came_again_is_one_message() -> None:
    """With its deduplication id: who sent it was killed before it could note that."""
    assert _broken(A, B) == _broken(A, B, A) == []


def test_two_messages_of_a_run_are_not_held_to_be_one() -> None:
    """Another id is another message, though it tells of the same run."""
    assert _broken(A, B, _envelope("a", "3")) == ["messages, each counted once"]


def test_a_run_that_nobody_was_told_of_is_missed() -> None:
    """Though as many messages came as there were runs."""
    assert _broken(A, _envelope("a", "3")) == ["runs that were told of"]
