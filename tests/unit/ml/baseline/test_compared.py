"""Features as drift compares them."""

import datetime as dt

import pyarrow as pa
import pytest

from include.ml.baseline.compared import as_compared, named, newest_of_entities, times_of_day
from include.specs.catalog import load
from include.specs.dataset import Column

AT, SIZE = Column(name="at", kind="timestamp"), Column(name="size", kind="numeric")


def test_a_moment_is_its_time_of_day():
    """Whatever the date; a blank one stays blank, and other columns stay as they are."""
    moments = [dt.datetime(2026, 3, day, 1, 0, 5, tzinfo=dt.UTC) for day in (1, 2)]
    table = pa.table({"size": [1.0, 2.0, 3.0], "at": pa.array([*moments, None], pa.timestamp("us", "UTC"))})
    found = times_of_day(table, (AT, SIZE))
    assert found.to_pydict() == {"size": [1.0, 2.0, 3.0], "at": [3605.0, 3605.0, None]}


def test_it_is_a_number_then():
    """Of the same name; a number stays what it is."""
    assert (as_compared(AT).kind, as_compared(AT).name, as_compared(SIZE)) == ("numeric", "at", SIZE)


def test_a_column_of_blanks_is_one_that_callers_do_not_name():
    """As where bodies are rows without names."""
    table = pa.table({"at": pa.array([None, None], pa.string()), "size": pa.array(["1", None])})
    assert named((AT, SIZE), table) == ["size"]


@pytest.mark.parametrize(
    ("people", "rows"), [(["x", "x", "y"], [2, 3]), ([None, None, "y"], [1, 2, 3]), ([None, None, None], [1, 2, 3])]
)
def test_of_an_entity_the_newest_row_counts(people, rows):
    """Rows without one count each for itself."""
    fraud = load()["fraud"].dataset
    table = pa.table({"size": [1, 2, 3], "ENTITY_ID": pa.array(people, pa.string())})
    assert newest_of_entities(table, fraud)["size"].to_pylist() == rows
    assert newest_of_entities(table, load()["churn"].dataset) is table
