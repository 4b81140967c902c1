"""A numeric column of one side."""

import numpy as np
import pytest

from include.ml.drift.columns import numbers
from include.ml.drift.sample import baseline_of, current_of, outside


def test_both_sides_stand_on_the_baselines_grid() -> None:
    """With blank cells and infinities apart."""
    ours = baseline_of(numbers(np.array([1.0, 2.0, 3.0]), rows=4))
    theirs = current_of(numbers(np.array([2.0, np.inf, 9.0]), rows=3), ours.points, (0.0, 5.0))
    assert (ours.present, ours.missing, theirs.present, theirs.infinite, theirs.outside) == (3, 1, 2, 1, 1)
    assert theirs.counts.upto.tolist() == [0, 1, 1]
    assert ours.spread == pytest.approx(np.std([1, 2, 3]))


@pytest.mark.parametrize(
    ("limits", "expected"), [((None, None), 0), ((2, None), 1), ((None, 2), 1), ((2, 2), 2), ((5, 9), 3)]
)
def test_limits_are_inclusive(limits: tuple[float | None, float | None], expected: int) -> None:
    """And either may be open."""
    assert outside(np.array([1.0, 2.0, 3.0]), limits) == expected


def test_nothing_is_no_error() -> None:
    """A column that is all blank has no grid and no spread."""
    empty = baseline_of(numbers(np.empty(0), rows=5))
    assert (empty.present, empty.missing, empty.spread, len(empty.points)) == (0, 5, 0.0, 0)
