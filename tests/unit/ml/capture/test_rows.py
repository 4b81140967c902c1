"""Requests and answers of many bodies side by side: rows keep their place, whatever is lost beside them."""

import numpy as np

from include.ml.capture import rows
from tests.shared.captured import DATASET, GOOD, PLAN, events


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
