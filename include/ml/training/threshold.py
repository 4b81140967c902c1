"""The decision threshold: from which probability a row is called positive, chosen on the validation part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from include.specs.model import DecisionRule


def choose(rule: DecisionRule, positive: npt.NDArray[np.int8], probability: npt.NDArray[np.float64]) -> float:
    """The threshold by `rule`; where no threshold reaches the required precision, the one with the best precision.

    Args:
        positive: 1 or 0 a row, shape (rows,). probability: of the positive class, shape (rows,).

    >>> truth, scores = np.array([0, 1, 0, 1], np.int8), np.array([0.1, 0.3, 0.4, 0.8])
    >>> choose(DecisionRule(rule="max_f1"), truth, scores)
    0.3
    >>> choose(DecisionRule(rule="precision", target=0.9), truth, scores)
    0.8
    """
    if rule.rule == "fixed":
        return rule.target
    thresholds, precision, recall = _operating_points(positive, probability)
    if rule.rule == "max_f1":
        f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
        return float(thresholds[f1.argmax()])
    reached = np.flatnonzero(precision >= rule.target)
    # Thresholds descend, so the last has the largest recall.
    return float(thresholds[reached[-1] if len(reached) else precision.argmax()])


def _operating_points(
    positive: npt.NDArray[np.int8], probability: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Each distinct probability as a threshold, descending, with precision and recall of the rows at or above it."""
    order = np.argsort(-probability, kind="stable")
    scores = probability[order]
    last_of_ties = np.append(scores[1:] != scores[:-1], True)
    caught = np.cumsum(positive[order])[last_of_ties]
    called = np.flatnonzero(last_of_ties) + 1
    return scores[last_of_ties], caught / called, caught / max(int(positive.sum()), 1)
