"""95 % intervals of every metric and of every paired difference, in closed form wherever there is one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from include.ml.evaluation.measures import Measurement, f1_of_jaccard, measure, standard_error
from include.ml.evaluation.predictions import Predictions
from include.ml.evaluation.recall_at_precision import recall_at_precision, recall_at_precision_difference
from include.specs.errors import ReportError
from include.specs.metrics import METRICS
from include.specs.reports import Estimate

# The 97.5 % quantile of the standard normal distribution.
Z = 1.959963984540054
# The one metric that is no smooth function of the rows.
RESAMPLED = "recall_at_precision"
# Below this many rows that a metric rests on, no spread among them is trusted alone: see `_of_roc_auc`, `difference`.
FEW = 30
Interval = tuple[float, float]


def estimates(predictions: Predictions, names: Iterable[str] = tuple(METRICS)) -> dict[str, Estimate]:
    """Each metric of `names` with its interval over the rows."""
    return {name: estimate(name, predictions) for name in names}


def estimate(name: str, predictions: Predictions) -> Estimate:
    """The metric `name` with its interval.

    >>> predictions = Predictions(labels=np.arange(10) < 4, scores=np.linspace(.9, .1, 10), threshold=.6)
    >>> estimate("accuracy", predictions)
    Estimate(value=1.0, low=0.7224672001371107, high=1.0)
    """
    if name == RESAMPLED:
        return _resampled(predictions)
    measurement = measure(name, predictions)
    low, high = INTERVALS[name](predictions, measurement)
    return Estimate(value=measurement.value, low=min(low, measurement.value), high=max(high, measurement.value))


def differences(
    candidate: Predictions, champion: Predictions, names: Iterable[str] = tuple(METRICS)
) -> dict[str, Estimate]:
    """Candidate minus champion on each metric, paired over the rows.

    Raises:
        ReportError: the two were not scored on the same rows.
    """
    return {name: difference(name, candidate, champion) for name in names}


def difference(name: str, candidate: Predictions, champion: Predictions) -> Estimate:
    """Candidate minus champion on the metric `name`: a normal interval over the difference of each row's influence.

    For ROC-AUC this is DeLong's test for correlated curves. Where one of the two rests on few rows, whose influences
    may be alike by chance, the interval is never narrower than if the two had been measured on different rows.

    >>> labels, scores = np.arange(6) % 2 == 0, np.linspace(.9, .1, 6)
    >>> one = Predictions(labels=labels, scores=scores, threshold=.5)
    >>> difference("roc_auc", one, one)
    Estimate(value=0.0, low=0.0, high=0.0)

    Raises:
        ReportError: the two were not scored on the same rows.
    """
    if not np.array_equal(candidate.labels, champion.labels):
        raise ReportError("candidate and champion must be scored on the same hold-out rows, in the same order")
    if _alike(candidate, champion):
        return Estimate(value=0.0, low=0.0, high=0.0)
    found = _paired(name, candidate, champion)
    if min(support(name, candidate), support(name, champion)) >= FEW:
        return found
    apart, limit = unpaired_difference(estimate(name, candidate), estimate(name, champion)), METRICS[name].high
    low, high = min(found.low, apart.low), max(found.high, apart.high)
    return Estimate(value=found.value, low=max(low, -(limit or math.inf)), high=min(high, limit or math.inf))


def _alike(candidate: Predictions, champion: Predictions) -> bool:
    """Whether they say the same of every row: then they would of any other hold-out, however small this one is."""
    asked = [(model.threshold, model.required_precision) for model in (candidate, champion)]
    return asked[0] == asked[1] and np.array_equal(candidate.scores, champion.scores)


def _paired(name: str, candidate: Predictions, champion: Predictions) -> Estimate:
    if name == RESAMPLED:
        return recall_at_precision_difference(candidate, champion)
    ours, theirs = measure(name, candidate), measure(name, champion)
    value = ours.value - theirs.value
    reach = Z * standard_error(ours.influence - theirs.influence)
    limit = METRICS[name].high or math.inf
    return Estimate(value=value, low=max(value - reach, -limit), high=min(value + reach, limit))


def support(name: str, predictions: Predictions) -> float:
    """How many rows the metric `name` rests on: those of its denominator, or of the rarer class; inf where it is a mean
    over all rows.

    >>> predictions = Predictions(labels=np.arange(10) < 4, scores=np.linspace(.9, .1, 10), threshold=.8)
    >>> [support(name, predictions) for name in ("roc_auc", "recall", "precision", "f1", "brier")]
    [4, 4, 2, 4, inf]
    """
    return SUPPORT[name](predictions) if name in SUPPORT else math.inf


def unpaired_difference(one: Estimate, other: Estimate) -> Estimate:
    """`one` minus `other`, the same metric on two sets of rows that have none in common.

    The two intervals' halves that matter are put together ("recovery of variance estimates"), so that it is as skewed
    as they are, and of Wilson's intervals makes Newcombe's. Zou and Donner, "Construction of confidence intervals about
    effect measures: a general approach" (Statistics in Medicine 2008); Newcombe, "Interval estimation for the
    difference between independent proportions", method 10 (Statistics in Medicine 1998).

    >>> of = lambda k, n: Estimate(value=k / n, low=wilson(k, n)[0], high=wilson(k, n)[1])
    >>> found = unpaired_difference(of(56, 70), of(48, 80))  # Newcombe's own first example
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    value = one.value - other.value
    down = math.hypot(one.value - one.low, other.high - other.value)
    up = math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(value=value, low=value - down, high=value + up)


