"""A sample by its counts at some thousand points of the baseline: all that most measures need, whatever the rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from include.ml.evaluation.predictions import Floats, Integers

# Between two points lies at most one part in so many of the baseline: the error of a distance that is read off them.
CELLS = 4096
DECILES = 10


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A sample's empirical distribution at the points of a grid, just below each of them and at it.

    Args:
        below: (points,) how many values are smaller. upto: (points,) how many are smaller or equal.
        total: how many values there are.
    """

    below: Integers
    upto: Integers
    total: int

    @cached_property
    def steps(self) -> Floats:
        """(2 points + 2,) the distribution function from 0 to 1: below and at each point, in order."""
        counts = np.empty(2 * len(self.below) + 2)
        counts[0], counts[1:-1:2], counts[2:-1:2], counts[-1] = 0, self.below, self.upto, self.total
        return counts / max(self.total, 1)


def points_of(values: Floats, cells: int = CELLS) -> Floats:
    """The grid of a sample: its smallest and largest value, even steps of rank between, and its deciles.

    Args:
        values: (values,) ascending and finite.

    >>> points_of(np.arange(101.0), cells=4).tolist()
    [0.0, 9.0, 19.0, 25.0, 29.0, 39.0, 49.0, 50.0, 59.0, 69.0, 75.0, 79.0, 89.0, 100.0]
    """
    if not len(values):
        return np.empty(0)
    last = len(values) - 1
    even = np.arange(cells + 1, dtype=np.int64) * last // cells
    return np.unique(values[np.union1d(even, _decile_ranks(len(values)))])


def deciles_of(counts: Counts) -> Integers:
    """Which points of its grid are a sample's deciles, the upper ends of its tenths but the last."""
    return np.unique(np.searchsorted(counts.upto, _decile_ranks(counts.total), side="right"))


def count(values: Floats, points: Floats) -> Counts:
    """Counts of `values` (ascending) at the points.

    >>> counts = count(np.array([1.0, 2.0, 2.0, 9.0]), np.array([2.0, 3.0]))
    >>> counts.below.tolist(), counts.upto.tolist(), counts.total
    ([1, 3], [3, 3], 4)
    """
    return Counts(
        below=np.searchsorted(values, points, side="left"),
        upto=np.searchsorted(values, points, side="right"),
        total=len(values),
    )


def total(parts: list[Counts]) -> Counts:
    """The counts of several samples together, at least one, on one grid."""
    below: Any = np.sum([part.below for part in parts], axis=0)
    upto: Any = np.sum([part.upto for part in parts], axis=0)
    return Counts(below=below, upto=upto, total=sum(part.total for part in parts))


def _decile_ranks(rows: int) -> Integers:
    """Of the last value of each tenth but the last, counted from 0."""
    return np.maximum(np.arange(1, DECILES, dtype=np.int64) * rows // DECILES - 1, 0)
