"""How good a model probably is where no label has come: the metrics that its own probabilities let expect.

Confidence-based performance estimation. A row of probability p is p of a positive and 1 - p of a negative row, and the
expected confusion matrix follows, and from that each metric. Kivimäki, Białek, Kuberski and Nurminen, "Confidence-based
estimators for predictive performance in model monitoring" (Journal of Artificial Intelligence Research 2025); NannyML's
documentation, "Estimation of Performance of the Monitored Model". It holds where rows come from elsewhere and mean the
same (covariate shift), and it is blind to a change of what they mean (concept shift).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from include.ml.evaluation.intervals import Z
from include.ml.evaluation.measures import SMALLEST
from include.ml.evaluation.predictions import Booleans, Floats
from include.ml.performance.calibration import Calibration
from include.specs.errors import ReportError
from include.specs.metrics import METRICS
from include.specs.performance import EstimatedQuality
from include.specs.reports import Estimate


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A day without labels.

    Args:
        scores: (rows,) what the model said. probabilities: (rows,) that the row is positive.
        threshold: score from which a row is called positive.
    """

    scores: Floats
    probabilities: Floats
    threshold: float

    @cached_property
    def called(self) -> Booleans:
        """(rows,) True where the model calls the row positive."""
        return self.scores >= self.threshold

    @cached_property
    def positives(self) -> float:
        """How many positive rows are expected."""
        return float(self.probabilities.sum())

    @cached_property
    def true_positives(self) -> float:
        """How many of those are called so."""
        return float(self.probabilities[self.called].sum())

    @cached_property
    def doubt(self) -> Floats:
        """(rows,) the variance of each row's label."""
        return self.probabilities * (1 - self.probabilities)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A metric as it is expected, and `slope`: (rows,) how much it changes when a row's label turns from 0 to 1."""

    value: float
    slope: Floats


def estimated(scores: Floats, threshold: float, calibration: Calibration) -> EstimatedQuality:
    """The expected metrics of a day, each with a 95 % interval for what its labels will say.

    The interval is of two parts: labels are drawn, each with its probability; and the hold-out that gave the
    probabilities was a sample too, which no number of rows in the day makes up for. Both by the delta method. Measured
    over 60 days of 500 rows from elsewhere, each with a hold-out of 1,500: it held in 92 to 98 % by metric where the
    scores were probabilities, in 87 to 93 % where they were bent; of bent scores where hold-out rows are few, log loss
    and Brier score were in it in 77 to 80 % only.

    Raises:
        ReportError: there is no row, or a score is no probability.
    """
    wrong = len(scores) - np.count_nonzero((scores >= 0) & (scores <= 1))
    if wrong or not len(scores):
        raise ReportError(f"expected scores within [0, 1], got {wrong} others among {len(scores)}")
    day = Expected(scores=scores, probabilities=calibration.curve(scores), threshold=threshold)
    found = {name: expectation(day) for name, expectation in EXPECTATIONS.items()}
    return EstimatedQuality(
        rows=len(scores),
        metrics={name: _estimate(name, each, day, calibration) for name, each in found.items() if each},
        calibrated=calibration.calibrated,
        basis=calibration.basis,
    )


def _estimate(name: str, found: Expectation, day: Expected, calibration: Calibration) -> Estimate:
    variance = float((found.slope**2 * day.doubt).sum()) + calibration.variance(day.scores, found.slope)
    reach, top = Z * math.sqrt(variance), METRICS[name].high
    high = found.value + reach
    return Estimate(
        value=found.value, low=max(found.value - reach, METRICS[name].low), high=high if top is None else min(high, top)
    )


def _accuracy(day: Expected) -> Expectation:
    right = np.where(day.called, day.probabilities, 1 - day.probabilities)
    return Expectation(value=float(right.mean()), slope=np.where(day.called, 1.0, -1.0) / len(right))


def _precision(day: Expected) -> Expectation | None:
    called = np.count_nonzero(day.called)
    return Expectation(value=day.true_positives / called, slope=day.called / called) if called else None


def _recall(day: Expected) -> Expectation | None:
    if not day.positives:
        return None
    value = day.true_positives / day.positives
    return Expectation(value=value, slope=np.where(day.called, 1 - value, -value) / day.positives)


def _f1(day: Expected) -> Expectation | None:
    both = np.count_nonzero(day.called) + day.positives
    if not both:
        return None
    value = 2 * day.true_positives / both
    return Expectation(value=value, slope=(2 * day.called - value) / both)


def _log_loss(day: Expected) -> Expectation:
    scores = np.clip(day.scores, SMALLEST, 1 - SMALLEST)
    return _mean_loss(day, -np.log(scores), -np.log(1 - scores))


def _brier(day: Expected) -> Expectation:
    return _mean_loss(day, (1 - day.scores) ** 2, day.scores**2)


def _mean_loss(day: Expected, of_positive: Floats, of_negative: Floats) -> Expectation:
    losses = day.probabilities * of_positive + (1 - day.probabilities) * of_negative
    return Expectation(value=float(losses.mean()), slope=(of_positive - of_negative) / len(losses))


def _roc_auc(day: Expected) -> Expectation | None:
    """Expected pairs that are ranked rightly, of expected pairs; a row makes no pair with itself."""
    _, level = np.unique(day.scores, return_inverse=True)
    positive = np.bincount(level, day.probabilities)
    negative = np.bincount(level, 1 - day.probabilities)
    outranked = np.cumsum(negative) - negative / 2
    outranking = day.positives - np.cumsum(positive) + positive / 2
    negatives, self_pairs = len(level) - day.positives, float(day.doubt.sum())
    pairs = day.positives * negatives - self_pairs
    if pairs <= 0:
        return None
    value = (float((positive * outranked).sum()) - self_pairs / 2) / pairs
    turned: Floats = (outranked - outranking)[level]
    return Expectation(value=value, slope=(turned - value * (negatives - day.positives)) / pairs)


def _pr_auc(day: Expected) -> Expectation | None:
    """Expected average precision: where a row is positive, it is one of the positives at its own rank for certain."""
    if not day.positives:
        return None
    _, level = np.unique(-day.scores, return_inverse=True)
    rows = np.cumsum(np.bincount(level))[level]
    above = np.cumsum(np.bincount(level, day.probabilities))[level]
    precision = (above - day.probabilities + 1) / rows
    value = float((day.probabilities * precision).sum()) / day.positives
    share = np.bincount(level, day.probabilities / rows)
    below = np.cumsum(share[::-1])[::-1][level]
    return Expectation(value=value, slope=(precision + below - value) / day.positives)


EXPECTATIONS: Mapping[str, Callable[[Expected], Expectation | None]] = {
    "roc_auc": _roc_auc,
    "pr_auc": _pr_auc,
    "accuracy": _accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "log_loss": _log_loss,
    "brier": _brier,
}
