"""Point metrics and the influence of each row on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics

from include.ml.evaluation.measures import MEASURES, measure
from include.ml.evaluation.predictions import Predictions

SCIKIT = {
    "roc_auc": lambda p: metrics.roc_auc_score(p.labels, p.scores),
    "pr_auc": lambda p: metrics.average_precision_score(p.labels, p.scores),
    "accuracy": lambda p: metrics.accuracy_score(p.labels, p.called),
    "precision": lambda p: metrics.precision_score(p.labels, p.called, zero_division=0),
    "recall": lambda p: metrics.recall_score(p.labels, p.called),
    "f1": lambda p: metrics.f1_score(p.labels, p.called, zero_division=0),
    "log_loss": lambda p: metrics.log_loss(p.labels, p.scores, labels=[False, True]),
    "brier": lambda p: metrics.brier_score_loss(p.labels, p.scores),
}


def delong_variance(predictions: Predictions) -> float:
    """By every pair of a positive and a negative, as the paper defines it."""
    positive, negative = predictions.scores[predictions.labels], predictions.scores[~predictions.labels]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    return wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)


@st.composite
def hold_outs(draw):
    """Small hold-outs of both classes, with ties, certainties and impossibilities."""
    rows = draw(st.integers(2, 60))
    levels = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])
    scores = draw(hnp.arrays(np.float64, rows, elements=levels))
    labels = draw(hnp.arrays(np.bool_, rows))
    labels[:2] = (True, False)
    return Predictions(labels=labels, scores=scores, threshold=draw(st.sampled_from([0.0, 0.25, 0.5, 0.95])))


@pytest.mark.parametrize("name", SCIKIT)
@given(predictions=hold_outs())
def test_point_metrics_equal_scikit_learn(name, predictions):
    """Each metric is scikit-learn's, ties and absent calls included."""
    assert measure(name, predictions).value == pytest.approx(SCIKIT[name](predictions), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("decimals", [None, 1])
def test_influence_is_what_leaving_the_row_out_changes(scored, name, decimals):
    """The metric without a row differs by the row's influence over the number of rows, but for second-order terms."""
    predictions, _ = scored(300, decimals=decimals)
    measured = measure(name, predictions)
    without = np.array([measure(name, predictions.subset(np.arange(300) != row)).value for row in range(300)])
    by_jackknife = 299 * (measured.value - without)
    assert measured.influence.mean() == pytest.approx(0, abs=1e-9)
    assert np.corrcoef(measured.influence, by_jackknife)[0, 1] > 0.995
    assert measured.influence.std() == pytest.approx(by_jackknife.std(), rel=0.05)


@pytest.mark.parametrize("decimals", [None, 1])
def test_roc_auc_has_delongs_variance(scored, decimals):
    """The ranks give to rounding what all pairs of a positive and a negative give."""
    predictions, _ = scored(200, decimals=decimals)
    assert measure("roc_auc", predictions).standard_error ** 2 == pytest.approx(delong_variance(predictions), rel=1e-10)


def test_certain_and_wrong_is_finite():
    """A probability of zero for what happened is a large log loss, not an infinite one."""
    predictions = Predictions(labels=np.array([True, False]), scores=np.array([0.0, 1.0]), threshold=0.5)
    assert 30 < measure("log_loss", predictions).value < 40


def test_a_constant_score_ranks_nothing():
    """A model that says the same of everyone has ROC-AUC one half, without doubt."""
    predictions = Predictions(labels=np.arange(10) < 3, scores=np.full(10, 0.2), threshold=0.5)
    measured = measure("roc_auc", predictions)
    assert (measured.value, measured.standard_error) == (0.5, 0.0)
