"""How a model treats each group beside everybody else: the measures of SageMaker Clarify, each with its interval.

Definitions: Amazon SageMaker AI Developer Guide, "Pre-training Bias Metrics" (clarify-measure-data-bias) and
"Post-training Data and Model Bias Metrics" (clarify-measure-post-training-bias). A group is facet d there, all other
rows are facet a; an outcome is positive when it is the positive class, which need not be a benefit. A difference
is 0 where both are treated alike; disparate impact is a ratio, 1 where they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.ml.evaluation.intervals import Z, unpaired_difference, wilson
from include.ml.evaluation.predictions import Booleans, Predictions
from include.ml.evaluation.slices import rows_by_level
from include.specs.errors import ReportError
from include.specs.model import Slices
from include.specs.reports import Estimate


@dataclass(frozen=True, kw_only=True)
class GroupFairness:
    """One group.

    Args:
        rows, positives: of the group. other_rows, other_positives: of everybody else.
        measures: name → value with its 95 % interval; one that is not defined for these rows is left out.
    """

    rows: int
    positives: int
    other_rows: int
    other_positives: int
    measures: Mapping[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class Facet:
    """The rows of one side: (rows,) what was observed, and what the model called them."""

    labels: Booleans
    called: Booleans


def fairness(predictions: Predictions, rows: pa.Table, rule: Slices) -> dict[str, GroupFairness]:
    """`column=level` → its measures, for every level met of the rule's columns; blank cells are a level.

    A level with fewer than the rule's rows, or beside which there are fewer others, is left out.

    Args:
        predictions: of a hold-out, or of a day's labelled rows. rows: their columns, in the same order.

    Raises:
        ReportError: the two have different numbers of rows.
    """
    if len(rows) != predictions.rows:
        raise ReportError(f"expected a row for each of {predictions.rows} predictions, got {len(rows)}")
    found = {}
    for column in rule.columns:
        for level, places in sorted(rows_by_level(rows[column]).items(), key=lambda item: (-len(item[1]), item[0])):
            inside = np.zeros(predictions.rows, dtype=np.bool_)
            inside[places] = True
            if min(len(places), predictions.rows - len(places)) >= rule.minimum_rows:
                found[f"{column}={level}"] = group_fairness(predictions, inside)
    return found


def group_fairness(predictions: Predictions, inside: Booleans) -> GroupFairness:
    """The measures of the rows where `inside` is True, beside those of the others; both must have some."""
    group, others = (
        Facet(labels=predictions.labels[side], called=predictions.called[side]) for side in (inside, ~inside)
    )
    found = {name: measure(others, group) for name, measure in MEASURES.items()}
    return GroupFairness(
        rows=len(group.labels),
        positives=int(group.labels.sum()),
        other_rows=len(others.labels),
        other_positives=int(others.labels.sum()),
        measures={name: estimate for name, estimate in found.items() if estimate is not None},
    )


def label_difference(a: Facet, d: Facet) -> Estimate | None:
    """DPL, difference in proportions of labels: of `a` a larger share is positive (clarify-data-bias-metric-true-label-
    imbalance). Newcombe's interval, as of all differences of proportions here."""
    return _difference(_share(a.labels), _share(d.labels))


def call_difference(a: Facet, d: Facet) -> Estimate | None:
    """DPPL, difference in positive proportions in predicted labels: of `a` a larger share is called positive
    (clarify-post-training-bias-metric-dppl)."""
    return _difference(_share(a.called), _share(d.called))


def disparate_impact(a: Facet, d: Facet) -> Estimate | None:
    """DI: the share of `d` that is called positive in that of `a` (clarify-post-training-bias-metric-di).

    A normal interval of the logarithm: Katz, Baptista, Azen and Pike, "Obtaining confidence intervals for the risk
    ratio in cohort studies" (Biometrics 1978); where a share is 0 or 1, with half a row added to each count as by
    Walter, "The distribution of Levin's measure of attributable risk" (Biometrika 1975).
    """
    ours, theirs = int(d.called.sum()), int(a.called.sum())
    if not theirs:
        return None
    value = (ours / len(d.called)) / (theirs / len(a.called))
    extreme = ours in (0, len(d.called)) or theirs == len(a.called)
    x, n, y, m = (count + 0.5 * extreme for count in (ours, len(d.called), theirs, len(a.called)))
    reach = Z * math.sqrt(1 / x - 1 / n + 1 / y - 1 / m)
    centre = math.log((x / n) / (y / m))
    return Estimate(value=value, low=min(math.exp(centre - reach), value), high=max(math.exp(centre + reach), value))


def acceptance_difference(a: Facet, d: Facet) -> Estimate | None:
    """DCAcc, difference in conditional acceptance: observed positives for each one that is called so are more in `a`
    (clarify-post-training-bias-metric-dcacc)."""
    return _difference(_observed_of_called(a.labels, a.called), _observed_of_called(d.labels, d.called))


def rejection_difference(a: Facet, d: Facet) -> Estimate | None:
    """DCR, difference in conditional rejection: observed negatives for each one that is called so are more in `d`
    (clarify-post-training-bias-metric-dcr)."""
    return _difference(_observed_of_called(~d.labels, ~d.called), _observed_of_called(~a.labels, ~a.called))


def recall_difference(a: Facet, d: Facet) -> Estimate | None:
    """RD: of the positive rows of `a` a larger share is found (clarify-post-training-bias-metric-rd)."""
    return _difference(_share(a.called[a.labels]), _share(d.called[d.labels]))


def accuracy_difference(a: Facet, d: Facet) -> Estimate | None:
    """AD: of `a` a larger share is called what it is (clarify-post-training-bias-metric-ad)."""
    return _difference(_share(a.called == a.labels), _share(d.called == d.labels))


def _share(rows: Booleans) -> Estimate | None:
    """Of True among `rows`, with Wilson's interval; None of none."""
    if not len(rows):
        return None
    low, high = wilson(int(rows.sum()), len(rows))
    value = int(rows.sum()) / len(rows)
    return Estimate(value=value, low=min(low, value), high=max(high, value))


def _observed_of_called(observed: Booleans, called: Booleans) -> Estimate | None:
    """How many are observed for each that is called, with the delta method's interval of a ratio of two means."""
    number = int(called.sum())
    if not number:
        return None
    value = int(observed.sum()) / number
    reach = Z * math.sqrt(float(((observed - value * called) ** 2).sum())) / number
    return Estimate(value=value, low=value - reach, high=value + reach)


def _difference(one: Estimate | None, other: Estimate | None) -> Estimate | None:
    return None if one is None or other is None else unpaired_difference(one, other)


MEASURES: Mapping[str, Callable[[Facet, Facet], Estimate | None]] = {
    "dpl": label_difference,
    "dppl": call_difference,
    "di": disparate_impact,
    "dcacc": acceptance_difference,
    "dcr": rejection_difference,
    "rd": recall_difference,
    "ad": accuracy_difference,
}
