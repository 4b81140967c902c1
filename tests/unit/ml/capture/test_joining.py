"""Rows, answers and requests put together: plain and other bodies in one table."""

from pathlib import Path

from include.ml.capture.joining import LINE_BITS, Source, internal, parts
from tests.shared.captured import GOOD, PLAN, events

SOURCE = Source(path=Path("a"), number=3, name="a", variant="main")


def test_a_row_has_its_request_its_cells_and_its_answer() -> None:
    """In the schema's columns, and where it came from."""
    [part] = parts(events((f"{GOOD}\n{GOOD}", "0.1\n0.2")), PLAN, SOURCE)
    assert part.table.schema == internal(PLAN)
    first, second = part.table.to_pylist()
    assert (first["event_id"], first["row"], first["score"]) == ("e0", 0, 0.1)
    assert (second["event_id"], second["row"], second["score"]) == ("e0", 1, 0.2)
    assert (second["size"], second["note"], second["variant"]) == (5, "hello", "main")
    assert second["record"] == (3 << LINE_BITS) + 1
    assert part.requests == 1


def test_plain_and_other_bodies_are_read_beside_each_other() -> None:
    """Each in its own way; the rows say the same."""
    table = events((GOOD, "0.1"), (GOOD.replace("hello", '"hello"'), "no,0.2"))
    plain, other = parts(table, PLAN, SOURCE)
    assert [part.table["size"].to_pylist() for part in (plain, other)] == [[5], [5]]
    assert [part.table["note"].to_pylist() for part in (plain, other)] == [["hello"], ["hello"]]
    assert other.table["called"].to_pylist() == ["no"]


def test_an_odd_answer_to_plain_rows_is_read_too() -> None:
    """And the answer of each row stays with it where one is no answer."""
    [part] = parts(events((f"{GOOD}\n{GOOD}\n{GOOD}", "no,0.1\nx\nyes,0.9"), (GOOD, "0.5")), PLAN, SOURCE)
    assert part.table["row"].to_pylist() == [0, 2, 0]
    assert part.table["score"].to_pylist() == [0.1, 0.9, 0.5]
    assert [(fault.reason, fault.line) for fault in part.faults] == [("wrong_output", 1)]


def test_a_row_is_lost_once() -> None:
    """One with a wrong cell and a wrong answer is one fault, and so is a request whose answers cannot be told apart."""
    bad = GOOD.replace("5", "x", 1)
    [part] = parts(events((f"{bad}\n{bad}\n{GOOD}", "?\n0.1\n0.2"), (f"1\n{bad}", "0.1")), PLAN, SOURCE)
    assert part.table["score"].to_pylist() == [0.2]
    assert sorted((fault.reason, fault.line) for fault in part.faults) == [
        ("counts_differ", 2),
        ("wrong_cell", 1),
        ("wrong_output", 1),
    ]
    assert part.requests == 1


def test_no_requests_have_no_parts() -> None:
    """As of an hour without traffic."""
    assert parts(events((GOOD, "1")).slice(0, 0), PLAN, SOURCE) == []
