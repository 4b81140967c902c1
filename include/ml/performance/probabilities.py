"""Maps from a score to the probability that it stands for, learnt on rows of which both are known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from include.ml.evaluation.predictions import Booleans, Floats

# Inverse strength of the penalty on the slope: next to none, and enough that scores that part the classes have an end.
PENALTY_C = 100.0
# (rows,) scores → (rows,) probabilities that the row is positive.
Curve = Callable[[Floats], Floats]


def unchanged(scores: Floats) -> Floats:
    """Scores taken for probabilities."""
    return scores


def logistic(scores: Floats, labels: Booleans) -> Curve:
    """The line of the largest likelihood, from the score's log-odds to those of the probability; of both classes' rows.

    Cox, "Two further applications of a model for binary regression" (Biometrika 1958); for classifiers Platt (1999).
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 a second, which not every run need pay

    # A score of 0 or 1 has no log-odds: nothing is more certain than so many rows can show.
    edge = 0.5 / len(scores)
    fitted = LogisticRegression(C=PENALTY_C, max_iter=1000).fit(_log_odds(scores, edge)[:, None], labels)
    return partial(_on_line, constant=float(fitted.intercept_[0]), slope=float(fitted.coef_[0, 0]), edge=edge)


def isotonic(scores: Floats, labels: Booleans) -> Curve:
    """The best map that keeps the order, its steps drawn in; beyond the outermost scores it is level.

    Where a step holds few rows they may all be of one class by chance: half a row of each class is added to it.
    Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability estimates" (KDD 2002).
    """
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 a second, which not every run need pay

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, labels.astype(np.float64))
    steps, step, rows = np.unique(fitted.predict(scores), return_inverse=True, return_counts=True)
    drawn_in = (np.bincount(step, labels, minlength=len(steps)) + 0.5) / (rows + 1)
    # Nothing is drawn past its neighbour: the order is kept.
    values = np.maximum.accumulate(drawn_in)[np.searchsorted(steps, fitted.y_thresholds_).clip(max=len(steps) - 1)]
    return partial(_joined, knots=fitted.X_thresholds_, values=values)


def _joined(scores: Floats, *, knots: Floats, values: Floats) -> Floats:
    return np.interp(scores, knots, values)


def _on_line(scores: Floats, *, constant: float, slope: float, edge: float) -> Floats:
    return 1 / (1 + np.exp(-(constant + slope * _log_odds(scores, edge))))


def _log_odds(scores: Floats, edge: float) -> Floats:
    inside = np.clip(scores, edge, 1 - edge)
    return np.log(inside / (1 - inside))
