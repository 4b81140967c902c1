"""Groups of rows that a model must be able to answer for: how it treats them is measured, and decides nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from include.specs.errors import require


@dataclass(frozen=True, kw_only=True)
class Group:
    """The groups that a feature makes.

    Args:
        column: a categorical feature, of which each level is a group, or a numeric one with cuts.
        cuts: ascending; of a numeric feature, a group lies between each two, below the first, and from the last on.
    """

    column: str
    cuts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        where = f"fairness.groups[{self.column}].cuts"
        require(all(map(math.isfinite, self.cuts)), where, "be finite", self.cuts)
        require(list(self.cuts) == sorted(set(self.cuts)), where, "ascend", self.cuts)

    def names(self) -> tuple[str, ...]:
        """The groups that the cuts make, ascending.

        >>> Group(column="age", cuts=(30.0, 65.0)).names()
        ('age < 30', '30 <= age < 65', 'age >= 65')
        """
        first, last = f"{self.column} < {self.cuts[0]:g}", f"{self.column} >= {self.cuts[-1]:g}"
        pairs = zip(self.cuts[:-1], self.cuts[1:], strict=True)
        return (first, *(f"{low:g} <= {self.column} < {high:g}" for low, high in pairs), last)


@dataclass(frozen=True, kw_only=True)
class Fairness:
    """Whom a model is to be fair to.

    Args:
        minimum_rows: a group with fewer rows, or beside which there are fewer others, is counted and not measured.
    """

    groups: tuple[Group, ...]
    minimum_rows: int = 50

    def __post_init__(self) -> None:
        columns = [group.column for group in self.groups]
        require(bool(columns), "fairness.groups", "name at least one column", columns)
        require(len(set(columns)) == len(columns), "fairness.groups", "name each column once", columns)
        require(self.minimum_rows > 0, "fairness.minimum_rows", "be positive", self.minimum_rows)
