"""Many tests a day: which of them are more than what chance gives so many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def adjusted(p_values: Sequence[float], weights: Sequence[float] = ()) -> tuple[float, ...]:
    """The p-values of Benjamini and Hochberg's procedure (JRSS B, 1995), in the order of `p_values`.

    A test is a discovery at the rate q where its adjusted value is at most q. As `scipy.stats.false_discovery_control`.

    Args:
        weights: of the tests, above 0; all alike by default. Scaled to a mean of one, a test's p-value is divided by
            its own, and the rate stays what it is: Genovese, Roeder and Wasserman, "False discovery control with
            p-value weighting" (Biometrika 2006).

    >>> adjusted([0.01, 0.5, 0.02])
    (0.03, 0.5, 0.03)
    >>> adjusted([0.01, 0.5, 0.02], [2, 1, 3])
    (0.02, 1.0, 0.02)
    """
    if not p_values:
        return ()
    values = np.asarray(p_values)
    if weights:
        values = values * np.mean(weights) / np.asarray(weights)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    # From the largest down: a smaller p-value is never adjusted to more than a larger one.
    result = np.empty(len(values))
    result[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return tuple(np.minimum(result, 1.0).tolist())
