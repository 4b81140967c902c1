"""Whole rows of both sides."""

import numpy as np
import pyarrow as pa

from include.ml.drift.rows import Rows, drawn, groups, is_current, numbers
from include.ml.drift.source import one_row_an_entity, open_source
from include.specs.dataset import Column


def test_a_sample_is_of_whole_rows(write) -> None:
    """Across row groups, in order, and the same for the same seed."""
    source = open_source(write("a.parquet", {"x": np.arange(2_000), "y": [f"r{row}" for row in range(2_000)]}))
    sample = drawn(source, 7, 50)
    rows = sample.column("x").to_pylist()
    assert (len(rows), rows) == (50, sorted(rows))
    assert sample.column("y").to_pylist() == [f"r{row}" for row in rows]
    assert drawn(source, 7, 50).places.tolist() == sample.places.tolist() != drawn(source, 8, 50).places.tolist()


def test_few_rows_are_all_taken(write) -> None:
    """Of those that count."""
    source = one_row_an_entity(open_source(write("a.parquet", {"who": ["a", "a", "b"], "x": [1, 2, 3]})), "who")
    assert drawn(source, 7, 50).column("x").to_pylist() == [2, 3]


def sides(write, one: dict, other: dict) -> tuple[Rows, Rows]:
    """All rows of both."""
    return drawn(open_source(write("a.parquet", one)), 1), drawn(open_source(write("b.parquet", other)), 1)


def test_cells_are_numbers(write) -> None:
    """Blank ones NaN; levels by how frequent they are on both sides together."""
    pair = sides(
        write,
        {"x": [1.5, None], "level": ["b", "a"], "flag": [True, None]},
        {"x": [2.5, np.inf], "level": ["b", None], "flag": [True, False]},
    )
    assert repr(numbers(pair, Column(name="x", kind="numeric")).tolist()) == "[1.5, nan, 2.5, nan]"
    assert repr(numbers(pair, Column(name="level", kind="categorical")).tolist()) == "[0.0, 1.0, 0.0, nan]"
    assert repr(numbers(pair, Column(name="flag", kind="categorical")).tolist()) == "[0.0, nan, 0.0, 1.0]"
    assert is_current(pair).tolist() == [False, False, True, True]


def test_an_entity_is_the_same_on_both_sides(write) -> None:
    """Without entities, every row is its own."""
    pair = sides(write, {"who": ["a", "b", None]}, {"who": pa.array(["b", None])})
    found = groups(pair, "who").tolist()
    assert (found[1] == found[3], len(set(found))) == (True, 4)
    assert groups(pair, None).tolist() == [0, 1, 2, 3, 4]
