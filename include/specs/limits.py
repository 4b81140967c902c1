"""Between which numbers a person may choose."""

from __future__ import annotations

import math
from dataclasses import dataclass

from include.specs.errors import require


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Both are inclusive; None is none on that side.

    >>> str(Limits(minimum=1, maximum=500)), str(Limits(minimum=0))
    ('[1, 500]', '[0, inf)')
    """

    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        ends = (self.minimum, self.maximum)
        finite = all(end is None or math.isfinite(end) for end in ends)
        low, high = self._ends
        require(finite and ends != (None, None) and low <= high, "limits", "be finite and in order", ends)

    def hold(self, value: object) -> bool:
        """Whether `value` is a number between them; a truth value is none.

        >>> [Limits(minimum=0).hold(value) for value in (0, 0.5, -1, None, True, "1", float("nan"))]
        [True, True, False, False, False, False, False]
        """
        low, high = self._ends
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    def __str__(self) -> str:
        low, high = self._ends
        return f"{'(' if math.isinf(low) else '['}{low:g}, {high:g}{')' if math.isinf(high) else ']'}"

    @property
    def _ends(self) -> tuple[float, float]:
        low = -math.inf if self.minimum is None else self.minimum
        return low, math.inf if self.maximum is None else self.maximum


SEEDS = Limits(minimum=0, maximum=2**32 - 1)


def require_seed(seed: object, field: str) -> None:
    """Raise `SpecError` for `field` unless every library takes `seed`: to scikit-learn it is a number of 32 bits.

    >>> require_seed(-1, "estimator.seed")
    Traceback (most recent call last):
    include.specs.errors.SpecError: estimator.seed must be a whole number within [0, 4294967295], got -1
    """
    taken = isinstance(seed, int) and SEEDS.hold(seed)
    require(taken, field, f"be a whole number within [0, {SEEDS.maximum}]", seed)
