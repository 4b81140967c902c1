"""Whether a day's quality fell: the realised metric beside the registered one, which is an estimate too."""

from __future__ import annotations

import math
from collections.abc import Mapping

from include.ml.evaluation.intervals import Z, estimates, unpaired_difference
from include.ml.evaluation.predictions import Predictions
from include.specs.metrics import METRICS
from include.specs.monitoring import PerformanceRule
from include.specs.performance import RealisedMetric
from include.specs.reports import Estimate


def realised(predictions: Predictions, registered: Mapping[str, Estimate]) -> dict[str, RealisedMetric]:
    """Every registered metric as it is on a day's labelled rows, by the functions that made the registered one."""
    names = [name for name in METRICS if name in registered]
    found = estimates(predictions, names)
    return {name: compared(name, found[name], registered[name]) for name in names}


def compared(name: str, observed: Estimate, registered: Estimate) -> RealisedMetric:
    """A metric of a day against that of the hold-out.

    The test is of the difference of two independent estimates, whose interval is made of both
    (`unpaired_difference`). Not whether the day's interval holds the registered value: that takes the hold-out for
    infinitely large, and a lucky one would make every honest day a fall. Nor whether the two intervals overlap: those
    that just touch differ with p = 0.006, not 0.05 (Schenker and Gentleman, "On judging the significance of differences
    by examining the overlap between confidence intervals", The American Statistician 2001).

    >>> day, hold_out = Estimate(value=0.7, low=0.66, high=0.74), Estimate(value=0.8, low=0.77, high=0.83)
    >>> found = compared("accuracy", day, hold_out)
    >>> round(found.difference.high, 3), round(found.p_value, 6)
    (-0.05, 4.4e-05)
    """
    difference = unpaired_difference(observed, registered)
    return RealisedMetric(
        realised=observed, registered=registered, difference=difference, p_value=_p_value(name, difference)
    )


def loss(name: str, difference: Estimate) -> float:
    """How much worse the day is, in units of the metric; negative where it is better."""
    return -difference.value if METRICS[name].higher_is_better else difference.value


def fell(name: str, found: RealisedMetric, rule: PerformanceRule) -> bool:
    """Whether the metric is materially worse, and by more than chance."""
    return loss(name, found.difference) > rule.fall and found.p_value < rule.false_alarm_rate


def sentence(name: str, found: RealisedMetric, rule: PerformanceRule) -> str:
    """What happened to the metric on a day, and why that counts or does not."""
    title, worse = METRICS[name].title, loss(name, found.difference)
    both = f"{title} {_told(found.realised)} against {_told(found.registered)} registered"
    if worse <= rule.fall:
        return f"{both}: {max(worse, 0.0):.3f} worse, within {rule.fall:g}, does not matter"
    if found.p_value >= rule.false_alarm_rate:
        return f"{both}: {worse:.3f} worse, but chance gives as much too often (p = {found.p_value:.2g})"
    return f"{both}: {worse:.3f} worse, above {rule.fall:g}, {_chance(found.p_value)}"


def _p_value(name: str, difference: Estimate) -> float:
    """One-sided, from the half of the 95 % interval that points to no difference, taken as normal."""
    value = difference.value
    reach = (difference.high - value) if value < 0 else (value - difference.low)
    worse = loss(name, difference)
    if not reach:
        return 0.5 if not value else float(worse < 0)
    return math.erfc(worse * Z / reach / math.sqrt(2)) / 2


def _told(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _chance(p_value: float) -> str:
    return "p < 1e-16" if p_value < 1e-16 else f"p = {p_value:.2g}"  # noqa: PLR2004 a double's
