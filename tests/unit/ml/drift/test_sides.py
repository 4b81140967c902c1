"""The two sides, as files."""

from include.ml.drift.sides import FileBaseline, FileDay
from include.ml.drift.source import one_row_an_entity, open_source
from include.specs.dataset import Column

SIZE, COLOUR = Column(name="size", kind="numeric", maximum=2), Column(name="colour", kind="categorical")


def test_a_column_at_a_time_on_one_grid(write) -> None:
    """With limits looked at on the way."""
    baseline = FileBaseline(source=open_source(write("a.parquet", {"size": [1.0, 2.0], "colour": ["x", "y"]})))
    day = FileDay(source=open_source(write("b.parquet", {"size": [1.0, 9.0, None], "colour": ["x", "x", None]})))
    ours = baseline.numeric(SIZE)
    theirs = day.numeric(SIZE, ours.points)
    assert (theirs.points.tolist(), theirs.missing, theirs.outside) == ([1.0, 2.0], 1, 1)
    assert (day.levels(COLOUR).counts, day.levels(COLOUR).missing) == ({"x": 2}, 1)
    assert (baseline.rows, day.independent, list(day.types)) == (2, 3, ["size", "colour"])


def test_repetitions_are_looked_for_among_all_rows(write) -> None:
    """Blank ids repeat nothing, and earlier rows of an entity are no repetition."""
    columns = {"who": ["a", "a", "b", "b"], "key": ["k1", "k2", "k1", None], "number": [1, 2, 3, 1]}
    source = open_source(write("a.parquet", columns, row_group=2))
    assert FileDay(source=source).repeated("key") == 1
    assert FileDay(source=one_row_an_entity(source, "who")).repeated("number") == 1
