"""Plain CSV is read by column, and means what it means body by body."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.capture import columnar, rows
from include.ml.data.arrays import from_numpy
from tests.shared.captured import DATASET, GOOD, PLAN, events

BODIES = st.lists(st.text(st.sampled_from('1x,\n\r" é\ufeff'), max_size=24) | st.just(GOOD), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        (GOOD, True),
        (f"{GOOD}\n{GOOD}\n", True),
        (f"{GOOD}\r\n{GOOD}\r\n", True),
        ("1", True),
        ('1,"a"', False),
        (f"size,colour\n{GOOD}", False),
        (f"new, note \n{GOOD}", False),
        ("5,red,2026-01-01,1.5,note", False),
        ("5,red,2026-01-01,1.5,a note", True),
        (f"{GOOD}\n\n{GOOD}", False),
        (f"\n{GOOD}", False),
        (f"{GOOD}\r{GOOD}", False),
        ("", False),
        ("\r\n", False),
        ("\ufeff1", False),
    ],
)
def test_plain_is_what_lines_and_commas_say(body: str, plain: bool) -> None:
    """No quote, no header, no blank line."""
    assert columnar.plain(events((body, "")), PLAN).tolist() == [plain]


def test_other_encodings_are_not_plain() -> None:
    """Nor is none."""
    table = events(("1", ""), ("1", ""), ("1", ""))
    encodings = pa.array(["CSV", "BASE64", None])
    table = table.set_column(table.column_names.index("input_encoding"), "input_encoding", encodings)
    assert columnar.plain(table, PLAN).tolist() == [True, False, False]


@given(BODIES)
def test_both_ways_give_the_same_rows(bodies: list[str]) -> None:
    """Cells, places, counts and faults."""
    table = events(*((body, "") for body in bodies))
    table = table.filter(from_numpy(columnar.plain(table, PLAN), pa.bool_())).combine_chunks()
    by_body, by_column = rows.asked(table, PLAN), columnar.asked(table, PLAN)
    if not len(table):
        return
    assert by_column is not None
    assert by_column.cells == by_body.cells
    for name in ("event", "row", "counts"):
        np.testing.assert_array_equal(getattr(by_column, name), getattr(by_body, name))
    assert sorted(by_column.faults, key=repr) == sorted(by_body.faults, key=repr)


NUMBERS = st.floats(0, 1).map(repr) | st.sampled_from(
    ["1.5", "nan", "", "0.5,0.5", " 0.5", "1_0", "yes", '"0.5"', "1e-3"]
)


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=3), min_size=1, max_size=5))
def test_both_ways_give_the_same_answers(said: list[list[str]]) -> None:
    """Where by column there is an answer at all."""
    table = events(*(("", "\n".join(numbers)) for numbers in said))
    counts = np.array([len(numbers) for numbers in said])
    by_column = columnar.answered(table, counts)
    if by_column is None:
        return
    by_body = rows.answered(table, counts, DATASET)
    assert (by_column.scores, by_column.called) == (by_body.scores, by_body.called)
    assert by_column.good.all()
    assert by_body.good.all()


def test_numbers_are_read_by_column() -> None:
    """Else the property above would say nothing."""
    found = columnar.answered(events(("", "0.5\n0.25\n"), ("", "1")), np.array([2, 1]))
    assert found is not None
    assert found.scores.to_pylist() == [0.5, 0.25, 1.0]


def test_answers_are_not_shifted_to_the_next_request() -> None:
    """As many in all is not as many for each."""
    assert columnar.answered(events(("", "0.1"), ("", "0.2\n0.3")), np.array([2, 1])) is None


def test_an_answer_in_an_encoding_that_nobody_knows_is_none() -> None:
    """Though it looks like a number."""
    table = events(("", "0.1"))
    place = table.column_names.index("output_encoding")
    for encoding, known in (("JSON", True), ("GZIP", False), (None, False)):
        said = table.set_column(place, "output_encoding", pa.array([encoding], pa.string()))
        assert (columnar.answered(said, np.array([1])) is not None) is known


@pytest.mark.parametrize("said", ["1.5", "nan", "yes", "0.1,0.9", "", "0.1\n0.2"])
def test_all_else_is_left_to_the_other_way(said: str) -> None:
    """It knows what is wrong with it, or what it means."""
    assert columnar.answered(events(("", said)), np.array([1])) is None
