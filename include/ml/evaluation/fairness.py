"""How a model treats each group beside everybody else: the measures of SageMaker Clarify, each with its interval.

Definitions: Amazon SageMaker AI Developer Guide, "Pre-training Bias Metrics" (clarify-measure-data-bias) and
"Post-training Data and Model Bias Metrics" (clarify-measure-post-training-bias). A group is facet d there, all other
rows are facet a; an outcome is positive when it is the positive class, which need not be a benefit. A difference
is 0 where both are treated alike; disparate impact is a ratio, 1 where they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import to_numpy
from include.ml.evaluation.intervals import Z, unpaired_difference, wilson
from include.ml.evaluation.predictions import Booleans
from include.ml.evaluation.slices import MISSING, SMALL_LEVELS, rows_by_level
from include.specs.errors import ReportError
from include.specs.groups import Fairness, Group
from include.specs.reports import Estimate, GroupFairness

Groups = dict[str, GroupFairness]


@dataclass(frozen=True, kw_only=True)
class Facet:
    """The rows of one side: (rows,) what was observed, and what the model called them."""

    labels: Booleans
    called: Booleans


def fairness(rows: pa.Table, rule: Fairness | None, *, called: Booleans, labels: Booleans | None = None) -> Groups:
    """Group → its measures, for every group of the rule that has rows; blank cells are a group.

    Args:
        rows: of a hold-out, or of a day; at least the rule's columns.
        called: (rows,) True where the model calls the row positive. labels: (rows,) True where it is; None where that
            is not known, and only what needs no labels is measured.

    Raises:
        ReportError: they have different numbers of rows.
    """
    for side in (called, called if labels is None else labels):
        if len(side) != len(rows):
            raise ReportError(f"expected a call and a label for each of {len(rows)} rows, got {len(side)}")
    if rule is None or not len(rows):
        return {}
    return {
        name: group_fairness(inside, rule.minimum_rows, called=called, labels=labels)
        for group in rule.groups
        for name, inside in _members(rows[group.column], group, rule.minimum_rows)
    }


def group_fairness(
    inside: Booleans, minimum_rows: int = 1, *, called: Booleans, labels: Booleans | None = None
) -> GroupFairness:
    """The measures of the rows where `inside` is True, beside those of the others; counts alone where they are few."""
    group, others = (
        Facet(labels=_NOT_KNOWN if labels is None else labels[side], called=called[side]) for side in (inside, ~inside)
    )
    fewer = min(len(group.called), len(others.called))
    names = () if fewer < minimum_rows else OF_CALLS if labels is None else tuple(MEASURES)
    found = {name: MEASURES[name](others, group) for name in names}
    return GroupFairness(
        rows=len(group.called),
        called=int(group.called.sum()),
        other_rows=len(others.called),
        other_called=int(others.called.sum()),
        positives=None if labels is None else int(group.labels.sum()),
        other_positives=None if labels is None else int(others.labels.sum()),
        measures={name: estimate for name, estimate in found.items() if estimate is not None},
        reason="" if names else f"{fewer} rows on one side, it takes {minimum_rows}",
    )


def _members(values: pa.ChunkedArray, group: Group, minimum_rows: int) -> Iterator[tuple[str, Booleans]]:
    """Each group and which rows are its: those of cuts in their order, others by size and name."""
    if group.cuts:
        yield from _between(values, group)
        return
    small = 0
    for level, places in sorted(rows_by_level(values).items(), key=lambda item: (-len(item[1]), item[0])):
        small += len(places) < minimum_rows
        if small <= SMALL_LEVELS:
            inside = np.zeros(len(values), dtype=np.bool_)
            inside[places] = True
            yield f"{group.column}={level}", inside


def _between(values: pa.ChunkedArray, group: Group) -> Iterator[tuple[str, Booleans]]:
    blank = to_numpy(pc.is_null(values, nan_is_null=True))
    numbers = to_numpy(pc.fill_null(values.cast(pa.float64()), math.nan))
    place = np.where(blank, -1, np.searchsorted(group.cuts, numbers, side="right"))
    for number, name in ((-1, f"{group.column}={MISSING}"), *enumerate(group.names())):
        inside = place == number
        if inside.any():
            yield name, inside


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


_NOT_KNOWN: Booleans = np.empty(0, dtype=np.bool_)
MEASURES: Mapping[str, Callable[[Facet, Facet], Estimate | None]] = {
    "dpl": label_difference,
    "dppl": call_difference,
    "di": disparate_impact,
    "dcacc": acceptance_difference,
    "dcr": rejection_difference,
    "rd": recall_difference,
    "ad": accuracy_difference,
}
# Those that need no labels.
OF_CALLS = ("dppl", "di")
