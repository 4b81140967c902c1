"""Benjamini and Hochberg's procedure."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from include.ml.drift.discoveries import adjusted


@given(st.lists(st.floats(0, 1), min_size=1))
def test_adjusted_p_values_are_scipys(p_values: list[float]) -> None:
    """In the order they came."""
    assert adjusted(p_values) == pytest.approx(tuple(scipy.stats.false_discovery_control(p_values)))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 10)), min_size=1))
def test_only_proportions_of_weights_count(given: list[tuple[float, float]]) -> None:
    """Twice the weight for all of them changes nothing, nor do weights that are all alike."""
    p_values, weights = [pair[0] for pair in given], [pair[1] for pair in given]
    assert adjusted(p_values, [2 * weight for weight in weights]) == pytest.approx(adjusted(p_values, weights))
    assert adjusted(p_values, [3.0] * len(p_values)) == pytest.approx(adjusted(p_values))


def test_no_tests_have_no_p_values() -> None:
    """A day on which nothing could be compared."""
    assert adjusted(()) == ()


def test_chance_alone_is_called_as_seldom_as_promised() -> None:
    """Where nothing has changed, a day has a discovery with the probability q."""
    days = np.random.default_rng(1).random((4_000, 30))
    assert np.mean([min(adjusted(tuple(day))) <= 0.05 for day in days]) == pytest.approx(0.05, abs=0.012)
    weights = [1.0, 2.0, 0.2] * 10
    assert np.mean([min(adjusted(tuple(day), weights)) <= 0.05 for day in days]) == pytest.approx(0.05, abs=0.012)