def wilson(successes: float, trials: float) -> Interval:
    """The score interval of a proportion; everything is possible where there were no trials.

    Wilson, "Probable inference" (JASA 1927); recommended by Brown, Cai and DasGupta (Statistical Science 2001).

    >>> [round(limit, 4) for limit in wilson(8, 10)], wilson(0, 0)
    ([0.4902, 0.9433], (0.0, 1.0))
    """
    if not trials:
        return 0.0, 1.0
    share, spread = successes / trials, Z**2 / trials
    centre = (share + spread / 2) / (1 + spread)
    reach = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def logit(value: float, error: float) -> Interval:
    """A normal interval on the log-odds scale, so that it ends within (0, 1), for `value` strictly inside.

    Recommended for average precision by Boyd, Eng and Page, "Area under the precision-recall curve: point estimates
    and confidence intervals" (ECML 2013); for ROC-AUC by Pepe, "The statistical evaluation of medical tests" (2003).

    >>> [round(limit, 4) for limit in logit(0.9, 0.05)]
    [0.7518, 0.9639]
    """
    centre, reach = math.log(value / (1 - value)), Z * error / (value * (1 - value))
    return _expit(centre - reach), _expit(centre + reach)


def _expit(log_odds: float) -> float:
    # Written for the sign that cannot overflow.
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))


def auc_score(value: float, positives: int, negatives: int) -> Interval:
    """The score interval of a ROC-AUC by the number of rows alone: all areas that `value` is within 1.96 errors of, the
    error being what Hanley and McNeil's model gives for the area in question.

    Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2: asymptotic
    methods and evaluation" (Statistics in Medicine 2006), method 5. The model of the error: Hanley and McNeil, "The
    meaning and use of the area under a receiver operating characteristic (ROC) curve" (Radiology 1982), symmetrical.

    >>> [round(limit, 3) for limit in auc_score(0.9, 1, 400)], [round(limit, 3) for limit in auc_score(0.9, 11, 191)]
    ([0.36, 0.991], [0.753, 0.961])
    """

    def apart(area: float) -> float:
        pairs = (positives + negatives) / 2 - 1
        spread = 1 + pairs * ((1 - area) / (2 - area) + area / (1 + area))
        return abs(value - area) - Z * math.sqrt(area * (1 - area) * spread / (positives * negatives))

    return _outermost(apart, inside=value, outside=0.0), _outermost(apart, inside=value, outside=1.0)


def _outermost(apart: Callable[[float], float], *, inside: float, outside: float) -> float:
    """Where `apart` turns positive between `inside` and `outside`, by halves; `outside` where it does not."""
    for _ in range(64):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if apart(middle) <= 0 else (inside, middle)
    return outside


