"""A numeric feature of both sides."""

import numpy as np
import pytest
import scipy.stats

from include.ml.drift.columns import numbers
from include.ml.drift.numeric import BARS, compare_numbers, error, measure_numbers
from include.ml.drift.sample import Numeric, baseline_of, current_of
from include.specs.drift import FeatureDrift, Shape
from include.specs.monitoring import DriftRule

RULE = DriftRule()


def sides(one: np.ndarray, other: np.ndarray) -> tuple[Numeric, Numeric]:
    """Both on the first one's grid."""
    baseline = baseline_of(numbers(one.astype(float), rows=len(one)))
    return baseline, current_of(numbers(other.astype(float), rows=len(other)), baseline.points)


def compare(one: np.ndarray, other: np.ndarray) -> FeatureDrift:
    """The comparison of two samples in any order."""
    return compare_numbers("x", *sides(one, other), RULE)


def counted(side: Numeric) -> Numeric:
    """A side whose values were not kept."""
    return Numeric(**{**vars(side), "values": None})


def test_effect_and_measures_are_what_scipy_says() -> None:
    """And the grid's own are as good where values were not kept, within the error that is said."""
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=50_000), rng.normal(0.2, size=40_000)
    kept = sides(one, other)
    theirs = scipy.stats.ks_2samp(one, other, method="asymp")
    exact = compare_numbers("x", *kept, RULE).effect.value
    assert exact == pytest.approx(theirs.statistic, rel=1e-9)
    measures = measure_numbers(*kept, exact)
    assert measures["kolmogorov_smirnov_p"] == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-300)
    assert measures["wasserstein"] == pytest.approx(scipy.stats.wasserstein_distance(one, other), rel=1e-9)
    assert measures["wasserstein_sd"] == pytest.approx(measures["wasserstein"] / one.std())
    passing = kept[0], counted(kept[1])
    below = compare_numbers("x", *passing, RULE).effect.value
    assert below <= exact <= below + error(*passing)
    assert (error(*kept), error(*passing) < 1 / 4_096) == (0.0, True)
    assert measure_numbers(*passing, exact)["wasserstein"] == pytest.approx(measures["wasserstein"], rel=0.01)


def test_a_constant_feature_that_stays_is_quiet() -> None:
    """Without a division by its spread."""
    one, other = np.full(500, 3.0), np.full(300, 3.0)
    found = compare(one, other)
    assert (found.effect.value, found.test.p_value) == (0.0, 1.0)
    assert "wasserstein_sd" not in measure_numbers(*sides(one, other), 0.0)
    assert found.shape == Shape(edges=(2.5, 3.5), baseline=(1.0,), current=(1.0,))


def test_a_constant_feature_that_moves_is_far_and_certain() -> None:
    """To where the baseline never was."""
    found = compare(np.full(500, 3.0), np.full(300, 4.0))
    assert found.effect.value == 1.0
    assert found.test.p_value < 1e-9


def test_a_flag_is_compared_value_by_value() -> None:
    """A test of ranks would be blind to it."""
    found = compare(np.arange(2_000) % 10 == 0, np.arange(2_000) % 6 == 0)
    assert (found.test.name, found.test.p_value < 1e-6) == ("chi_squared", True)
    assert found.effect.value == pytest.approx(0.067, abs=0.001)


def test_one_row_can_be_compared() -> None:
    """It says next to nothing."""
    found = compare(np.arange(1_000), np.array([500]))
    assert found.test.p_value > 0.3


@pytest.mark.parametrize(("one", "other"), [([], [1.0]), ([1.0], []), ([], [])])
def test_nothing_cannot_be_compared(one: list[float], other: list[float]) -> None:
    """And is no error."""
    found = compare(np.array(one), np.array(other))
    assert (found.test, found.effect.value, found.shape) == (None, 0.0, Shape())
    assert measure_numbers(*sides(np.array(one), np.array(other)), 0.0) == {}


def test_the_largest_numbers_are_no_crash() -> None:
    """Some write them for what they do not know; a measure that is no number then is left out."""
    rng = np.random.default_rng(3)
    far = np.array([-1.7e308, 1.7e308])
    one, other = np.append(rng.normal(size=500), far), np.append(rng.normal(size=300), far)
    assert compare(one, other).effect.value < 0.1
    assert set(measure_numbers(*sides(one, other), 0.1)) == {"kolmogorov_smirnov_p", "psi"}
    assert compare(far, other).shape.edges[0] < -1e308


def test_a_feature_that_is_nearly_always_the_same_has_a_shape() -> None:
    """Zero but for a few rows in a thousand, each with a value of its own."""
    one = np.where(np.arange(10_000) < 40, np.arange(10_000), 0)
    shape = compare(one, one[::3]).shape
    assert len(shape.edges) == len(shape.baseline) + 1 >= 3
    assert shape.baseline[0] > 0.99


def test_a_shape_shows_all_values_in_bars() -> None:
    """Those beyond the drawn range in the last."""
    rng = np.random.default_rng(2)
    shape = compare(rng.normal(size=5_000), np.append(rng.normal(1, 1, 999), 1e6)).shape
    assert 10 < len(shape.baseline) <= BARS
    assert sum(shape.baseline) == pytest.approx(1) == sum(shape.current)
    assert -4 < shape.edges[0] < shape.edges[-1] < 4
