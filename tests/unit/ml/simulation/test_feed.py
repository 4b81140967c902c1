"""A feed breaks as its change says, for the column that it names and no other."""

import numpy as np
import pyarrow as pa
import pytest

from include.ml.simulation import feed
from include.ml.simulation.changes import Broken, Change, Nulls

FEATURES = pa.table({"size": [1.5, 20.0, None], "colour": ["red", None, "blue"]})


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize(
    ("change", "arrives"),
    [
        (Broken(how="missing", column="colour"), {"size": [1.5, 20.0, None]}),
        (Broken(how="all_null", column="colour"), {"size": [1.5, 20.0, None], "colour": [None] * 3}),
        (Broken(how="text", column="size"), {"size": ["1,5", "20", None], "colour": ["red", None, "blue"]}),
        (Broken(how="unit", column="size"), {"size": [150.0, 2000.0, None], "colour": ["red", None, "blue"]}),
        (
            Broken(how="unit", column="size", factor=0.001),
            {"size": [0.0015, 0.02, None], "colour": ["red", None, "blue"]},
        ),
        (Nulls(column="size", share=1.0), {"size": [None] * 3, "colour": ["red", None, "blue"]}),
        (Broken(how="duplicated"), FEATURES.to_pydict()),
    ],
    ids=str,
)
def test_a_feed_breaks_as_it_says(change: Change, arrives: dict[str, list[object]]) -> None:
    """In full on a day that has it, not at all on one that has not."""
    assert feed.sent(FEATURES, (change,), 1.0, rng()).to_pydict() == arrives
    assert feed.sent(FEATURES, (change,), 0.0, rng()).equals(FEATURES)


def test_what_is_all_null_keeps_its_type() -> None:
    """A number that is blank is a number."""
    broken = feed.sent(FEATURES, (Broken(how="all_null", column="size"),), 1.0, rng())
    assert broken.schema == FEATURES.schema


def test_blanks_rise_by_their_share() -> None:
    """Half of it at half strength."""
    features = pa.table({"size": pa.array(range(10_000))})
    found = feed.sent(features, (Nulls(column="size", share=0.4),), 0.5, rng())
    assert found["size"].null_count == pytest.approx(2000, abs=150)


def test_some_rows_come_twice() -> None:
    """One after the other, the others once."""
    rows = feed.arrivals(10_000, (Broken(how="duplicated", share=0.3),), 1.0, rng())
    times = np.bincount(rows)
    assert set(times.tolist()) == {1, 2}
    assert (times == 2).mean() == pytest.approx(0.3, abs=0.02)
    assert (np.diff(rows) >= 0).all()


def test_an_unbroken_feed_sends_each_row_once() -> None:
    """In their order."""
    assert feed.arrivals(5, (Nulls(column="size", share=0.5),), 1.0, rng()).tolist() == [0, 1, 2, 3, 4]
