"""The two-sample test of Kolmogorov and Smirnov: what `scipy.stats.ks_2samp` says, without its cost at a million rows.

Sources: Smirnov (1948); Pelz and Good, "Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample
statistic" (JRSS B, 1976); Simard and L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov distribution" (JSS, 2011).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from include.ml.drift.grid import Counts, count
from include.ml.evaluation.predictions import Booleans, Floats

# SciPy counts paths where both samples have at most 10,000 values; the effective size is then at most 5,000.
EXACT_SIZE = 5_000
# Up to this product of the sizes, which is that of SciPy's own limit, counting takes a twentieth of a second a column.
# What it would change beyond is less than a hundredth of the p-value, which decides nothing.
EXACT_PRODUCT = 10**8
# From n x² = 2.2 on, twice the one-sided tail is the two-sided one (Simard and L'Ecuyer).
ONE_SIDED_FROM = 2.2
# Of the values of a stretch that may hold the largest difference, one in so many is looked at before all are.
STRIDE = 16
Stretch = tuple[slice, slice]
# Beyond, SciPy takes the sum's limit, and so do we.
SUMMED = 10**6
# Of Smirnov's sum that are added up.
TERMS = 4_096
# Beyond, the tail is below the smallest double.
NOTHING_FROM = 370.0


@dataclass(frozen=True, kw_only=True)
class Interval:
    """What a distance certainly lies within."""

    low: float
    high: float


def interval(baseline: Counts, current: Counts) -> Interval:
    """The distance as far as the counts on one grid say: at a point they say it, between two they bound it.

    >>> one = Counts(below=np.array([0, 2]), upto=np.array([1, 4]), total=4)
    >>> interval(one, Counts(below=np.array([0, 1]), upto=np.array([1, 4]), total=4))
    Interval(low=0.25, high=0.25)
    """
    gap = np.abs(baseline.steps - current.steps)
    low = float(gap.max())
    return Interval(low=low, high=max(low, float(_ceilings(baseline, current).max())))


def uncertain(baseline: Counts, current: Counts, floor: float) -> Booleans:
    """(points + 1,) the cells in which the distance may exceed `floor`: before, between and after the points."""
    # Sums of shares are rounded; a cell that reaches `floor` by a rounding error has nothing to add.
    return np.asarray(_ceilings(baseline, current) > floor + 1e-13)


def distance(baseline: Floats, current: Floats, counts: tuple[Counts, Counts]) -> float:
    """The largest difference of two empirical distribution functions, exactly.

    Only cells that can hold it are looked into: a few in a hundred, of a million values.

    Args:
        baseline, current: (values,) ascending and finite, at least one. counts: theirs, on one grid.

    >>> from include.ml.drift.grid import points_of
    >>> a, b = np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.5, 3.5, 4.5])
    >>> distance(a, b, (count(a, points_of(a)), count(b, points_of(a))))
    0.5
    """
    ours, theirs = counts
    found = interval(ours, theirs).low
    stretches = [(ranks(ours, *run), ranks(theirs, *run)) for run in runs(uncertain(ours, theirs, found))]
    found, stretches = _narrowed(baseline, current, found, stretches)
    for one, other in stretches:
        found = max(found, _largest(baseline[one], current[other], (one, other), (ours.total, theirs.total)))
    return found


def distance_of_cells(baseline: Floats, current: Floats, counts: tuple[Counts, Counts], cells: Booleans) -> float:
    """The same where of `current` only the values in the uncertain `cells` are known.

    Args:
        baseline: all values. current: those within `cells`, ascending. cells: what `uncertain` says of `interval.low`.
    """
    ours, theirs = counts
    found, taken = interval(ours, theirs).low, 0
    for start, end in runs(cells):
        one, other = ranks(ours, start, end), ranks(theirs, start, end)
        # Points between the cells of a run have values as well; their counts hold them.
        size = other.stop - other.start
        part = current[taken : taken + size]
        found = max(found, _largest(baseline[one], part, (one, other), (ours.total, theirs.total)))
        taken += size
    return found


def significance(distance_: float, baseline: Floats, current: Floats) -> float:
    """The p-value of `distance_`: exact for small samples, as SciPy's asymptotic one for others."""
    sizes = len(baseline), len(current)
    if effective_size(*sizes) <= EXACT_SIZE and sizes[0] * sizes[1] <= EXACT_PRODUCT:
        # All of scipy.stats is half a second to import: only small samples need it.
        from scipy.stats import ks_2samp  # noqa: PLC0415

        return float(ks_2samp(baseline, current, method="exact").pvalue)
    return asymptotic(distance_, *sizes)


def effective_size(one: int, other: int) -> float:
    """Of which one sample, held against a known distribution, would be as informative as the two."""
    return one * other / (one + other)


def asymptotic(distance_: float, one: int, other: int) -> float:
    """The chance of a larger distance of samples so large, as `ks_2samp(method="asymp")` gives it.

    >>> f"{asymptotic(0.02, 10_000, 20_000):.10g}"
    '0.009522631973'
    """
    size = round(effective_size(one, other))
    if size <= EXACT_SIZE:
        from scipy.stats import kstwo  # noqa: PLC0415 as above

        return float(kstwo.sf(distance_, size))
    square = size * distance_**2
    if distance_ >= 1 or square >= NOTHING_FROM:
        return 0.0
    if square >= ONE_SIDED_FROM:
        return min(1.0, 2 * _one_sided(size, distance_))
    return min(1.0, max(0.0, 1 - _pelz_good(size, distance_))) if square > 0 else 1.0


