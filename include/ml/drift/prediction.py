"""What the model says: its scores, and the share of rows it calls positive, against what the baseline lets expect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.ml.drift.columns import Levels
from include.ml.drift.sample import Numeric
from include.specs.errors import DataContractError

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
    """

    column: str
    threshold: float
    expected_rate: float | None = None


def called(scores: Numeric, threshold: float) -> Levels:
    """Rows called positive and negative.

    Raises:
        DataContractError: the scores were only counted, and the threshold is no point of the grid.
    """
    negative = _below(scores, threshold)
    counts = {POSITIVE: scores.present - negative, NEGATIVE: negative}
    return Levels(rows=scores.rows, missing=scores.rows - scores.present, counts=counts)


def expected(scores: Numeric, given: Scores) -> Levels:
    """Those of the baseline; where the rate is given, of as many rows as it has."""
    found = called(scores, given.threshold)
    if given.expected_rate is None:
        return found
    positive = round(given.expected_rate * scores.present)
    counts = {POSITIVE: positive, NEGATIVE: scores.present - positive}
    return Levels(rows=found.rows, missing=found.missing, counts=counts)


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
