"""Features as drift compares them."""

import datetime as dt

import pyarrow as pa

from include.ml.baseline.compared import as_compared, named, times_of_day
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
