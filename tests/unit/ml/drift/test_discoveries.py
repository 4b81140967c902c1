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


def test_no_tests_have_no_p_values() -> None:
    """A day on which nothing could be compared."""
    assert adjusted(()) == ()


def test_chance_alone_is_called_as_seldom_as_promised() -> None:
    """Where nothing has changed, a day has a discovery with the probability q."""
    days = np.random.default_rng(1).random((4_000, 30))
    assert np.mean([min(adjusted(tuple(day))) <= 0.05 for day in days]) == pytest.approx(0.05, abs=0.012)
