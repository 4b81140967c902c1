"""What can change: the world (numbers, levels, the prior, the concept) or the way from it (blanks, a broken feed).

Each is the change in full; a day has a share of it, its strength within [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from include.specs.dataset import Column, Dataset, Kind
from include.specs.errors import require

# Numbers are made up uniformly over their range, of which this is the standard deviation.
RANGE_SD = 1 / math.sqrt(12)
Fault = Literal["missing", "all_null", "text", "unit", "duplicated"]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A numeric feature moves or spreads within its limits. P(label | features) stays.

    Args:
        shift: of the mean, in standard deviations or in ranges of the column, as `unit` says.
        spread: factor of the standard deviation.
    """

    column: str
    shift: float = 0.0
    unit: Literal["sd", "range"] = "sd"
    spread: float = 1.0

    def __post_init__(self) -> None:
        require(self.unit in ("sd", "range"), "numbers.unit", "be sd or range", self.unit)
        require(0 < self.spread < math.inf, "numbers.spread", "be positive and finite", self.spread)
        require(math.isfinite(self.shift), "numbers.shift", "be finite", self.shift)
        require((self.shift, self.spread) != (0, 1), "numbers", "have a shift or a spread", (self.shift, self.spread))
        mean, variance = self.moments(1.0)
        # Of all distributions on [0, 1] with this mean, the one on its two ends has the largest variance.
        fits = 0 < mean < 1 and variance < mean * (1 - mean)
        expected = (
            "leave the column within its range: the mean moves at most 1.41 sd, the spread grows at most 1.73-fold"
        )
        require(fits, "numbers.shift and numbers.spread", expected, (self.shift, self.spread))

    def moments(self, strength: float) -> tuple[float, float]:
        """Mean and variance of the column, its range taken as [0, 1].

        >>> Numbers(column="tenure", shift=0.2, unit="range").moments(0.5)[0]
        0.6
        """
        shift = self.shift * (RANGE_SD if self.unit == "sd" else 1.0)
        factor = 1 + (self.spread - 1) * strength
        return 0.5 + shift * strength, (RANGE_SD * factor) ** 2

    @property
    def words(self) -> str:
        """What happens, for a person.

        >>> Numbers(column="tenure", shift=-0.5, spread=1.25).words
        'tenure: mean -0.5 sd, spread times 1.25'
        """
        shift = f"mean {self.shift:+g} {'sd' if self.unit == 'sd' else 'of its range'}" if self.shift else ""
        spread = f"spread times {self.spread:g}" if self.spread != 1 else ""
        return f"{self.column}: {', '.join(filter(None, (shift, spread)))}"

    def check(self, dataset: Dataset) -> None:
        """Refuse a data set that it cannot happen to."""
        _feature(dataset, self.column, "numbers", "numeric")


@dataclass(frozen=True, kw_only=True)
class MoreOf:
    """A level of a categorical feature gains `points` of the rows, as a share. P(label | features) stays."""

    column: str
    level: str
    points: float

    def __post_init__(self) -> None:
        _share(self.points, "more_of.points")

    @property
    def words(self) -> str:
        """What happens, for a person."""
        return f"{self.column}: {self.points * 100:g} points more of {self.level!r}"

    def check(self, dataset: Dataset) -> None:
        """Refuse a data set that it cannot happen to."""
        column = _feature(dataset, self.column, "more_of", "categorical")
        known = column.levels is None or self.level in column.levels
        require(known, "more_of.level", f"be one of {column.levels}: for another take NewLevel", self.level)


@dataclass(frozen=True, kw_only=True)
class NewLevel:
    """A level that was never seen takes a `share` of the rows of a categorical feature."""

    column: str
    share: float
    level: str = "never seen"

    def __post_init__(self) -> None:
        _share(self.share, "new_level.share")
        require(bool(self.level.strip()), "new_level.level", "not be blank", self.level)

    @property
    def words(self) -> str:
        """What happens, for a person."""
        return f"{self.column}: {self.share:.0%} of a new level, {self.level!r}"

    def check(self, dataset: Dataset) -> None:
        """Refuse a data set that it cannot happen to."""
        column = _feature(dataset, self.column, "new_level", "categorical")
        require(self.level not in (column.levels or ()), "new_level.level", "be none of the spec's", self.level)


