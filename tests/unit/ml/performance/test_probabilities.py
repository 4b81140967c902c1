"""Scores become probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.performance.probabilities import isotonic, logistic, unchanged
from tests.unit.ml.performance.served_days import bent, drawn, log_odds_of, sigmoid

SCORES = np.linspace(0, 1, 101)


def test_nothing_is_changed() -> None:
    """Without labels."""
    assert unchanged(SCORES) is SCORES


def test_a_line_finds_what_the_scores_were_bent_by() -> None:
    """Scores twice as sure as they should be, and off by one half."""
    honest = drawn(20_000, seed=1)
    scores = sigmoid(2 * log_odds_of(honest.scores) + 0.5)
    found = logistic(scores, honest.labels)(scores)
    assert np.abs(found - honest.scores).max() < 0.02


def test_isotonic_finds_any_map_that_keeps_the_order() -> None:
    """One that no line is near to."""
    honest = drawn(20_000, seed=1)
    scores = bent(honest.scores)
    by_isotonic, by_line = (learn(scores, honest.labels)(scores) for learn in (isotonic, logistic))
    assert np.abs(by_isotonic - honest.scores).mean() < 0.02 < np.abs(by_line - honest.scores).mean()


@pytest.mark.parametrize("learn", [logistic, isotonic])
def test_scores_that_part_the_classes_are_not_certain(learn) -> None:
    """Every row was right so far; and zeros and ones have log-odds too."""
    labels = np.arange(200) >= 100
    found = learn(labels.astype(float), labels)(np.array([0.0, 1.0]))
    assert 0 < found[0] < 0.05
    assert 0.95 < found[1] < 1


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=60))
def test_isotonic_keeps_the_order(rows) -> None:
    """Of any scores, ties included; and stays within [0, 1]."""
    scores, labels = np.array([score / 20 for score, _ in rows]), np.array([label for _, label in rows])
    found = isotonic(scores, labels)(SCORES)
    assert (np.diff(found) >= 0).all()
    assert found[0] >= 0
    assert found[-1] <= 1
