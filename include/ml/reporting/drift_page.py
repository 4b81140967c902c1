"""The HTML report of a day's drift: what changed, how much, since when, and whether it matters, on one page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.ml.reporting.charts import Scale, Whisker, whiskers
from include.ml.reporting.drift_cards import Card, by_effect, card, measure, ranked
from include.ml.reporting.drift_history import Strip, days_before
from include.ml.reporting.groups import OF_CALLS, by_name
from include.ml.reporting.page import environment
from include.specs.attribution import AttributionDrift, FeatureAttribution
from include.specs.drift import (
    DriftReport,
    FeatureDrift,
    PredictionDrift,
    Separability,
    Violation,
)
from include.specs.monitoring import DriftRule

TEMPLATE = "drift_page.html.j2"
# What lies open: so many breached features, and quiet ones until there are so many in all. The others are folded.
MOST_BREACHED, MOST_OPEN = 24, 12
# Fewer than these are not worth folding.
FEW = 4
MOST_MISSING = 12
MOST_ATTRIBUTED = 8
# Changes of the share of blank cells: one that a table of one decimal cannot show, and one that is worth a look.
INVISIBLE, WORTH_A_LOOK = 0.0005, 0.005
# A classifier that cannot tell the days apart.
CHANCE = 0.5


@dataclass(frozen=True, kw_only=True)
class Folded[T]:
    """What a reader sees at once, and what on asking."""

    open: Sequence[T]
    folded: Sequence[T]


@dataclass(frozen=True, kw_only=True)
class Told:
    """How well a day's rows can be told from the baseline's; drivers with their bars' lengths in percent."""

    whisker: Whisker
    threshold: float
    drivers: tuple[tuple[str, float, float], ...]


def drift_page(
    report: DriftReport,
    *,
    history: Sequence[DriftReport] = (),
    rule: DriftRule | None = None,
    title: str = "",
    description: str = "",
    positive: str = "positive",
    synthetic: bool = False,
) -> str:
    """The page; a function of its arguments alone, so the same report always gives the same bytes.

    Args:
        history: the reports of earlier days, in any order; the last thirty days are shown.
        rule: what the report was judged by, to be told in words.
        title, description: of the model, as its spec has them; its name stands in for a title.
        positive: what a row is called that the model calls positive.
        synthetic: whether rows were made up, which the page then says before anything else.
    """
    past = days_before(report, history)
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            report=report,
            rule=rule,
            title=title or report.model,
            description=description,
            positive=positive,
            synthetic=synthetic,
            measure=measure,
            ranked=ranked,
            violations=_worst_first(report.violations),
            cards=_folded_cards(report.features),
            breached=sum(feature.drifted for feature in report.features),
            predictions=_predictions(report.prediction),
            told=_told(report.separability),
            missing=_missing(report.features),
            levels=_levels(report),
            groups=by_name(report.fairness),
            fairness=OF_CALLS,
            attributed=_attributed(report.attribution),
            history=past,
            strips=_folded_strips(past.strips, report.features) if past else None,
        )
    )


def _worst_first(violations: Iterable[Violation]) -> list[Violation]:
    return sorted(violations, key=lambda v: (not v.breaks, v.column, v.kind, v.message))


def _folded_cards(features: Iterable[FeatureDrift]) -> Folded[Card]:
    """All that breached up to a page's worth, and of the others the largest."""
    cards = by_effect(features)
    breached = sum(c.feature.drifted for c in cards)
    return _folded(cards, breached)


def _folded_strips(strips: Sequence[Strip], features: Iterable[FeatureDrift]) -> Folded[Strip]:
    """In the order of the cards; what breached on any day stays open, as far as there is room."""
    place = {c.feature.name: number for number, c in enumerate(by_effect(features))}
    ordered = sorted(strips, key=lambda strip: (not strip.breached, place.get(strip.name, 0), strip.name))
    breached = sum(strip.breached > 0 for strip in ordered)
    return _folded(ordered, breached)


def _folded[T](ordered: Sequence[T], breached: int) -> Folded[T]:
    """The breached come first in `ordered`."""
    shown = min(MOST_BREACHED, max(breached, MOST_OPEN))
    if len(ordered) - shown < FEW:
        shown = len(ordered)
    return Folded(open=ordered[:shown], folded=ordered[shown:])


def _predictions(prediction: PredictionDrift | None) -> list[tuple[str, Card]]:
    if prediction is None:
        return []
    return [("Scores", card(prediction.scores)), ("Calls", card(prediction.called))]


def _told(separability: Separability | None) -> Told | None:
    """On a scale from chance to certainty."""
    if separability is None:
        return None
    drivers = [(name, weight) for name, weight in ranked(separability.drivers) if weight > 0]
    return Told(
        whisker=whiskers([separability.roc_auc], low=CHANCE, high=1)[0],
        threshold=Scale(low=CHANCE, high=1, start=0, end=100)(separability.threshold),
        drivers=tuple((name, weight, round(100 * weight / drivers[0][1], 1)) for name, weight in drivers),
    )


def _attributed(found: AttributionDrift | None) -> list[tuple[str, FeatureAttribution]]:
    """The features of most weight on either side, and those that moved."""
    features = found.features if found else {}
    shown = {name for name, each in features.items() if min(each.baseline_place, each.place) <= MOST_ATTRIBUTED}
    return sorted(((name, features[name]) for name in shown), key=lambda item: (item[1].baseline_place, item[0]))


def _missing(features: Iterable[FeatureDrift]) -> Folded[FeatureDrift]:
    """Features whose share of blank cells changed, the breached and the largest change first."""
    changed = [f for f in features if f.missing.drifted or abs(_change(f)) >= INVISIBLE]
    changed.sort(key=lambda f: (not f.missing.drifted, -abs(_change(f)), f.name))
    shown = min(MOST_MISSING, sum(f.missing.drifted or abs(_change(f)) >= WORTH_A_LOOK for f in changed))
    return Folded(open=changed[:shown], folded=changed[shown:])


def _change(feature: FeatureDrift) -> float:
    return feature.missing.current - feature.missing.baseline


def _levels(report: DriftReport) -> list[FeatureDrift]:
    """Features with levels that came or went, those with the most new rows first."""
    found = [feature for feature in report.features if feature.new_levels or feature.vanished_levels]
    return sorted(found, key=lambda f: (-f.new_level_share, not f.new_levels, f.name))
