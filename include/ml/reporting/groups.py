"""How groups are treated, as tables: the names of the measures, and the rows in an order that JSON does not lose."""

from __future__ import annotations

from collections.abc import Mapping

# In the words of SageMaker Clarify's guide.
TITLES: Mapping[str, tuple[str, str]] = {
    "dpl": ("DPL", "difference in proportions of labels"),
    "dppl": ("DPPL", "difference in proportions called positive"),
    "di": ("DI", "disparate impact: share called positive, in that of the others"),
    "dcacc": ("DCAcc", "difference in conditional acceptance"),
    "dcr": ("DCR", "difference in conditional rejection"),
    "rd": ("RD", "difference in recall"),
    "ad": ("AD", "difference in accuracy"),
}
OF_CALLS: Mapping[str, tuple[str, str]] = {name: TITLES[name] for name in ("dppl", "di")}


def by_name[T](groups: Mapping[str, T]) -> list[tuple[str, T]]:
    """
    >>> by_name({"b": 1, "a": 2})
    [('a', 2), ('b', 1)]
    """
    return sorted(groups.items())
