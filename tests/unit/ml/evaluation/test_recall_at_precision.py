"""The metric whose threshold moves."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import precision_recall_curve

from include.ml.evaluation.predictions import Predictions
from include.ml.evaluation.recall_at_precision import recall_at_precision, recall_at_precision_difference


@given(st.data())
def test_value_is_the_best_point_of_scikit_learns_curve(data):
    """The largest recall among the thresholds that are precise enough, 0 where none is."""
    rows, required = data.draw(st.integers(2, 40)), data.draw(st.sampled_from([0.3, 0.5, 0.8]))
    scores = data.draw(hnp.arrays(np.float64, rows, elements=st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9])))
    labels = data.draw(hnp.arrays(np.bool_, rows))
    labels[:2] = (True, False)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    best = recall[: len(thresholds)][precision[: len(thresholds)] >= required].max(initial=0)
    predictions = Predictions(labels=labels, scores=scores, threshold=0.5, required_precision=required)
    assert recall_at_precision(predictions).value == pytest.approx(best)


@pytest.mark.parametrize(("rows", "base_rate"), [(1000, 0.3), (3000, 0.06)])
def test_bins_lose_little_of_the_row_by_row_bootstrap(scored, rows, base_rate):
    """The interval from a hundred bins is within a seventh of that from Poisson weights on every row."""
    predictions, _ = scored(rows, base_rate=base_rate)
    order = np.argsort(-predictions.scores)
    weights = np.random.default_rng(1).poisson(size=(1000, rows))
    found = np.cumsum(weights * predictions.labels[order], axis=1)
    precise = found >= 0.5 * np.cumsum(weights, axis=1)
    last = rows - 1 - np.argmax(precise[:, ::-1], axis=1)
    recalls = np.where(precise.any(axis=1), found[np.arange(1000), last] / found[:, -1], 0)
    low, high = np.quantile(recalls, (0.025, 0.975))
    binned = recall_at_precision(predictions)
    assert binned.high - binned.low == pytest.approx(high - low, rel=1 / 7)


def test_an_unreachable_precision_is_zero_recall():
    """Where the highest scores are all negative, no threshold is precise enough."""
    predictions = Predictions(labels=np.arange(100) >= 95, scores=np.linspace(1, 0, 100), threshold=0.5)
    found = recall_at_precision(predictions)
    assert (found.value, found.low) == (0, 0)


def test_a_precision_below_the_base_rate_finds_everyone(scored):
    """Calling everybody positive is precise enough: recall is 1 in every resample."""
    predictions = dataclasses.replace(scored(500)[0], required_precision=0.1)
    found = recall_at_precision(predictions)
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_a_clearly_better_model_is_seen_as_one(scored):
    """Against a model that knows nothing, the difference is wholly above zero."""
    good, _ = scored(2000)
    blind = dataclasses.replace(good, scores=np.random.default_rng(0).random(2000))
    assert recall_at_precision_difference(good, blind).low > 0.3
