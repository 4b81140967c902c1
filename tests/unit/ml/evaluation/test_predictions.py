"""What one model said of the hold-out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from include.ml.evaluation.predictions import Predictions, rank
from include.specs.errors import ReportError

LABELS = np.array([True, False, True])


@given(st.data())
def test_ranking_counts_what_a_threshold_would(data):
    """At each distinct score, the ranking holds the rows and the positives at or above it."""
    scores = data.draw(hnp.arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
    labels = data.draw(hnp.arrays(np.bool_, len(scores)))
    ranking = rank(labels, scores)
    assert ranking.thresholds.tolist() == sorted(set(scores.tolist()), reverse=True)
    for at, threshold in enumerate(ranking.thresholds):
        assert ranking.predicted[at] == (scores >= threshold).sum()
        assert ranking.true_positives[at] == (labels & (scores >= threshold)).sum()
        assert ranking.positives[at] == (labels & (scores == threshold)).sum()
    assert (ranking.thresholds[ranking.level] == scores).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.1, 1.1])
def test_a_score_that_is_no_probability_is_refused(wrong):
    """A NaN, an infinity and a number outside [0, 1] stop the evaluation where they are made."""
    with pytest.raises(ReportError, match=r"expected probabilities within \[0, 1\], got 1 other"):
        Predictions(labels=LABELS, scores=np.array([0.1, wrong, 0.2]), threshold=0.5)


@pytest.mark.parametrize("labels", [[True, True], [False, False], []])
def test_a_hold_out_of_one_class_is_refused(labels):
    """Nothing can be said of a model on rows of one class."""
    with pytest.raises(ReportError, match="both classes"):
        Predictions(labels=np.array(labels, dtype=bool), scores=np.full(len(labels), 0.5), threshold=0.5)


def test_every_label_needs_a_score():
    """Labels and scores of different lengths are no predictions."""
    with pytest.raises(ReportError, match="a score for each of 3 labels, got 2"):
        Predictions(labels=LABELS, scores=np.array([0.1, 0.2]), threshold=0.5)


def test_the_threshold_itself_is_called_positive():
    """A row whose probability equals the threshold is called positive."""
    predictions = Predictions(labels=LABELS, scores=np.array([0.5, 0.49, 0.51]), threshold=0.5)
    assert predictions.called.tolist() == [True, False, True]


def test_a_subset_keeps_threshold_and_required_precision():
    """A slice is judged with the whole model's settings."""
    whole = Predictions(labels=LABELS, scores=np.array([0.5, 0.4, 0.6]), threshold=0.45, required_precision=0.7)
    part = whole.subset(np.array([True, True, False]))
    assert (part.rows, part.threshold, part.required_precision) == (2, 0.45, 0.7)
