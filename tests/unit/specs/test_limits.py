"""Limits that no number can keep are refused."""

import math

import pytest

from include.specs.errors import SpecError
from include.specs.limits import Limits


@pytest.mark.parametrize(
    "ends", [{}, {"minimum": 2, "maximum": 1}, {"minimum": math.nan}, {"maximum": math.inf}], ids=str
)
def test_limits_that_cannot_be_meant_are_refused(ends: dict[str, float]) -> None:
    """Of limits that say nothing, too: who writes none leaves them out."""
    with pytest.raises(SpecError, match=r"^limits must be finite and in order, got"):
        Limits(**ends)


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [
        (Limits(minimum=1, maximum=3), (1, 2.5, 3), (0.99, 3.01, math.inf, "2")),
        (Limits(maximum=0), (-1e300, 0), (0.1, math.nan)),
    ],
)
def test_limits_hold_what_lies_between_them(
    limits: Limits, inside: tuple[float, ...], outside: tuple[object, ...]
) -> None:
    """They themselves included."""
    assert all(map(limits.hold, inside))
    assert not any(map(limits.hold, outside))
