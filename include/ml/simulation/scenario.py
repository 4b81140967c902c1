"""How the world drifts: what changes, from which day on, and how it comes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from include.ml.simulation.changes import Broken, Change, Prior
from include.specs.dataset import Dataset
from include.specs.errors import require


@dataclass(frozen=True, kw_only=True)
class Sudden:
    """From one day to the next, to stay."""

    def strength(self, day: int) -> float:
        """On the `day`-th day of it, from 1."""
        return float(day > 0)


@dataclass(frozen=True, kw_only=True)
class Gradual:
    """In equal steps, in full after `days` days, to stay."""

    days: int

    def __post_init__(self) -> None:
        require(self.days > 0, "gradual.days", "be positive", self.days)

    def strength(self, day: int) -> float:
        """On the `day`-th day of it, from 1.

        >>> [Gradual(days=4).strength(day) for day in (0, 1, 2, 4, 9)]
        [0.0, 0.25, 0.5, 1.0, 1.0]
        """
        return min(max(day, 0) / self.days, 1.0)


@dataclass(frozen=True, kw_only=True)
class Seasonal:
    """As a wave: in full after half a period, gone after a whole one, and again."""

    period_days: int

    def __post_init__(self) -> None:
        require(self.period_days > 1, "seasonal.period_days", "be at least 2", self.period_days)

    def strength(self, day: int) -> float:
        """On the `day`-th day of it, from 1.

        >>> [round(Seasonal(period_days=4).strength(day), 3) for day in (0, 1, 2, 3, 4, 5)]
        [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
        """
        into = max(day, 0) % self.period_days
        return (1 - math.cos(2 * math.pi * into / self.period_days)) / 2


Onset = Sudden | Gradual | Seasonal


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Changes that begin on the day with the index `begins` (from 0) and come as `onset` says."""

    changes: tuple[Change, ...] = ()
    begins: int = 0
    onset: Onset = field(default_factory=Sudden)

    def __post_init__(self) -> None:
        require(self.begins >= 0, "scenario.begins", "be at least 0", self.begins)
        priors = [change for change in self.changes if isinstance(change, Prior)]
        require(len(priors) <= 1, "scenario.changes", "have at most one prior", priors)
        breaks = any(isinstance(change, Broken) for change in self.changes)
        require(not breaks or isinstance(self.onset, Sudden), "scenario.onset", "be sudden: feeds break", self.onset)

    def strength(self, index: int) -> float:
        """How much of the changes the day with this index has, within [0, 1].

        >>> scenario = Scenario(changes=(Prior(share=0.5),), begins=2)
        >>> [scenario.strength(index) for index in (0, 1, 2, 3)]
        [0.0, 0.0, 1.0, 1.0]
        """
        return self.onset.strength(index - self.begins + 1) if self.changes else 0.0

    def check(self, dataset: Dataset) -> None:
        """Refuse a data set that a change cannot happen to.

        Raises:
            SpecError: it lacks the column, or has one of another kind.
        """
        for change in self.changes:
            change.check(dataset)
