"""The smooth metrics of `include.specs.metrics`, each with the influence that every single row has on it.

One influence function a metric gives its standard error, and, subtracted row by row, that of the paired difference
between two models: one sort and a few sums, where a bootstrap would repeat the whole evaluation hundreds of times.

Source: Hampel, "The influence curve and its role in robust estimation" (JASA 1974); Efron, "The jackknife, the
bootstrap and other resampling plans" (1982), chapter 6, where this estimate is the infinitesimal jackknife.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from include.ml.evaluation.predictions import Booleans, Floats, Predictions, Rows

# Probabilities are kept this far from 0 and 1 in log loss, as scikit-learn does for float64.
SMALLEST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A metric on the hold-out.

    Args:
        value: the metric.
        influence: (rows,) how much the metric moves with a row's weight, in units of the metric; mean 0. The metric's
            variance over samples of this size is estimated by `mean(influence²) / rows`.
    """

    value: float
    influence: Floats

    @property
    def standard_error(self) -> float:
        """Of the value, over hold-outs of this size."""
        return standard_error(self.influence)


def standard_error(influence: Floats) -> float:
    """The standard error that influences (rows,) imply.

    >>> standard_error(np.array([1.0, -1.0, 1.0, -1.0]))
    0.5
    """
    return math.sqrt(_dot(influence, influence)) / len(influence)


def measure(name: str, predictions: Predictions) -> Measurement:
    """The metric `name`, one of `MEASURES`.

    >>> predictions = Predictions(labels=np.array([True, False, True, False]), scores=np.array([.9, .4, .3, .1]),
    ...     threshold=.5)
    >>> {name: round(measure(name, predictions).value, 4) for name in ("roc_auc", "pr_auc", "recall", "brier")}
    {'roc_auc': 0.75, 'pr_auc': 0.8333, 'recall': 0.5, 'brier': 0.1675}
    """
    return MEASURES[name](predictions)


def _dot(one: Rows, other: Rows) -> float:
    # Not `@`: BLAS sums in an order that depends on the number of cores.
    return float((one * other).sum())


def _mean(losses: Floats) -> Measurement:
    value = float(losses.mean())
    return Measurement(value=value, influence=(losses - value) * _unbiased(len(losses)))


def _ratio(numerator: Booleans, denominator: Booleans) -> Measurement:
    """The share of the rows of `denominator` that are also in `numerator`; 0 when there are none, as scikit-learn."""
    size = int(np.count_nonzero(denominator))
    if not size:
        return Measurement(value=0.0, influence=np.zeros(len(denominator)))
    value = int(np.count_nonzero(numerator)) / size
    influence = (numerator - value * denominator) * (len(denominator) / size)
    return Measurement(value=value, influence=influence)


def _unbiased(rows: int) -> float:
    """What makes the mean square of centred values the unbiased variance."""
    return math.sqrt(rows / (rows - 1)) if rows > 1 else 0.0


def _accuracy(predictions: Predictions) -> Measurement:
    return _mean((predictions.called == predictions.labels).astype(np.float64))


def _precision(predictions: Predictions) -> Measurement:
    return _ratio(predictions.called & predictions.labels, predictions.called)


def _recall(predictions: Predictions) -> Measurement:
    return _ratio(predictions.called & predictions.labels, predictions.labels)


def _f1(predictions: Predictions) -> Measurement:
    # F1 is 2J/(1+J) of the Jaccard index J, which is a plain ratio: d F1/d J = 2/(1+J)².
    jaccard = _ratio(predictions.called & predictions.labels, predictions.called | predictions.labels)
    slope = 2 / (1 + jaccard.value) ** 2
    return Measurement(value=f1_of_jaccard(jaccard.value), influence=jaccard.influence * slope)


def f1_of_jaccard(jaccard: float) -> float:
    """F1 as a function of TP / (TP + FP + FN).

    >>> f1_of_jaccard(0.5)
    0.6666666666666666
    """
    return 2 * jaccard / (1 + jaccard)


def _brier(predictions: Predictions) -> Measurement:
    return _mean((predictions.scores - predictions.labels) ** 2)


def _log_loss(predictions: Predictions) -> Measurement:
    of_the_truth = np.where(predictions.labels, predictions.scores, 1 - predictions.scores)
    return _mean(-np.log(np.clip(of_the_truth, SMALLEST, 1 - SMALLEST)))


def _roc_auc(predictions: Predictions) -> Measurement:
    """DeLong's structural components: a positive's is the share of negatives that it outranks, ties counting half.

    DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated ROC curves" (Biometrics 1988);
    by ranks instead of pairs as in Sun and Xu, "Fast implementation of DeLong's algorithm" (IEEE SPL 2014).
    """
    ranking, positives, negatives = predictions.ranking, predictions.positives, predictions.negatives
    of_level = np.diff(ranking.predicted, prepend=0) - ranking.positives
    false_positives = ranking.predicted - ranking.true_positives
    outranked = (negatives - false_positives + of_level / 2) / negatives
    outranking = (ranking.true_positives - ranking.positives / 2) / positives
    value = _dot(outranked, ranking.positives) / positives
    rows = predictions.rows
    of_positive = (outranked - value) * (rows / positives * _unbiased(positives))
    of_negative = (outranking - value) * (rows / negatives * _unbiased(negatives))
    return Measurement(value=value, influence=_by_row(predictions, of_positive, of_negative))


def _pr_auc(predictions: Predictions) -> Measurement:
    """Average precision, and the derivative of mean(y·A/B)/mean(y), A and B the shares at or above a row's score.

    The last two terms are a row's weight in the precision of every positive at or below it.
    """
    ranking, positives, rows = predictions.ranking, predictions.positives, predictions.rows
    precision = ranking.true_positives / ranking.predicted
    value = _dot(precision, ranking.positives) / positives
    as_positive = _from_below(ranking.positives / ranking.predicted)
    as_row = _from_below(ranking.positives * precision / ranking.predicted)
    scale = rows / positives * _unbiased(rows)
    of_positive = (precision - value + as_positive - as_row) * scale
    return Measurement(value=value, influence=_by_row(predictions, of_positive, -as_row * scale))


def _from_below(values: Floats) -> Floats:
    """(levels,) the sum over a level and all below it."""
    return np.cumsum(values[::-1])[::-1]


def _by_row(predictions: Predictions, of_positive: Floats, of_negative: Floats) -> Floats:
    level = predictions.ranking.level
    return np.where(predictions.labels, of_positive[level], of_negative[level])


MEASURES: Mapping[str, Callable[[Predictions], Measurement]] = {
    "roc_auc": _roc_auc,
    "pr_auc": _pr_auc,
    "accuracy": _accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "log_loss": _log_loss,
    "brier": _brier,
}
