"""What the model says."""

import numpy as np
import pytest

from include.ml.drift.columns import numbers
from include.ml.drift.prediction import Scores, called, expected, rate
from include.ml.drift.sample import Numeric, baseline_of
from include.specs.errors import DataContractError

SCORES = baseline_of(numbers(np.array([0.1, 0.5, 0.5, 0.9]), rows=5))


def test_rows_from_the_threshold_on_are_called_positive() -> None:
    """A row without a score is called nothing."""
    found = called(SCORES, 0.5)
    assert (dict(found.counts), found.missing, found.rows) == ({"positive": 3, "negative": 1}, 1, 5)
    assert rate(found) == 0.75


def test_the_expected_rate_is_the_baselines() -> None:
    """Its own report's where there is one, otherwise that of its scores."""
    assert rate(expected(SCORES, Scores(column="score", threshold=0.6))) == 0.25
    assert rate(expected(SCORES, Scores(column="score", threshold=0.6, expected_rate=0.5))) == 0.5


def test_scores_that_were_only_counted_are_called_at_a_point_of_the_grid() -> None:
    """Elsewhere the count would be a guess."""
    passing = Numeric(**{**vars(SCORES), "values": None})
    assert called(passing, 0.5).counts == called(SCORES, 0.5).counts
    with pytest.raises(DataContractError, match=r"expected the threshold 0.6 among the points"):
        called(passing, 0.6)
