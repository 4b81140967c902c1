"""Faults of the feed."""

import numpy as np
import pyarrow as pa
import pytest

from include.ml.drift import quality
from include.ml.drift.columns import Levels, numbers
from include.ml.drift.sample import baseline_of, current_of
from include.specs.dataset import Column
from include.specs.drift import Violation

SIZE, COLOUR = Column(name="size", kind="numeric", minimum=0, maximum=10), Column(name="colour", kind="categorical")
TYPES = {"size": pa.float64(), "colour": pa.string(), "key": pa.string()}


def of_schema(current: dict[str, pa.DataType]) -> list[tuple[str, str, bool]]:
    """What is found, in short."""
    found = quality.of_schema([SIZE, COLOUR], TYPES, current, known={"key"})
    return [(violation.column, violation.kind, violation.breaks) for violation in found]


def of_numbers(values: list[float], rows: int) -> list[Violation]:
    """Against a baseline of one to nine, each a hundred times."""
    baseline = baseline_of(numbers(np.repeat(np.arange(1.0, 10.0), 100), rows=900))
    current = current_of(numbers(np.array(values), rows=rows), baseline.points, (0, 10))
    return quality.of_numbers(SIZE, baseline, current, limit=0.95)


def test_the_same_columns_are_no_fault() -> None:
    """Nor another type of the same family, nor columns that are known and no features."""
    assert of_schema({"size": pa.int32(), "colour": pa.dictionary(pa.int8(), pa.string()), "key": pa.int64()}) == []


def test_columns_that_are_missing_or_of_another_type_cannot_be_compared() -> None:
    """And the message says what to look at."""
    assert of_schema({"colour": pa.float64()}) == [("size", "missing_column", True), ("colour", "type_changed", True)]
    assert quality.broken(quality.of_schema([SIZE], TYPES, {}, known=set())) == {"size"}


def test_a_column_without_a_type_has_no_values() -> None:
    """As writers leave one that is blank throughout."""
    assert of_schema({**TYPES, "size": pa.null()}) == [("size", "all_missing", True)]


def test_a_new_column_is_told_and_breaks_nothing() -> None:
    """The model does not look at it."""
    assert of_schema({**TYPES, "age": pa.int8()}) == [("age", "new_column", False)]


def test_columns_that_nobody_asked_for_are_named_as_far_as_there_is_room() -> None:
    """The most frequent, whatever a caller calls them, and how many there are besides."""
    found = quality.unknown_columns({"x" * 500: 9, **{f"c{number:02d}": 2 for number in range(29)}})
    assert (len(found), found[0].column, found[0].rows, found[1].column) == (21, "x" * 80, 9, "c00")
    assert (found[-1].rows, found[-1].message[:15]) == (20, "10 more columns")
    assert max(len(fault.message) for fault in found) < 200
    assert not quality.broken(found)


@pytest.mark.parametrize(
    ("values", "rows", "kinds"),
    [
        ([1.0, 2.0], 2, []),
        ([1.0, np.inf, -np.inf], 3, [("infinite", 2, False)]),
        ([1.0, 11.0, -1.0, 10.0], 4, [("out_of_range", 2, False)]),
        ([], 4, [("all_missing", 4, True)]),
        ([np.inf], 4, [("all_missing", 4, True), ("infinite", 1, False)]),
        ([1.0] * 4, 100, [("mostly_missing", 96, True)]),
        ([1.0] * 5, 100, []),
        ([1.0, *[np.inf] * 50], 100, [("mostly_missing", 99, True), ("infinite", 50, False)]),
        ([], 1, []),
    ],
)
def test_numbers_are_looked_through(values: list[float], rows: int, kinds: list[tuple[str, int, bool]]) -> None:
    """Each fault with its rows."""
    assert [(found.kind, found.rows, found.breaks) for found in of_numbers(values, rows)] == kinds


def test_levels_that_are_all_blank_break() -> None:
    """Unless the baseline's were too."""
    blank, some = Levels(rows=50, missing=50, counts={}), Levels(rows=50, missing=0, counts={"a": 50})
    assert [found.kind for found in quality.of_levels(COLOUR, some, blank, limit=0.95)] == ["all_missing"]
    assert quality.of_levels(COLOUR, blank, blank, limit=0.95) == []


def test_a_feed_that_fails_in_the_course_of_the_day_says_how_much_came() -> None:
    """Blank and infinite cells together, beside the baseline's."""
    [fault, _] = of_numbers([1.0, *[np.inf] * 50], 100)
    assert fault.message == (
        "99 of 100 cells of size are blank or infinite, and 0.0% of the baseline's; the feed of it has failed"
    )


@pytest.mark.parametrize(("rows", "dead"), [(200, []), (5_000, ["all_missing"])])
def test_a_column_that_is_rarely_filled_is_dead_where_a_value_was_due(rows: int, dead: list[str]) -> None:
    """Of one row in a hundred, a small day may have none; of 5,000 it would be fifty."""
    seldom, never = Levels(rows=9_000, missing=8_910, counts={"a": 90}), Levels(rows=rows, missing=rows, counts={})
    assert [found.kind for found in quality.of_levels(COLOUR, seldom, never, limit=0.95)] == dead


def test_repeated_rows_are_told_and_many_of_them_break() -> None:
    """A file that came twice puts everything in doubt; one row that did does not."""
    assert quality.of_identifiers("key", 0, 1_000) == []
    assert [found.breaks for found in quality.of_identifiers("key", 5, 1_000)] == [False]
    assert [found.breaks for found in quality.of_identifiers("key", 500, 1_000)] == [True]
