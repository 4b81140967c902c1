"""What a model's scores go by, as `drift.json` tells it: information beside the verdict, which it never decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.specs.reports import finite


@dataclass(frozen=True, kw_only=True)
class FeatureAttribution:
    """How much a model's scores go by one feature, and its place among the features, 1 for the most."""

    baseline: float
    current: float
    baseline_place: int
    place: int

    def __post_init__(self) -> None:
        finite("an attribution", self.baseline, self.current)


@dataclass(frozen=True, kw_only=True)
class AttributionDrift:
    """Whether the model still goes by the same features.

    Args:
        ndcg: of today's order of the features, in (0, 1]; 1 where it is the baseline's. moved: below `threshold`.
        features: feature → its attribution.
        most_moved: the features whose places say most of it, the first of them most; none of little weight.
    """

    ndcg: float
    threshold: float
    moved: bool
    features: Mapping[str, FeatureAttribution]
    most_moved: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        finite("an NDCG", self.ndcg, self.threshold)
