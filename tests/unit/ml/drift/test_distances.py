"""Distances between distributions, held against SciPy."""

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from include.ml.drift import distances
from include.ml.drift.grid import count, points_of

SAMPLES = arrays.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e3, 1e3))
LEVELS = arrays.arrays(np.int64, 6, elements=st.integers(0, 50))


@given(SAMPLES, SAMPLES)
def test_wasserstein_is_scipys(one: np.ndarray, other: np.ndarray) -> None:
    """For any two sizes."""
    expected = scipy.stats.wasserstein_distance(one, other)
    assert distances.wasserstein(np.sort(one), np.sort(other)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("sizes", [(100_000, 100_000), (100_000, 99_999), (100_000, 4_321), (70_001, 140_002)])
def test_wasserstein_of_several_chunks_is_scipys(sizes: tuple[int, int]) -> None:
    """Equal sizes have a way of their own."""
    rng = np.random.default_rng(1)
    one, other = np.sort(rng.normal(size=sizes[0])), np.sort(rng.normal(0.1, size=sizes[1]))
    expected = scipy.stats.wasserstein_distance(one, other)
    assert distances.wasserstein(one, other) == pytest.approx(expected, rel=1e-9)
    points = points_of(one)
    on_grid = distances.wasserstein_on_grid(points, count(one, points), count(other, points))
    assert on_grid == pytest.approx(expected, rel=0.02)


@given(LEVELS, LEVELS)
def test_distances_of_levels_are_scipys(one: np.ndarray, other: np.ndarray) -> None:
    """Jensen-Shannon, and Cramér's V from the contingency test's statistic."""
    one, other = one + (np.arange(6) == 0), other + (np.arange(6) == 1)
    expected = scipy.spatial.distance.jensenshannon(one, other)
    assert distances.jensen_shannon(one, other) == pytest.approx(expected, rel=1e-7, abs=1e-7)
    table = np.array([one, other])[:, (one + other) > 0]
    statistic = scipy.stats.chi2_contingency(table, correction=False).statistic
    v = distances.cramers_v(statistic, int(table.sum()), table.shape[1])
    assert v == pytest.approx(scipy.stats.contingency.association(table, method="cramer"), abs=1e-9)


@given(LEVELS, LEVELS)
def test_total_variation_is_what_must_move(one: np.ndarray, other: np.ndarray) -> None:
    """Within [0, 1], and nothing for equal shares."""
    one, other = one + 1, other + 1
    assert 0 <= distances.total_variation(one, other) < 1
    assert distances.total_variation(one, 3 * one) == pytest.approx(0, abs=1e-12)


def test_population_stability_is_the_textbooks() -> None:
    """Over tenths of the baseline, up to the half row that keeps an empty bin from infinity."""
    rng = np.random.default_rng(2)
    one, other = np.sort(rng.normal(size=50_000)), np.sort(rng.normal(0.5, size=50_000))
    points = points_of(one)
    edges = np.concatenate(([-np.inf], np.quantile(one, np.arange(0.1, 0.95, 0.1)), [np.inf]))
    shares = [np.histogram(side, edges)[0] / 50_000 for side in (one, other)]
    textbook = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    found = distances.population_stability(count(one, points), count(other, points))
    assert found == pytest.approx(textbook, rel=1e-2)


def test_population_stability_is_finite_where_a_bin_is_empty() -> None:
    """And where the baseline is one value."""
    for one, other in (([1.0, 2.0], [9.0]), ([5.0] * 9, [5.0] * 4), ([5.0] * 9, [6.0])):
        points = points_of(np.array(one))
        assert np.isfinite(distances.population_stability(count(np.array(one), points), count(np.array(other), points)))
