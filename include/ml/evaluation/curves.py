"""Curves for the eye: a few hundred points of what the ranking knows exactly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from include.ml.evaluation.intervals import wilson
from include.ml.evaluation.predictions import Floats, Integers, Predictions
from include.specs.reports import Confusion, Curve

# A curve is at most 400 pixels wide in the report.
POINTS = 150
CALIBRATION_BINS = 10
# Finer than a pixel of any report, and a third of the bytes.
DECIMALS = 6


def curves(predictions: Predictions) -> Mapping[str, Curve]:
    """`roc` (false-positive rate → recall), `precision_recall` (recall → precision) and the calibration curves."""
    return {
        "roc": roc(predictions),
        "precision_recall": precision_recall(predictions),
        **calibration(predictions),
    }


def roc(predictions: Predictions) -> Curve:
    """False-positive rate → recall, from (0, 0) to (1, 1).

    >>> roc(Predictions(labels=np.array([True, False]), scores=np.array([.8, .3]), threshold=.5))
    Curve(x=(0.0, 0.0, 1.0), y=(0.0, 1.0, 1.0))
    """
    ranking = predictions.ranking
    recall = ranking.true_positives / predictions.positives
    false_positives = (ranking.predicted - ranking.true_positives) / predictions.negatives
    chosen = _spread(false_positives, recall)
    return _curve(np.append(0.0, false_positives[chosen]), np.append(0.0, recall[chosen]))


def precision_recall(predictions: Predictions) -> Curve:
    """Recall → precision, thresholds descending.

    >>> precision_recall(Predictions(labels=np.array([True, False]), scores=np.array([.8, .3]), threshold=.5))
    Curve(x=(1.0, 1.0), y=(1.0, 0.5))
    """
    ranking = predictions.ranking
    recall = ranking.true_positives / predictions.positives
    precision = ranking.true_positives / ranking.predicted
    chosen = _spread(recall, ranking.predicted / predictions.rows)
    return _curve(recall[chosen], precision[chosen])


def calibration(predictions: Predictions) -> Mapping[str, Curve]:
    """Mean score → share of positives in tenths of the rows by score, with the share's 95 % interval.

    >>> labels, scores = np.arange(100) >= 70, np.linspace(0, 1, 100)
    >>> calibration(Predictions(labels=labels, scores=scores, threshold=.5))["calibration"].y[6:8]
    (0.0, 1.0)
    """
    order = np.argsort(predictions.scores, kind="stable")
    bins = [rows for rows in np.array_split(order, CALIBRATION_BINS) if len(rows)]
    mean = np.array([predictions.scores[rows].mean() for rows in bins])
    positives = [int(np.count_nonzero(predictions.labels[rows])) for rows in bins]
    limits = np.array([wilson(count, len(rows)) for count, rows in zip(positives, bins, strict=True)])
    share = np.array([count / len(rows) for count, rows in zip(positives, bins, strict=True)])
    return {
        "calibration": _curve(mean, share),
        "calibration_low": _curve(mean, limits[:, 0]),
        "calibration_high": _curve(mean, limits[:, 1]),
    }


def confusion(predictions: Predictions) -> Confusion:
    """Counts at the decision threshold."""
    hits = int(np.count_nonzero(predictions.called & predictions.labels))
    false_alarms = int(np.count_nonzero(predictions.called)) - hits
    return Confusion(
        threshold=predictions.threshold,
        true_positive=hits,
        false_positive=false_alarms,
        false_negative=predictions.positives - hits,
        true_negative=predictions.negatives - false_alarms,
    )


def _spread(x: Floats, y: Floats) -> Integers:
    """Positions of at most 2 × POINTS levels, even along both axes, the ends included; x and y must not descend."""
    if len(x) <= 2 * POINTS:
        return np.arange(len(x))
    even = np.linspace(0, 1, POINTS)
    chosen = np.concatenate([np.searchsorted(axis, even * axis[-1]) for axis in (x, y)])
    return np.unique(np.append(chosen, [0, len(x) - 1]))


def _curve(x: Floats, y: Floats) -> Curve:
    return Curve(x=tuple(x.round(DECIMALS).tolist()), y=tuple(y.round(DECIMALS).tolist()))
