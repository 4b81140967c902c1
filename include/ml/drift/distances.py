"""How far apart two distributions are: what a day's verdict rests on, and what a reader knows from elsewhere."""

from __future__ import annotations

import math

import numpy as np

from include.ml.drift.grid import Counts, deciles_of
from include.ml.evaluation.predictions import Floats, Integers

# Values at a time: what fits into a core's cache.
CHUNK = 2**15
EXACT_DOUBLES = 2**52
# Added to every bin, so that an empty one has a logarithm.
HALF_A_ROW = 0.5


def wasserstein(one: Floats, other: Floats) -> float:
    """The area between two distribution functions, in the values' unit; equal to `scipy.stats.wasserstein_distance`.

    Args:
        one, other: (values,) ascending and finite, at least one.

    >>> wasserstein(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 8.0]))
    5.0
    """
    if len(one) == len(other):
        parts = (slice(start, start + CHUNK) for start in range(0, len(one), CHUNK))
        return math.fsum(float(np.abs(one[part] - other[part]).sum()) for part in parts) / len(one)
    more, fewer = (one, other) if len(one) > len(other) else (other, one)
    return math.fsum(_transported(more, fewer, start) for start in range(0, len(more), CHUNK))


def wasserstein_on_grid(points: Floats, baseline: Counts, current: Counts) -> float:
    """The same from counts alone: what lies within a cell is taken as spread evenly, outside the grid as at its end."""
    gap = (baseline.steps - current.steps)[2:-2]
    left, right = gap[::2], gap[1::2]
    crossing = left * right < 0
    span = np.where(crossing, np.abs(left) + np.abs(right), 1.0)
    mean = np.where(crossing, (left**2 + right**2) / (2 * span), np.abs(left + right) / 2)
    return float((np.diff(points) * mean).sum())


def population_stability(baseline: Counts, current: Counts) -> float:
    """PSI over the baseline's tenths, counted with half a row more in each; above 0.2 is what most call a change.

    >>> same = Counts(below=np.arange(20), upto=np.arange(1, 21), total=20)
    >>> population_stability(same, same)
    0.0
    """
    deciles = deciles_of(baseline)
    # A sample of one value has one bin, and its neighbours.
    deciles = deciles[deciles < len(baseline.upto)]
    shares = [_shares(counts, deciles) for counts in (baseline, current)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def total_variation(baseline: Integers, current: Integers) -> float:
    """Half the sum of the differences of the levels' shares: the share of rows that would have to change their level.

    >>> total_variation(np.array([5, 5]), np.array([9, 1]))
    0.4
    """
    return float(np.abs(baseline / baseline.sum() - current / current.sum()).sum() / 2)


def jensen_shannon(baseline: Integers, current: Integers) -> float:
    """The distance (a square root, in nats) of two rows of counts; equal to `scipy.spatial.distance.jensenshannon`.

    >>> round(jensen_shannon(np.array([1, 0]), np.array([0, 1])), 6)
    0.832555
    """
    shares = baseline / baseline.sum(), current / current.sum()
    middle = (shares[0] + shares[1]) / 2
    return math.sqrt(max(0.0, sum(_divergence(share, middle) for share in shares) / 2))


def cramers_v(statistic: float, rows: int, levels: int) -> float:
    """Cramér's V of a table of two rows; it depends on the ratio of the two samples' sizes, and decides nothing.

    >>> cramers_v(10.0, 1_000, 4)
    0.1
    """
    return math.sqrt(statistic / rows) if levels > 1 else 0.0


def _divergence(share: Floats, middle: Floats) -> float:
    some = share > 0
    return float((share[some] * np.log(share[some] / middle[some])).sum())


def _shares(counts: Counts, deciles: Integers) -> Floats:
    bins = np.diff(np.concatenate(([0], counts.upto[deciles], [counts.total]))) + HALF_A_ROW
    return np.asarray(bins / bins.sum())


def _transported(more: Floats, fewer: Floats, start: int) -> float:
    """What a chunk of the larger sample adds: of equal masses 1/n, each meets one or two of the larger masses 1/m."""
    n, m = len(more), len(fewer)
    mine = more[start : start + CHUNK]
    rank = np.arange(start, start + len(mine), dtype=np.int64) * m
    # Division of integers takes four times as long as all the rest; doubles are as exact up to 2^52.
    met = (rank / n).astype(np.int64) if n * m < EXACT_DOUBLES else rank // n
    # In units of 1/(n m): mass that its first partner still takes, at most all of it.
    first = np.minimum((met + 1) * n - rank, m)
    partner = fewer[met]
    after = fewer[np.minimum(met + 1, m - 1)]
    moved = first * np.abs(mine - partner) + (m - first) * np.abs(mine - after)
    return float(moved.sum()) / n / m