@dataclass(frozen=True, kw_only=True)
class Prior:
    """The share of positives becomes `share`. P(features | label) stays."""

    share: float

    def __post_init__(self) -> None:
        require(0 < self.share < 1, "prior.share", "be within (0, 1)", self.share)

    @property
    def words(self) -> str:
        """What happens, for a person."""
        return f"{self.share:.0%} of the rows positive"

    def check(self, dataset: Dataset) -> None:
        """Nothing: every data set has positives."""


@dataclass(frozen=True, kw_only=True)
class Concept:
    """A feature's effect on the label turns round or vanishes. The features and the share of positives stay."""

    column: str
    how: Literal["turns", "vanishes"] = "turns"

    def __post_init__(self) -> None:
        require(self.how in ("turns", "vanishes"), "concept.how", "be turns or vanishes", self.how)

    def factor(self, strength: float) -> float:
        """What the effect is multiplied by.

        >>> Concept(column="tenure").factor(1.0), Concept(column="tenure", how="vanishes").factor(0.25)
        (-1.0, 0.75)
        """
        return 1 - strength * (2 if self.how == "turns" else 1)

    @property
    def words(self) -> str:
        """What happens, for a person."""
        return f"{self.column}: its effect on the label {self.how}"

    def check(self, dataset: Dataset) -> None:
        """Refuse a data set that it cannot happen to."""
        _feature(dataset, self.column, "concept")
        effects = sorted(dataset.synthetic.effects)
        require(
            self.column in effects, "concept.column", f"name a column with an effect, one of {effects}", self.column
        )


@dataclass(frozen=True, kw_only=True)
class Nulls:
    """A `share` of a feature's cells goes blank, beside those that always are. The label knows nothing of it."""

    column: str
    share: float

    def __post_init__(self) -> None:
        _share(self.share, "nulls.share")

    @property
    def words(self) -> str:
        """What happens, for a person."""
        return f"{self.column}: {self.share * 100:g} points more blank"

    def check(self, dataset: Dataset) -> None:
        """Refuse a data set that it cannot happen to."""
        _feature(dataset, self.column, "nulls")


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The feed breaks. The label knows nothing of it.

    `missing`: a feature is not sent at all. `all_null`: every cell of it is blank. `text`: a number comes as text, with
    a decimal comma. `unit`: a number is `factor` times what it was. `duplicated`: a `share` of the rows comes twice.

    Args:
        column: the feature; none where rows are duplicated.
    """

    how: Fault
    column: str | None = None
    factor: float = 100.0
    share: float = 1.0

    def __post_init__(self) -> None:
        require(self.how in get_args(Fault), "broken.how", f"be one of {get_args(Fault)}", self.how)
        of_rows = self.how == "duplicated"
        require(
            of_rows == (self.column is None), "broken.column", "name a feature, or none for duplicated", self.column
        )
        require(0 < self.factor < math.inf and self.factor != 1, "broken.factor", "be positive, but not 1", self.factor)
        _share(self.share, "broken.share")

    @property
    def words(self) -> str:
        """What happens, for a person."""
        how = {
            "missing": "not sent",
            "all_null": "blank in every row",
            "text": "sent as text",
            "unit": f"{self.factor:g} times what it was",
            "duplicated": f"{self.share:.0%} of the rows sent twice",
        }[self.how]
        return how if self.column is None else f"{self.column}: {how}"

    def check(self, dataset: Dataset) -> None:
        """Refuse a data set that it cannot happen to."""
        if self.column is None:
            return
        _feature(dataset, self.column, "broken", "numeric" if self.how in ("text", "unit") else None)
        alone = self.how == "missing" and len(dataset.features) == 1
        require(not alone, "broken.column", "leave a feature", self.column)


Change = Numbers | MoreOf | NewLevel | Prior | Concept | Nulls | Broken


def scaled(effect: float | Mapping[str, float], factor: float) -> float | Mapping[str, float]:
    """An effect of the recipe times `factor`.

    >>> scaled({"red": 0.5}, -1.0)
    {'red': -0.5}
    """
    if isinstance(effect, Mapping):
        return {level: value * factor for level, value in effect.items()}
    return effect * factor


def _share(share: float, field: str) -> None:
    require(0 < share <= 1, field, "be within (0, 1]", share)


def _feature(dataset: Dataset, name: str, change: str, kind: Kind | None = None) -> Column:
    found = {column.name: column for column in dataset.features if kind in (None, column.kind)}
    words = f"{kind} feature" if kind else "feature"
    require(name in found, f"{change}.column", f"name a {words}, one of {sorted(found)}", name)
    return found[name]
