"""The threshold does on the validation part what its rule says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from include.ml.training.threshold import choose
from include.specs.model import DecisionRule

# Both classes, and scores with many ties.
validation = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=30).filter(
    lambda rows: len({positive for positive, _ in rows}) == 2
)


def arrays(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([positive for positive, _ in rows], np.int8), np.array([score / 12 for _, score in rows])


@settings(max_examples=30)  # scikit-learn's checks take a millisecond each
@given(validation)
def test_max_f1_has_the_largest_f1(rows: list[tuple[bool, int]]) -> None:
    """Of all thresholds, by scikit-learn's own count."""
    truth, scores = arrays(rows)
    best = max(f1_score(truth, scores >= threshold) for threshold in scores)
    assert f1_score(truth, scores >= choose(DecisionRule(rule="max_f1"), truth, scores)) == pytest.approx(best)


@settings(max_examples=30)  # scikit-learn's checks take a millisecond each
@given(validation, st.sampled_from([0.2, 0.5, 0.9]))
def test_precision_has_the_largest_recall_that_reaches_the_target(rows: list[tuple[bool, int]], target: float) -> None:
    """And the best precision where none reaches it."""
    truth, scores = arrays(rows)
    called = scores >= choose(DecisionRule(rule="precision", target=target), truth, scores)
    points = [(precision_score(truth, scores >= t), recall_score(truth, scores >= t)) for t in scores]
    reached = [recall for precision, recall in points if precision >= target]
    if reached:
        assert precision_score(truth, called) >= target
        assert recall_score(truth, called) == max(reached)
    else:
        assert precision_score(truth, called) == max(precision for precision, _ in points)


def test_a_fixed_threshold_is_the_target() -> None:
    """Whatever the rows are."""
    assert choose(DecisionRule(rule="fixed", target=0.3), np.array([0, 1], np.int8), np.array([0.9, 0.1])) == 0.3
