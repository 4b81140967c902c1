"""What one model said of the hold-out, ranked once: every metric, curve and interval is read off the ranking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from include.specs.errors import ReportError

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Booleans = np.ndarray[tuple[int], np.dtype[np.bool_]]
Rows = np.ndarray[tuple[int], np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Rows from the highest score to the lowest, rows of one score together as one level.

    Args:
        thresholds: (levels,) the distinct scores, descending.
        positives: (levels,) positive rows of the level.
        true_positives: (levels,) positive rows of the level and of all above it.
        predicted: (levels,) rows of the level and of all above it.
        level: (rows,) the level of each row, in the rows' own order.
    """

    thresholds: Floats
    positives: Integers
    true_positives: Integers
    predicted: Integers
    level: Rows


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """One model on the hold-out.

    Args:
        labels: (rows,) True where the row is positive.
        scores: (rows,) probability of the positive class, in the same order.
        threshold: probability from which a row is called positive.
        required_precision: what `recall_at_precision` asks for.

    Raises:
        ReportError: a score is not within [0, 1], the lengths differ, or a class is absent.
    """

    labels: Booleans
    scores: Floats
    threshold: float
    required_precision: float = 0.5

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.scores):
            raise ReportError(f"expected a score for each of {len(self.labels)} labels, got {len(self.scores)}")
        if not (self.positives and self.negatives):
            raise ReportError(
                f"expected hold-out rows of both classes, got {self.positives} positive and {self.negatives} negative; "
                "give the split more rows or a larger test share"
            )
        # A NaN fails both comparisons.
        wrong = len(self.scores) - np.count_nonzero((self.scores >= 0) & (self.scores <= 1))
        if wrong:
            raise ReportError(f"expected probabilities within [0, 1], got {wrong} other scores; the model is broken")

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.labels)

    @cached_property
    def positives(self) -> int:
        """How many rows are positive."""
        return int(np.count_nonzero(self.labels))

    @property
    def negatives(self) -> int:
        """How many rows are not."""
        return self.rows - self.positives

    @cached_property
    def called(self) -> Booleans:
        """(rows,) True where the model calls the row positive."""
        return self.scores >= self.threshold

    @cached_property
    def ranking(self) -> Ranking:
        """The rows by descending score. O(rows log rows), once."""
        return rank(self.labels, self.scores)

    def subset(self, rows: Rows) -> Predictions:
        """The same model on some of the rows, given as a mask or as positions."""
        return Predictions(
            labels=self.labels[rows],
            scores=self.scores[rows],
            threshold=self.threshold,
            required_precision=self.required_precision,
        )


def rank(labels: Booleans, scores: Floats) -> Ranking:
    """Rank `scores` (rows,), descending, ties as one level.

    >>> ranking = rank(np.array([True, False, True]), np.array([0.2, 0.2, 0.9]))
    >>> ranking.thresholds.tolist(), ranking.true_positives.tolist(), ranking.predicted.tolist()
    ([0.9, 0.2], [1, 2], [1, 3])
    >>> ranking.level.tolist()
    [1, 1, 0]
    """
    order = np.argsort(-scores)
    ranked = scores[order]
    first = np.concatenate(([True], ranked[1:] != ranked[:-1]))
    last = np.concatenate((first[1:], [True]))
    predicted = np.flatnonzero(last) + 1
    true_positives = np.cumsum(labels[order], dtype=np.int64)[last]
    level = np.empty(len(scores), dtype=np.int32)
    level[order] = np.cumsum(first) - 1
    return Ranking(
        thresholds=ranked[last],
        positives=np.diff(true_positives, prepend=0),
        true_positives=true_positives,
        predicted=predicted,
        level=level,
    )
