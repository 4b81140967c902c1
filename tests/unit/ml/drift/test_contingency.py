"""Tests of counts, held against SciPy."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from include.ml.drift import contingency
from include.ml.drift.distances import total_variation

LEVELS = arrays.arrays(np.int64, 5, elements=st.integers(0, 400))


@given(LEVELS, LEVELS)
def test_chi_squared_is_scipys(one: np.ndarray, other: np.ndarray) -> None:
    """Statistic and p-value; samples of different sizes are no error."""
    one, other = one + (np.arange(5) == 0), other + (np.arange(5) == 1)
    theirs = scipy.stats.chi2_contingency(np.array([one, other])[:, (one + other) > 0], correction=False)
    statistic, p_value = contingency.chi_squared(one, other)
    assert statistic == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-9)
    assert p_value == pytest.approx(theirs.pvalue, rel=1e-9)


@pytest.mark.parametrize(("one", "other"), [([7], [9]), ([7, 0], [9, 0]), ([0, 0], [9, 1]), ([], [])])
def test_what_cannot_be_compared_is_not_different(one: list[int], other: list[int]) -> None:
    """One level, or no rows."""
    assert contingency.chi_squared(np.array(one, int), np.array(other, int)) == (0.0, 1.0)


@given(LEVELS, LEVELS)
def test_pooling_keeps_all_rows(one: np.ndarray, other: np.ndarray) -> None:
    """And leaves only levels with enough of them, but for the last."""
    kept = contingency.pooled(one, other)
    assert [part.sum() for part in kept] == [one.sum(), other.sum()]
    share = min(one.sum(), other.sum()) / max((one + other).sum(), 1)
    assert all((kept[0] + kept[1])[:-1] * share >= 5)


def test_a_share_is_compared_as_scipy_would() -> None:
    """A 2 × 2 table, without Yates's correction."""
    theirs = scipy.stats.chi2_contingency([[500, 9_500], [80, 920]], correction=False)
    assert contingency.share_changed((500, 10_000), (80, 1_000)) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_few_rows_are_told_by_the_binomial_tail() -> None:
    """Where chi-squared would be a thousand times too sure."""
    expected = scipy.stats.binom.sf(3, 5, 500 / 100_500) * 2
    assert contingency.share_changed((1, 100_000), (4, 500))[1] == pytest.approx(expected)


@pytest.mark.parametrize("shares", [((0, 100), (0, 50)), ((100, 100), (50, 50))])
def test_none_and_all_on_both_sides_are_no_change(shares: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """There is nothing to test."""
    assert contingency.share_changed(*shares)[1] == 1.0


def test_new_levels_are_judged_by_what_the_baseline_saw_once() -> None:
    """A baseline with many rare levels lacks others; one whose levels are all frequent does not."""
    often, rare = np.full(20, 5_000), np.concatenate((np.full(20, 4_000), np.ones(2_000, int)))
    assert contingency.unseen_levels(3, 500, often) < 1e-6
    assert contingency.unseen_levels(12, 500, rare) > 0.1


@pytest.mark.parametrize("levels", [2, 10, 50])
def test_noise_is_the_mean_distance_of_quiet_days(levels: int) -> None:
    """Within a twentieth."""
    rng = np.random.default_rng(levels)
    share = rng.dirichlet(np.full(levels, 3.0))
    days = [(rng.multinomial(20_000, share), rng.multinomial(500, share)) for _ in range(400)]
    distance = np.mean([total_variation(*day) for day in days])
    assert np.mean([contingency.noise(*day) for day in days]) == pytest.approx(distance, rel=0.05)
