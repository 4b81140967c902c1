"""Tests of counts: of levels, of blank cells, of levels that the baseline never saw.

Both samples are samples: the baseline scaled to the day's size and then taken as known alarms on every second quiet
feature of many levels.
"""

from __future__ import annotations

import numpy as np

from include.ml.evaluation.predictions import Floats, Integers
from include.specs.reports import finite

# Cochran, "Some methods for strengthening the common chi-squared tests" (Biometrics, 1954).
EXPECTED_ROWS = 5.0


def chi_squared(baseline: Integers, current: Integers) -> tuple[float, float]:
    """Statistic and p-value of equal shares; as `scipy.stats.chi2_contingency(…, correction=False)`.

    Args:
        baseline, current: (levels,) rows of each; levels without any row do not count.

    >>> statistic, p_value = chi_squared(np.array([90, 10]), np.array([80, 20]))
    >>> round(statistic, 4), round(p_value, 4)
    (3.9216, 0.0477)
    """
    met = (baseline + current) > 0
    one, other = baseline[met].astype(np.float64), current[met].astype(np.float64)
    if len(one) < 2 or not one.sum() or not other.sum():  # noqa: PLR2004 a table of one column has nothing to tell
        return 0.0, 1.0
    from scipy.special import chdtrc  # noqa: PLC0415 an import of 0.2 s, which a module must not cost

    statistic = _statistic(one, other)
    return statistic, float(chdtrc(len(one) - 1, statistic))


def pooled(baseline: Integers, current: Integers) -> tuple[Integers, Integers]:
    """The levels that are frequent enough for the chi-squared distribution to hold, and all others as one.

    A level's rows are expected in the smaller sample; with fewer than five of them a single row is a large statistic:
    on days of 500 rows such levels alone raised more alarms than the rest together.

    >>> [part.tolist() for part in pooled(np.array([500, 40, 9, 8]), np.array([48, 3, 0, 1]))]
    [[500, 57], [48, 4]]
    """
    together = baseline + current
    share = min(int(baseline.sum()), int(current.sum())) / max(int(together.sum()), 1)
    often = together * share >= EXPECTED_ROWS
    parts = [np.append(side[often], side[~often].sum()) for side in (baseline, current)]
    return parts[0], parts[1]


def share_changed(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    """Statistic and p-value of the equality of two shares, each given as (rows with it, rows).

    Few rows are told by the binomial tail of their split, for which the normal law is bold; others by chi-squared.

    >>> [round(number, 4) for number in share_changed((50, 1_000), (90, 1_000))]
    [12.2888, 0.0005]
    """
    table = np.array([[one[0], one[1] - one[0]], [other[0], other[1] - other[0]]])
    statistic, p_value = chi_squared(table[0], table[1])
    rarer = int(np.argmin(table.sum(axis=0)))
    found, rows = table[:, rarer], table.sum(axis=1)
    if found.sum() and found.sum() * rows.min() / rows.sum() < 4 * EXPECTED_ROWS:
        return statistic, _binomial(int(found[1]), int(found.sum()), float(rows[1] / rows.sum()))
    return statistic, p_value


def unseen_levels(new_rows: int, rows: int, baseline: Integers) -> float:
    """The chance of so many rows in levels that the baseline lacks, where nothing has changed.

    A baseline never has all levels: what it lacks is about as frequent as what it saw once (Good, "The population
    frequencies of species and the estimation of population parameters", Biometrika 1953).

    Args:
        new_rows, rows: of the day. baseline: (levels,) rows of each.

    >>> unseen_levels(0, 500, np.array([600, 400])), unseen_levels(5, 500, np.array([60_000, 40_000])) < 1e-9
    (1.0, True)
    """
    if not new_rows:
        return 1.0
    from scipy.special import bdtrc  # noqa: PLC0415 as above

    once = int(np.count_nonzero(baseline == 1))
    return float(bdtrc(new_rows - 1, rows, min(1.0, (once + 1) / (int(baseline.sum()) + 1))))


def noise(baseline: Integers, current: Integers) -> float:
    """The total variation to expect of two samples of one distribution, of these sizes.

    >>> round(noise(np.array([50_000, 50_000]), np.array([250, 250])), 4)
    0.0179
    """
    sizes = int(baseline.sum()), int(current.sum())
    share = (baseline + current) / sum(sizes)
    # The mean of the absolute value of a normal variable is √(2/π) of its standard deviation.
    spread = np.sqrt(share * (1 - share) * (1 / sizes[0] + 1 / sizes[1]))
    return float(np.sqrt(2 / np.pi) * spread.sum() / 2)


def _statistic(one: Floats, other: Floats) -> float:
    sizes = one.sum(), other.sum()
    expected = (one + other) * sizes[0] / (sizes[0] + sizes[1])
    gap = (one - expected) ** 2
    statistic = float((gap / expected + gap / (one + other - expected)).sum())
    finite("chi-squared", statistic)
    return statistic


def _binomial(found: int, trials: int, chance: float) -> float:
    """Two-sided: twice the smaller tail, at most 1."""
    from scipy.special import bdtr, bdtrc  # noqa: PLC0415 as above

    upper = float(bdtrc(found - 1, trials, chance)) if found else 1.0
    return min(1.0, 2 * min(upper, float(bdtr(found, trials, chance))))
