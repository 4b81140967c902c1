"""Requests and answers of many bodies side by side: rows keep their place, whatever is lost beside them."""

import json

import numpy as np
import pytest

from include.ml.capture import rows
from tests.shared.captured import DATASET, GOOD, PLAN, Bucket, events, line, side


def test_rows_know_their_request_and_their_place() -> None:
    """A bad row leaves a gap; a body that cannot be read counts none."""
    found = rows.asked(events((f"{GOOD}\n1\n{GOOD}", ""), ('"', ""), (GOOD, "")), PLAN)
    assert found.event.tolist() == [0, 0, 2]
    assert found.row.tolist() == [0, 2, 0]
    assert found.counts.tolist() == [3, 0, 1]
    assert found.cells["size"].to_pylist() == ["5", "5", "5"]
    assert [(fault.reason, fault.line) for fault in found.faults] == [("wrong_columns", 1), ("undecodable_body", 2)]


def test_no_request_has_no_rows() -> None:
    """And the types of all others."""
    found = rows.asked(events((GOOD, "")).slice(0, 0), PLAN)
    assert (len(found.event), len(found.cells["size"]), str(found.cells["size"].type)) == (0, 0, "string")


def test_answers_are_those_of_every_row() -> None:
    """Of a request that asked nothing readable, the answer is passed over; one that cannot be read loses its rows."""
    said = events(("", "0.5\nx"), ("", "0.1"), ("", "0.2\n0.3\n0.4"), ("", "no,0.4"))
    found = rows.answered(said, np.array([2, 0, 2, 1]), DATASET)
    assert found.scores.to_pylist() == [0.5, None, None, None, 0.4]
    assert found.called.to_pylist() == [None, None, None, None, "no"]
    assert found.good.tolist() == [True, False, False, False, True]
    assert found.read.tolist() == [True, False, False, True]
    assert [(fault.reason, fault.line) for fault in found.faults] == [("wrong_output", 1), ("counts_differ", 3)]


RECORD = {"size": 5, "colour": "red", "since": "2026-01-01"}


def in_json(text: str) -> dict[str, object]:
    """A body of JSON."""
    return side(text, "JSON", "application/json")


@pytest.mark.parametrize(
    ("asked", "said", "reason"),
    [
        (in_json(json.dumps(RECORD | {"note": "\ud800"})), "0.5", "wrong_cell"),
        (in_json('{"instances": ["\\ud800"]}'), "0.5", "wrong_cell"),
        (GOOD, in_json('["\\ud800"]'), "wrong_output"),
        (GOOD, in_json('{"predictions":' * 900 + "1" + "}" * 900), "undecodable_body"),
        (in_json("[" * 9000 + "]" * 9000), "0.5", "undecodable_body"),
    ],
    ids=["cell", "row", "answer", "deep-answer", "deep-request"],
)
def test_a_body_that_cannot_be_shown_or_walked_through_costs_itself_alone(
    bucket: Bucket, asked: object, said: object, reason: str
) -> None:
    """Half of a surrogate pair, which is JSON and no text, and what is nested hundreds of levels deep."""
    bucket.put(line(event="a"), line(asked, said, event="b"), line(event="c"))
    found = bucket.read()
    assert found.table["event_id"].to_pylist() == ["a", "c"]
    assert {name: bad.count for name, bad in found.report.bad.items()} == {reason: 1}


def test_a_strange_name_is_counted_as_it_can_be_written(bucket: Bucket) -> None:
    """Reports are UTF-8."""
    bucket.put(line(in_json(json.dumps(RECORD | {"a\ud800": 1}))))
    assert bucket.read().report.unknown_columns == {"a\\ud800": 1}
