"""What the model says: its scores, and the share of rows it calls positive, against what the baseline lets expect."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from include.ml.drift.categorical import compare_levels, measure_levels
from include.ml.drift.columns import Levels
from include.ml.drift.contingency import share_changed
from include.ml.drift.sample import Numeric
from include.ml.drift.significance import untold
from include.ml.evaluation.intervals import Z
from include.specs.drift import FeatureDrift, OddsRatio
from include.specs.errors import DataContractError
from include.specs.monitoring import DriftRule
from include.specs.reports import Estimate

POSITIVE, NEGATIVE = "positive", "negative"
# The feature name of what was made of the scores.
CALLED = "called positive"


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Where the scores are.

    Args:
        column: on both sides. threshold: score from which a row is called positive.
        expected_rate: the share of rows called positive where the version was judged (`PredictionBaseline`); None
            where the baseline's own scores are to say it.
        classes: the day's column with the class of each row that was answered without a score; None where all have
            one. positive: the class that is called positive.
    """

    column: str
    threshold: float
    expected_rate: float | None = None
    classes: str | None = None
    positive: str = POSITIVE


def called(scores: Numeric, threshold: float) -> Levels:
    """Rows called positive and negative.

    Raises:
        DataContractError: the scores were only counted, and the threshold is no point of the grid.
    """
    negative = _below(scores, threshold)
    counts = {POSITIVE: scores.present - negative, NEGATIVE: negative}
    return Levels(rows=scores.rows, missing=scores.rows - scores.present, counts=counts)


def said(classes: Levels, positive: str) -> Levels:
    """The same of rows whose class alone was said.

    >>> said(Levels(rows=9, missing=6, counts={"Yes": 2, "No": 1}), "Yes")
    Levels(rows=3, missing=0, counts={'positive': 2, 'negative': 1})
    """
    rows, found = classes.rows - classes.missing, classes.counts.get(positive, 0)
    return Levels(rows=rows, missing=0, counts={POSITIVE: found, NEGATIVE: rows - found})


def together(one: Levels, other: Levels) -> Levels:
    """The rows of both."""
    counts = {level: one.counts[level] + other.counts[level] for level in (POSITIVE, NEGATIVE)}
    return Levels(rows=one.rows + other.rows, missing=one.missing + other.missing, counts=counts)


def expected(scores: Numeric, given: Scores) -> Levels:
    """Those of the baseline; where the rate is given, of as many rows as it has."""
    found = called(scores, given.threshold)
    if given.expected_rate is None:
        return found
    positive = round(given.expected_rate * scores.present)
    counts = {POSITIVE: positive, NEGATIVE: scores.present - positive}
    return Levels(rows=found.rows, missing=found.missing, counts=counts)


def compare_called(baseline: Levels, current: Levels, rule: DriftRule) -> FeatureDrift:
    """What is called positive, compared and not judged yet: by distance, and by odds for where that sees nothing."""
    sides = [(side.counts[POSITIVE], side.counts[NEGATIVE]) for side in (baseline, current)]
    found = replace(compare_levels(CALLED, baseline, current, rule), measures=measure_levels(baseline, current))
    if found.test is None:
        return found
    shares = [(positive, positive + negative) for positive, negative in sides]
    # Rarely called rows are too few for the distribution of chi-squared.
    test = untold("chi_squared", *share_changed(*shares))
    return replace(found, test=test, odds=OddsRatio(ratio=odds_ratio(*sides), limit=rule.odds))


def odds_ratio(baseline: tuple[int, int], current: tuple[int, int]) -> Estimate:
    """How many times the baseline's the odds are, sides as (positive, negative) rows, with a 95 % interval.

    Half a row is added to each count, so that it is finite: Haldane, "The estimation and significance of the logarithm
    of a ratio of frequencies" (Annals of Human Genetics 1956). The interval is normal for the logarithm: Gart,
    "Alternative analyses of contingency tables" (Journal of the Royal Statistical Society B 1966).

    >>> found = odds_ratio((100, 9_900), (20, 480))
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (4.2, 2.59, 6.82)
    """
    (a, b), (c, d) = [(positive + 0.5, negative + 0.5) for positive, negative in (baseline, current)]
    centre, reach = math.log(c / d) - math.log(a / b), Z * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return Estimate(value=math.exp(centre), low=math.exp(centre - reach), high=math.exp(centre + reach))


def rate(levels: Levels) -> float:
    """The share of rows called positive; 0 where none was scored.

    >>> rate(Levels(rows=10, missing=0, counts={"positive": 3, "negative": 7}))
    0.3
    """
    return levels.counts[POSITIVE] / max(1, sum(levels.counts.values()))


def _below(scores: Numeric, threshold: float) -> int:
    if scores.values is not None:
        return int(np.searchsorted(scores.values, threshold, side="left"))
    place = int(np.searchsorted(scores.points, threshold, side="left"))
    if place == len(scores.points) or scores.points[place] != threshold:
        raise DataContractError(
            f"expected the threshold {threshold:g} among the points that the scores were counted at; "
            "name it when the baseline's profile is made"
        )
    return int(scores.counts.below[place])
