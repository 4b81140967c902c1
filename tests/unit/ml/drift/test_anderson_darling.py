"""The two-sample test of Anderson and Darling on a grid."""

from collections.abc import Callable

import numpy as np
import pytest

from include.ml.drift import anderson_darling as ad
from include.ml.drift.grid import CELLS, count, points_of

Sampler = Callable[[np.random.Generator, int], np.ndarray]


def p_value(one: np.ndarray, other: np.ndarray, cells: int = CELLS) -> float:
    """Of two samples in any order."""
    points = points_of(np.sort(one), cells)
    return ad.significance(ad.statistic(count(np.sort(one), points), count(np.sort(other), points)))


def test_the_statistic_is_pettitts() -> None:
    """His sum over ranks is the integral of steps, ours of straight lines between: a hair less."""
    rng = np.random.default_rng(0)
    one, other = np.sort(rng.normal(size=3_000)), np.sort(rng.normal(0.05, size=2_000))
    rank = np.arange(1, 5_000)
    ours = np.searchsorted(one, np.sort(np.concatenate((one, other)))[:-1], side="right")
    theirs = float(((5_000 * ours - 3_000 * rank) ** 2 / (rank * (5_000 - rank))).sum()) / (3_000 * 2_000)
    points = points_of(one)
    assert ad.statistic(count(one, points), count(other, points)) == pytest.approx(theirs, rel=1e-3)


# D'Agostino and Stephens, "Goodness-of-fit techniques" (1986), table 4.2, case 0.
@pytest.mark.parametrize(("value", "chance"), [(1.248, 0.25), (1.933, 0.10), (2.492, 0.05), (3.070, 0.025)])
def test_p_values_are_those_of_the_tables(value: float, chance: float) -> None:
    """To within a hundredth, which is what three digits of them are good for."""
    assert ad.significance(value) == pytest.approx(chance, rel=0.01)


def test_the_tail_goes_on_where_the_series_ends() -> None:
    """Without a step, and falling."""
    before, after = ad.significance(ad.TAIL - 1e-9), ad.significance(ad.TAIL + 1e-9)
    assert after == pytest.approx(before, rel=2e-3)
    assert 0 <= ad.significance(1e4) < ad.significance(40.0) < ad.significance(13.0) < ad.significance(0.0) == 1.0


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, rows: rng.normal(size=rows),
        lambda rng, rows: rng.poisson(3, rows).astype(float),
        lambda rng, rows: np.where(rng.random(rows) < 0.4, 0.0, rng.exponential(size=rows)),
        lambda _rng, rows: np.full(rows, 7.0),
    ],
    ids=["normal", "poisson", "many zeros", "constant"],
)
def test_quiet_days_are_called_no_more_often_than_promised(draw: Sampler) -> None:
    """At 5 %, over 1,000 days: ties make the test careful. (Three standard errors are 2 %.)"""
    rng = np.random.default_rng(5)
    called = [p_value(draw(rng, 1_000), draw(rng, 300)) < 0.05 for _ in range(1_000)]
    assert np.mean(called) <= 0.07


def test_a_coarse_grid_gives_no_smaller_p_values() -> None:
    """What is not known is taken as no difference."""
    rng = np.random.default_rng(6)
    one, other = rng.normal(size=5_000), rng.normal(0.1, size=800)
    assert p_value(one, other, cells=8) >= p_value(one, other)


def test_a_change_of_spread_is_seen() -> None:
    """1.25 times the spread in 500 rows, which the largest difference mostly misses."""
    rng = np.random.default_rng(7)
    one = rng.normal(size=20_000)
    seen = [p_value(one, 1.25 * rng.normal(size=500)) < 1e-3 for _ in range(50)]
    assert np.mean(seen) > 0.7


def test_wide_and_narrow_cells_are_integrated_alike() -> None:
    """Closed form and Simpson's rule agree where both hold."""
    low, high = np.array([0.3, 0.31]), np.array([0.31, 0.33])
    left, right = np.array([0.02, -0.01]), np.array([-0.01, 0.03])
    assert ad._closed(low, high, left, right) == pytest.approx(ad._simpson(low, high, left, right), rel=1e-3)
