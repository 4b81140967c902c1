"""A numeric feature of both sides: how far apart, whether that is chance, and what it looks like."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from include.ml.drift import anderson_darling
from include.ml.drift import kolmogorov_smirnov as ks
from include.ml.drift.blank_cells import compare_missing
from include.ml.drift.contingency import chi_squared, pooled
from include.ml.drift.distances import population_stability, wasserstein, wasserstein_on_grid
from include.ml.drift.grid import Counts
from include.ml.drift.sample import Numeric
from include.ml.drift.significance import untold
from include.ml.evaluation.predictions import Integers
from include.specs.drift import Effect, FeatureDrift, Shape, SignificanceTest
from include.specs.monitoring import DriftRule

# Up to so many values a column's own are compared one by one: a flag has no spread that a test of ranks could use.
FEW_VALUES = 12
BARS = 24
# What lies beyond is drawn in the last bar: one outlier must not flatten the picture.
DRAWN = (0.005, 0.995)


def compare_numbers(name: str, baseline: Numeric, current: Numeric, rule: DriftRule) -> FeatureDrift:
    """The comparison, not judged yet."""
    missing = compare_missing((baseline.missing, baseline.rows), (current.missing, current.rows))
    some = min(baseline.present, current.present) > 0
    return FeatureDrift(
        name=name,
        kind="numeric",
        test=_guard(baseline, current) if some else None,
        effect=Effect(
            measure="kolmogorov_smirnov",
            value=_distance(baseline, current) if some else 0.0,
            threshold=rule.effect,
        ),
        missing=missing,
        drifted=False,
        reason="",
        shape=_shape(baseline, current) if some else Shape(),
    )


def error(baseline: Numeric, current: Numeric) -> float:
    """By how much the distance may be larger than is said: nothing where all values were there to look at."""
    if baseline.values is not None and current.values is not None:
        return 0.0
    within = ks.interval(baseline.counts, current.counts)
    return within.high - within.low


def _distance(baseline: Numeric, current: Numeric) -> float:
    if baseline.values is None or current.values is None:
        return ks.interval(baseline.counts, current.counts).low
    return ks.distance(baseline.values, current.values, (baseline.counts, current.counts))


def _guard(baseline: Numeric, current: Numeric) -> SignificanceTest:
    if len(baseline.points) <= FEW_VALUES:
        levels = [_each_value(side.counts) for side in (baseline, current)]
        return untold("chi_squared", *chi_squared(*pooled(*levels)))
    statistic = anderson_darling.statistic(baseline.counts, current.counts)
    return untold("anderson_darling", statistic, anderson_darling.significance(statistic))


def _each_value(counts: Counts) -> Integers:
    """Rows with each of the baseline's few values, and between and beyond them."""
    between = np.append(counts.below, counts.total) - np.concatenate(([0], counts.upto))
    return np.concatenate((counts.upto - counts.below, between))


def measure_numbers(baseline: Numeric, current: Numeric, distance: float) -> Mapping[str, float]:
    """What a reader knows from elsewhere; it decides nothing. Nothing where a side has no values.

    Args:
        distance: of Kolmogorov and Smirnov, which the comparison has found.
    """
    if not (baseline.present and current.present):
        return {}
    # Values of 1e308 are finite, and their differences need not be.
    with np.errstate(over="ignore", invalid="ignore"):
        found = _measured(baseline, current, distance)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _measured(baseline: Numeric, current: Numeric, distance: float) -> Mapping[str, float]:
    if baseline.values is None or current.values is None:
        moved = wasserstein_on_grid(baseline.points, baseline.counts, current.counts)
        p_value = ks.asymptotic(distance, baseline.present, current.present)
    else:
        moved = wasserstein(baseline.values, current.values)
        p_value = ks.significance(distance, baseline.values, current.values)
    found = {
        "kolmogorov_smirnov_p": p_value,
        "psi": population_stability(baseline.counts, current.counts),
        "wasserstein": moved,
    }
    return {**found, "wasserstein_sd": moved / baseline.spread} if baseline.spread else found


def _shape(baseline: Numeric, current: Numeric) -> Shape:
    """Bars of equal width as far as the grid's points allow: what is counted at a point is known exactly."""
    points, counts = baseline.points, baseline.counts
    if len(points) <= FEW_VALUES:
        inner = np.arange(len(points) - 1)
        middles = points[1:] / 2 + points[:-1] / 2
        edges = np.concatenate((points[:1] - 0.5, middles, points[-1:] + 0.5))
    else:
        low, high = (int(np.searchsorted(counts.upto, share * counts.total)) for share in DRAWN)
        if low == high:
            # Nearly all rows have one value: it is drawn with the others, few as they are.
            low, high = 0, len(points) - 1
        share = np.linspace(0, 1, BARS + 1)
        even = points[low] * (1 - share) + points[high] * share
        at = np.unique(np.searchsorted(points, even).clip(0, len(points) - 1))
        inner, edges = at[1:-1], points[at]
    shares = [_bars(side.counts, inner) for side in (baseline, current)]
    return Shape(edges=tuple(edges.tolist()), baseline=shares[0], current=shares[1])


def _bars(counts: Counts, inner: Integers) -> tuple[float, ...]:
    ends = np.concatenate(([0], counts.upto[inner], [counts.total]))
    return tuple((np.diff(ends) / counts.total).tolist())