def _of_roc_auc(predictions: Predictions, measurement: Measurement) -> Interval:
    """DeLong's variance on the log-odds scale; with few rows of a class, never narrower than Newcombe's interval. The
    spread of a handful of ranks is a poor estimate of anything, and that of one is none."""
    found = _of_ranking(predictions, measurement)
    if support("roc_auc", predictions) >= FEW:
        return found
    return _hull(found, auc_score(measurement.value, predictions.positives, predictions.negatives))


def _of_pr_auc(predictions: Predictions, measurement: Measurement) -> Interval:
    """With few positive rows never narrower than a proportion of so many would have it, on the log-odds scale: the
    "logit interval" of Boyd, Eng and Page (ECML 2013), section 3."""
    found, value = _of_ranking(predictions, measurement), measurement.value
    if support("pr_auc", predictions) >= FEW or not 0 < value < 1:
        return found
    return _hull(found, logit(value, math.sqrt(value * (1 - value) / predictions.positives)))


def _resampled(predictions: Predictions) -> Estimate:
    """With few positive rows never narrower than Wilson's interval of so many: resamples of few rows differ little."""
    found = recall_at_precision(predictions)
    if support(RESAMPLED, predictions) >= FEW:
        return found
    low, high = _hull((found.low, found.high), wilson(found.value * predictions.positives, predictions.positives))
    return Estimate(value=found.value, low=low, high=high)


def _hull(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])


def _of_ranking(predictions: Predictions, measurement: Measurement) -> Interval:
    if 0 < measurement.value < 1:
        return logit(measurement.value, measurement.standard_error)
    # A perfect (or hopeless) ranking shows no spread: it is trusted as far as a proportion of the rarer class would be.
    trials = _rarer(predictions)
    return wilson(measurement.value * trials, trials)


def _of_mean(_predictions: Predictions, measurement: Measurement) -> Interval:
    reach = Z * measurement.standard_error
    return max(0.0, measurement.value - reach), measurement.value + reach


def _of_accuracy(predictions: Predictions, measurement: Measurement) -> Interval:
    return wilson(measurement.value * predictions.rows, predictions.rows)


def _of_precision(predictions: Predictions, measurement: Measurement) -> Interval:
    called = _called(predictions)
    return wilson(measurement.value * called, called)


def _of_recall(predictions: Predictions, measurement: Measurement) -> Interval:
    return wilson(measurement.value * predictions.positives, predictions.positives)


def _of_f1(predictions: Predictions, _measurement: Measurement) -> Interval:
    """Wilson's interval of the Jaccard index, carried over: the "indirect" method of Lam, Gopal and Qian,
    "Confidence intervals for the F1 score: a comparison of four methods" (arXiv 2309.14621)."""
    hits = int(np.count_nonzero(predictions.called & predictions.labels))
    low, high = wilson(hits, _called_or_positive(predictions))
    return f1_of_jaccard(low), f1_of_jaccard(high)


def _rarer(predictions: Predictions) -> int:
    return min(predictions.positives, predictions.negatives)


def _positives(predictions: Predictions) -> int:
    return predictions.positives


def _called(predictions: Predictions) -> int:
    return int(np.count_nonzero(predictions.called))


def _called_or_positive(predictions: Predictions) -> int:
    return int(np.count_nonzero(predictions.called | predictions.labels))


INTERVALS: Mapping[str, Callable[[Predictions, Measurement], Interval]] = {
    "roc_auc": _of_roc_auc,
    "pr_auc": _of_pr_auc,
    "accuracy": _of_accuracy,
    "precision": _of_precision,
    "recall": _of_recall,
    "f1": _of_f1,
    "log_loss": _of_mean,
    "brier": _of_mean,
}
SUPPORT: Mapping[str, Callable[[Predictions], int]] = {
    "roc_auc": _rarer,
    "pr_auc": _positives,
    "precision": _called,
    "recall": _positives,
    "f1": _called_or_positive,
    RESAMPLED: _positives,
}
