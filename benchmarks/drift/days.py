"""Made-up days for the benchmarks: ten numeric and ten categorical features, some with 5 % blank cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from include.ml.drift.prediction import CALLED

Generator = np.random.Generator
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
LEVELS = (3, 4, 5, 6, 8, 10, 15, 20, 30, 50)
NUMERIC = tuple(f"number_{index}" for index in range(len(LEVELS)))
CATEGORICAL = tuple(f"level_{count}" for count in LEVELS)
BLANK = 0.05


@dataclass(frozen=True, kw_only=True)
class Law:
    """Where a feature's values come from.

    Args:
        shares: of the levels of a categorical feature; empty for a numeric one, which is standard normal.
        shift, scale: of a numeric feature. blank: share of blank cells.
        called: of what the model says: the share of rows called positive.
    """

    shares: tuple[float, ...] = ()
    shift: float = 0.0
    scale: float = 1.0
    blank: float = 0.0
    called: float | None = None

    def numbers(self, rng: Generator, rows: int) -> Floats:
        """Values that are not blank."""
        return self.shift + self.scale * rng.normal(size=self._present(rng, rows))

    def counts(self, rng: Generator, rows: int) -> Mapping[str, int]:
        """Rows of each level."""
        counts: Any = rng.multinomial(self._present(rng, rows), self.shares)
        return {f"level {place}": int(count) for place, count in enumerate(counts) if count}

    def _present(self, rng: Generator, rows: int) -> int:
        return rows - int(rng.binomial(rows, self.blank))


def quiet() -> dict[str, Law]:
    """The law of each feature where nothing drifts: levels as frequent as one over their rank."""
    numeric = {name: Law(blank=BLANK if place % 3 == 0 else 0.0) for place, name in enumerate(NUMERIC)}
    categorical = {}
    for place, (name, levels) in enumerate(zip(CATEGORICAL, LEVELS, strict=True)):
        weights = 1 / np.arange(1, levels + 1)
        shares = tuple((weights / weights.sum()).tolist())
        categorical[name] = Law(shares=shares, blank=BLANK if place % 3 == 0 else 0.0)
    return {**numeric, **categorical}


def calls() -> dict[str, Law]:
    """What a model says where nothing drifts: one row in a hundred is called positive, as of frauds."""
    return {CALLED: Law(called=0.01)}


def changes() -> dict[str, tuple[str, Law]]:
    """What a day may have changed: a title, the feature, and its new law."""
    laws = quiet()
    normal = laws["number_1"]
    of_five, of_fifty = laws["level_5"], laws["level_50"]
    return {
        "mean + 0.25 sd": ("number_1", replace(normal, shift=0.25)),
        "mean + 0.5 sd": ("number_1", replace(normal, shift=0.5)),
        "sd x 1.25": ("number_1", replace(normal, scale=1.25)),
        "sd x 1.5": ("number_1", replace(normal, scale=1.5)),
        "one of 5 levels + 10 points": ("level_5", replace(of_five, shares=raised(of_five.shares, 1, 0.1))),
        "one of 50 levels + 10 points": ("level_50", replace(of_fifty, shares=raised(of_fifty.shares, 1, 0.1))),
        "new level, 1 % of rows": ("level_5", replace(of_five, shares=raised((*of_five.shares, 0.0), 5, 0.01))),
        "blank cells 5 % to 10 %": ("number_0", replace(laws["number_0"], blank=0.1)),
        "called positive 1 % to 4 %": (CALLED, Law(called=0.04)),
    }


def raised(shares: tuple[float, ...], place: int, points: float) -> tuple[float, ...]:
    """One level's share raised, at the cost of all others in proportion.

    >>> raised((0.5, 0.3, 0.2), 1, 0.1)
    (0.43, 0.4, 0.17)
    """
    others = (1 - shares[place] - points) / (1 - shares[place])
    return tuple(round(share + points if at == place else share * others, 9) for at, share in enumerate(shares))
