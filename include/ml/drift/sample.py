"""A numeric column of one side as it is compared: its counts on the baseline's grid, and its values where kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from include.ml.drift.columns import Numbers
from include.ml.drift.grid import Counts, count, points_of
from include.ml.evaluation.predictions import Floats


@dataclass(frozen=True, kw_only=True)
class Numeric:
    """A numeric column on a grid.

    Args:
        rows, missing, infinite: see `columns.Numbers`.
        points: (points,) the baseline's grid, on both sides. counts: of this side's values there.
        spread: standard deviation of the values; 0 where there are none or it is no number (1.8e308 is among them), and
            on the current side, which has no need.
        values: all of them, ascending, or None where they were counted as they went by.
        outside: values beyond the limits that the column has by its specification.
    """

    rows: int
    missing: int
    infinite: int
    points: Floats
    counts: Counts
    spread: float = 0.0
    values: Floats | None = None
    outside: int = 0

    @property
    def present(self) -> int:
        """How many finite values there are."""
        return self.counts.total


def baseline_of(numbers: Numbers, also: Sequence[float] = ()) -> Numeric:
    """The side that makes the grid. `also`: further points of it, such as a threshold to count at."""
    points = np.union1d(points_of(numbers.values), also) if also else points_of(numbers.values)
    return Numeric(
        rows=numbers.rows,
        missing=numbers.missing,
        infinite=numbers.infinite,
        points=points,
        counts=count(numbers.values, points),
        spread=_spread(numbers.values),
        values=numbers.values,
    )


def current_of(numbers: Numbers, points: Floats, limits: tuple[float | None, float | None] = (None, None)) -> Numeric:
    """The side that is held against it. `limits`: the smallest and the largest value that is allowed."""
    return Numeric(
        rows=numbers.rows,
        missing=numbers.missing,
        infinite=numbers.infinite,
        points=points,
        counts=count(numbers.values, points),
        values=numbers.values,
        outside=outside(numbers.values, limits),
    )


def _spread(values: Floats) -> float:
    if not len(values):
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(values.std())
    return spread if np.isfinite(spread) else 0.0


def outside(values: Floats, limits: tuple[float | None, float | None]) -> int:
    """How many of `values` (ascending) lie beyond the limits.

    >>> outside(np.array([-1.0, 0.0, 5.0, 9.0]), (0, 5))
    2
    """
    low, high = limits
    below = 0 if low is None else int(np.searchsorted(values, low, side="left"))
    above = 0 if high is None else len(values) - int(np.searchsorted(values, high, side="right"))
    return below + above
