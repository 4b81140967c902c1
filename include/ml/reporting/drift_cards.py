"""One feature of a drift report as its card shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from include.ml.reporting.drift_shapes import Histogram, LevelBars, drawable, histogram, level_bars
from include.specs.drift import Effect, FeatureDrift

State = Literal["breached", "chance", "quiet"]

# Effects relative to what matters: a class of colour from each of these on.
HEAT = (0.5, 1.0, 2.0, 4.0)
# A meter is full where an effect is so many times what matters.
FULL = HEAT[-1]
# What a measure is where there is no difference at all, if that is not zero.
NO_DIFFERENCE = {"roc_auc": 0.5}
MEASURES = {
    "anderson_darling": "Anderson-Darling",
    "chi_squared": "chi-squared",
    "chi_squared_p": "chi-squared p",
    "cramers_v": "Cramér's V",
    "jensen_shannon": "Jensen-Shannon",
    "kolmogorov_smirnov": "KS distance",
    "kolmogorov_smirnov_p": "KS p",
    "missing_points": "change of blank cells",
    "new_level_share": "rows in new levels",
    "psi": "PSI",
    "roc_auc": "ROC-AUC of a classifier",
    "total_variation": "total variation",
    "wasserstein": "Wasserstein",
    "wasserstein_sd": "Wasserstein in sd",
}


@dataclass(frozen=True, kw_only=True)
class Card:
    """A feature, and what is drawn of it.

    Args:
        state: breached; large enough to matter but no more than chance; or neither.
        relative: the effect in units of what matters, so that 1 is the threshold.
        heat: the class of colour of that. meter: its length in percent.
    """

    feature: FeatureDrift
    state: State
    relative: float
    heat: str
    meter: float
    histogram: Histogram | None
    levels: LevelBars | None


def card(feature: FeatureDrift) -> Card:
    """What there is to draw of a feature: outlines, bars or nothing."""
    shape, ratio = feature.shape, relative(feature.effect)
    return Card(
        feature=feature,
        state="breached" if feature.drifted else "chance" if feature.effect.material else "quiet",
        relative=ratio,
        heat=heat(ratio),
        meter=round(100 * min(1.0, ratio / FULL), 1),
        histogram=histogram(shape) if drawable(shape) else None,
        levels=level_bars(shape, feature.new_levels) if shape.levels else None,
    )


def by_effect(features: Iterable[FeatureDrift]) -> list[Card]:
    """The breached first, and the largest effect first, in units of what matters."""
    cards = [card(feature) for feature in features]
    return sorted(cards, key=lambda c: (not c.feature.drifted, -c.relative, c.feature.name))


def relative(effect: Effect) -> float:
    """An effect in units of what matters; infinite where everything matters.

    >>> relative(Effect(measure="psi", value=0.3, threshold=0.2))
    1.5
    >>> relative(Effect(measure="roc_auc", value=0.55, threshold=0.6))
    0.5
    """
    zero = NO_DIFFERENCE.get(effect.measure, 0.0)
    size, matters = max(0.0, effect.value - zero), effect.threshold - zero
    if matters <= 0:
        return math.inf if size > 0 else 0.0
    return round(size / matters, 9)


def heat(ratio: float) -> str:
    """
    >>> heat(0.2), heat(1.0), heat(1.1), heat(4.5)
    ('h0', 'h1', 'h2', 'h4')
    """
    return f"h{sum(ratio > bound for bound in HEAT)}"


def measure(name: str) -> str:
    """A measure's name in words; as it is written where none are known.

    >>> measure("psi"), measure("energy_distance")
    ('PSI', 'energy distance')
    """
    return MEASURES.get(name, name.replace("_", " "))


def ranked[N: (int, float)](values: Mapping[str, N]) -> list[tuple[str, N]]:
    """The largest first: a mapping that was read from JSON has lost its order."""
    return sorted(values.items(), key=lambda item: (-item[1], item[0]))