def _ceilings(baseline: Counts, current: Counts) -> Floats:
    """(points + 1,) within a cell one sample may have all its values before the first of the other."""
    one, other = baseline.steps, current.steps
    return np.asarray(np.maximum(one[1::2] - other[::2], other[1::2] - one[::2]))


def runs(chosen: Booleans) -> list[tuple[int, int]]:
    """Neighbouring True cells as [start, end).

    >>> runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], chosen, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def ranks(counts: Counts, start: int, end: int) -> slice:
    """The ranks of the values in the cells [start, end): after the point before them, and before the point after."""
    first = int(counts.upto[start - 1]) if start else 0
    return slice(first, int(counts.below[end - 1]) if end <= len(counts.below) else counts.total)


def _narrowed(baseline: Floats, current: Floats, found: float, stretches: list[Stretch]) -> tuple[float, list[Stretch]]:
    """A finer grid within the stretches: a distance that is found there, and what may still hold a larger one."""
    wide = [one for one, _ in stretches if one.stop - one.start > STRIDE]
    if not wide:
        return found, stretches
    places = [np.append(np.arange(one.start, one.stop, STRIDE), one.stop - 1) for one in wide]
    joined = np.concatenate([np.arange(len(each)) < len(each) - 1 for each in places])[:-1]
    points = baseline[np.concatenate(places)]
    ours, theirs = count(baseline, points), count(current, points)
    found = max(found, interval(ours, theirs).low)
    chosen = np.concatenate(([False], uncertain(ours, theirs, found)[1:-1] & joined, [False]))
    narrow = [stretch for stretch in stretches if stretch[0].stop - stretch[0].start <= STRIDE]
    return found, narrow + [(ranks(ours, *run), ranks(theirs, *run)) for run in runs(chosen)]


def _largest(one: Floats, other: Floats, at: tuple[slice, slice], sizes: tuple[int, int]) -> float:
    """The largest difference at the values of a stretch, of which `at` says where in each sample it lies."""
    points = np.concatenate((one, other))
    ranks = [
        (where.start + np.searchsorted(part, points, side="right")) / size
        for part, where, size in zip((one, other), at, sizes, strict=True)
    ]
    return float(np.abs(ranks[0] - ranks[1]).max(initial=0.0))


def _one_sided(size: int, distance_: float) -> float:
    """P(D⁺ₙ > distance) by Smirnov's sum, for samples that are not small.

    `scipy.special.smirnov` adds up half a million terms, in as many microseconds. They lie on a smooth bump that
    vanishes at both ends with all its derivatives: the trapezoidal rule over some thousand gives all digits of the sum.
    """
    if size > SUMMED:
        return math.exp(-((6 * size * distance_ + 1) ** 2) / (18 * size))
    rank = np.linspace(0, size * (1 - distance_), TERMS + 2)[1:-1]
    rest, moved = size - rank, size * distance_
    up, down = moved / rank, moved / rest
    # The binomial probability of `rank` where its chance is rank / size + distance (Loader, 2000).
    exponent = -rank * (up - np.log1p(up)) + rest * (down + np.log1p(-down))
    exponent += _stirling_error(size) - _stirling_error(rank) - _stirling_error(rest)
    terms = np.exp(exponent) * np.sqrt(size / (2 * math.pi * rank * rest)) * distance_ / (distance_ + rank / size)
    return float(terms.sum() * (rank[1] - rank[0]))


def _stirling_error(n: Floats | float) -> Floats | float:
    """log n! less Stirling's approximation of it."""
    return 1 / (12 * n) - 1 / (360 * n**3) + 1 / (1260 * n**5)


def _pelz_good(size: int, distance_: float) -> float:
    """P(Dₙ ≤ distance) by the theta series of Pelz and Good (1976), to terms of n^(-3/2); for z that is not large."""
    z = math.sqrt(size) * distance_
    if math.pi**2 / (8 * z * z) > 700:  # noqa: PLR2004 below the smallest double
        return 0.0
    odd = np.arange(1, 2 * math.ceil(16 * z / math.pi) + 2, 2)
    even = np.arange(1, math.ceil(16 * z / math.pi) + 1) ** 2
    m = (math.pi * odd / 2) ** 2
    q, whole = np.exp(-m / (2 * z * z)), np.exp(-2 * math.pi**2 * even / (4 * z * z)) * even * math.pi**2
    a, b = z * z, z**4
    first = q.sum() / z
    second = (q * (m - a)).sum() / (6 * b)
    third = (q * (6 * z**6 + 2 * b + (2 * b - 5 * a) * m + (1 - 2 * a) * m**2)).sum() / (72 * z**7)
    third -= whole.sum() / (36 * z**3)
    fourth = q * (-30 * z**6 - 90 * z**8 + (135 * b - 96 * z**6) * m + (212 * b - 60 * a) * m**2 + (5 - 30 * a) * m**3)
    last = fourth.sum() / (6480 * z**10) + (whole * (3 * a - math.pi**2 * even)).sum() / (216 * z**6)
    root = math.sqrt(size)
    return float(math.sqrt(2 * math.pi) * (first + second / root + third / root**2 + last / root**3))
