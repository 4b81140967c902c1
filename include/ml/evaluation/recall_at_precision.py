"""Recall at a required precision: its threshold moves with the sample, so its interval is resampled, not derived.

The Poisson bootstrap (every row's weight an independent Poisson(1); Chamandy et al., "Estimating uncertainty for
massive data streams", 2012) needs only counts: rows of one bin get Poisson(rows in it) together. A replicate therefore
costs the same at a thousand rows and at a million.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from include.ml.evaluation.predictions import Booleans, Floats, Integers, Predictions, Ranking
from include.specs.reports import Estimate

REPLICATES = 500
# Bins hold equally many positives, so that they are fine where recall is decided; inside a bin, counts grow evenly,
# unless all its positives have one score: no threshold parts them.
BINS = 100
# Always the same resamples: an interval must not change between two looks at the same predictions.
SEED = 0
LOW, HIGH = 0.025, 0.975
Counts = np.ndarray[Any, np.dtype[np.int64 | np.float64]]


def recall_at_precision(predictions: Predictions) -> Estimate:
    """The largest recall at any threshold whose precision is at least the required one; 0 where there is none.

    >>> predictions = Predictions(labels=np.arange(10) % 5 < 2, scores=np.linspace(.9, .1, 10), threshold=.5)
    >>> recall_at_precision(predictions).value
    1.0
    """
    counts = np.bincount(_cells(predictions), minlength=2 * BINS).reshape(BINS, 2)
    replicates = np.random.default_rng(SEED).poisson(counts, size=(REPLICATES, BINS, 2))
    value = _exact(predictions.ranking, predictions.required_precision)
    return _percentiles(value, _recalls(replicates, predictions.required_precision, _whole(predictions)))


def recall_at_precision_difference(candidate: Predictions, champion: Predictions) -> Estimate:
    """Candidate minus champion: in each replicate both see the same weights, row by row."""
    required = candidate.required_precision
    counts = np.bincount(_cells(candidate) * (2 * BINS) + _cells(champion), minlength=4 * BINS**2)
    occupied = np.flatnonzero(counts)
    generator, cells = np.random.default_rng(SEED), (occupied // (2 * BINS), occupied % (2 * BINS))
    ours, theirs = np.empty((2, REPLICATES, BINS, 2))
    for replicate in range(REPLICATES):
        weights = generator.poisson(counts[occupied])
        for of_model, cell in zip((ours, theirs), cells, strict=True):
            of_model[replicate] = np.bincount(cell, weights, minlength=2 * BINS).reshape(BINS, 2)
    value = _exact(candidate.ranking, required) - _exact(champion.ranking, required)
    recalls = _recalls(ours, required, _whole(candidate)) - _recalls(theirs, required, _whole(champion))
    return _percentiles(value, recalls)


def _exact(ranking: Ranking, required: float) -> float:
    reached = np.flatnonzero(ranking.true_positives >= required * ranking.predicted)
    return float(ranking.true_positives[reached[-1]] / ranking.true_positives[-1]) if len(reached) else 0.0


def _cells(predictions: Predictions) -> Integers:
    """(rows,) twice the row's bin, and one more where it is positive."""
    cells: Integers = _bins(predictions.ranking)[predictions.ranking.level] * 2 + predictions.labels
    return cells


def _bins(ranking: Ranking) -> Integers:
    """(levels,) the bin of each level, by the share of the positives above it."""
    above = ranking.true_positives - ranking.positives
    bins: Integers = np.minimum(above * BINS // ranking.true_positives[-1], BINS - 1)
    return bins


def _whole(predictions: Predictions) -> Booleans:
    """(bins,) True where the bin's positives have one score."""
    ranking = predictions.ranking
    whole: Booleans = np.bincount(_bins(ranking)[ranking.positives > 0], minlength=BINS) == 1
    return whole


def _recalls(counts: Counts, required: float, whole: Booleans) -> Floats:
    """(replicates,) the recall at the last place where precision is the required one.

    Args:
        counts: (replicates, bins, 2) negative and positive rows, from the highest scores down. whole: see `_whole`.
    """
    ends = np.zeros((len(counts), BINS + 1))
    ends[:, 1:] = np.cumsum(counts[..., 1], axis=1)
    called = np.cumsum(counts.sum(axis=2), axis=1)
    surplus = np.zeros_like(ends)
    surplus[:, 1:] = ends[:, 1:] - required * called
    rows = np.arange(len(counts))
    last = BINS - np.argmax(surplus[:, ::-1] >= 0, axis=1)
    following = np.minimum(last + 1, BINS)
    fall = surplus[rows, last] - surplus[rows, following]
    parted = (fall > 0) & ~whole[following - 1]
    share = np.divide(surplus[rows, last], fall, out=np.zeros(len(counts)), where=parted)
    found = ends[rows, last] + share * (ends[rows, following] - ends[rows, last])
    return found / np.maximum(ends[:, -1], 1)


def _percentiles(value: float, replicates: Floats) -> Estimate:
    low, high = np.quantile(replicates, (LOW, HIGH))
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value))
