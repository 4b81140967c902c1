"""Whether a model still rests on the same features: how far the order of their attributions has changed."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from include.ml.evaluation.predictions import Floats
from include.specs.attribution import AttributionDrift, FeatureAttribution
from include.specs.errors import ReportError

# SageMaker Clarify's monitor raises an alert below this.
ALERT_BELOW = 0.9
# Features that are named, and from which weight on: the whole variance cannot move by more than 1.
NAMED, WORTH_NAMING = 5, 0.005


def ndcg(baseline: Mapping[str, float], current: Mapping[str, float]) -> float:
    """Normalised discounted cumulative gain of the current order of the features, in (0, 1]; 1 is the same order.

    The gain of a feature is its attribution at the baseline, the discount that of its place now: a feature that was
    important and is not any more counts more than two that swap far down. Features whose attribution is equal now have
    no order; each place of theirs gets their mean gain, so that the result does not depend on their names.

    Source: Amazon SageMaker AI Developer Guide, "Feature attribution drift for models in production"
    (clarify-model-monitor-feature-attribution-drift); ties as in McSherry and Najork, "Computing information retrieval
    performance measures efficiently in the presence of tied scores" (ECIR 2008).

    >>> then = {"SAT score": 0.70, "GPA": 0.50, "class rank": 0.05}
    >>> round(ndcg(then, {"SAT score": 0.10, "GPA": 0.20, "class rank": 0.70}), 4)  # the guide's example
    0.6876

    Args:
        baseline: feature → attribution: not signed, as the mean of absolute SHAP values or the fall of a metric when
            the column is permuted. What falls below 0 by chance counts as 0.
        current: of the same features.

    Raises:
        ReportError: other features, none at all, a number that is not finite, or a baseline where none matters.
    """
    _require_same(baseline, current)
    names = sorted(baseline)
    gains = np.maximum([baseline[name] for name in names], 0.0)
    if not gains.any():
        raise ReportError("expected a baseline in which some feature has an attribution above 0, got none")
    now = np.maximum([current[name] for name in names], 0.0)
    return min(_discounted(gains, now) / _discounted(gains, gains), 1.0)


def attribution_drift(baseline: Mapping[str, float], current: Mapping[str, float]) -> AttributionDrift | None:
    """Whether attributions have moved; None where there are none to compare, or the model went by nothing.

    Args:
        baseline, current: as in `ndcg`; of the baseline, only features that both have.
    """
    names = sorted(baseline.keys() & current.keys())
    if not any(baseline[name] > 0 for name in names):
        return None
    then, now = ({name: side[name] for name in names} for side in (baseline, current))
    value, places = ndcg(then, now), (_places(then), _places(now))
    features = {
        name: FeatureAttribution(
            baseline=then[name], current=now[name], baseline_place=places[0][name], place=places[1][name]
        )
        for name in names
    }
    return AttributionDrift(
        ndcg=value, threshold=ALERT_BELOW, moved=value < ALERT_BELOW, features=features, most_moved=_moved(features)
    )


def _places(attributions: Mapping[str, float]) -> dict[str, int]:
    """Feature → its place, 1 for the largest; equal ones by name."""
    ordered = sorted(attributions, key=lambda name: (-attributions[name], name))
    return {name: place for place, name in enumerate(ordered, start=1)}


def _moved(features: Mapping[str, FeatureAttribution]) -> tuple[str, ...]:
    """By how much a feature's own gain is discounted otherwise: ten places among those that matter little are few."""

    def weight(name: str) -> float:
        found = features[name]
        discount, before = (1 / math.log2(place + 1) for place in (found.place, found.baseline_place))
        return max(found.baseline, found.current) * abs(discount - before)

    ordered = sorted(features, key=lambda name: (-weight(name), name))
    return tuple(name for name in ordered[:NAMED] if weight(name) > WORTH_NAMING)


def _discounted(gains: Floats, by: Floats) -> float:
    """The sum of `gains` in descending order of `by`, each divided by log2(place + 1)."""
    _, level, sizes = np.unique(-by, return_inverse=True, return_counts=True)
    mean_gain = np.bincount(level, gains) / sizes
    discounts = 1 / np.log2(np.arange(2, len(gains) + 2))
    return float((np.repeat(mean_gain, sizes) * discounts).sum())


def _require_same(baseline: Mapping[str, float], current: Mapping[str, float]) -> None:
    if not baseline:
        raise ReportError("expected the attribution of at least one feature, got none")
    if baseline.keys() != current.keys():
        lacks, more = sorted(baseline.keys() - current.keys()), sorted(current.keys() - baseline.keys())
        raise ReportError(f"expected attributions of the same features, got none of {lacks} and others of {more}")
    for side, values in (("baseline", baseline), ("current", current)):
        for name, value in values.items():
            if not math.isfinite(value):
                raise ReportError(f"{side}: expected a finite attribution of {name}, got {value}")
