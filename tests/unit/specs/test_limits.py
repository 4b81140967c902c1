"""Limits that no number can keep are refused."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from sklearn.utils import check_random_state

from include.specs.dataset import Synthetic
from include.specs.errors import SpecError
from include.specs.limits import Limits, require_seed
from include.specs.model import Estimator, Split


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


@pytest.mark.parametrize("seed", [0, 20260101, 2**32 - 1])
def test_seed_is_what_every_library_takes(seed: int) -> None:
    """NumPy takes any number that is not negative, scikit-learn 32 bits of it."""
    require_seed(seed, "seed")
    check_random_state(seed)
    np.random.default_rng(seed)


SEEDED: dict[str, Callable[..., object]] = {
    "split": Split,
    "estimator": partial(Estimator, path="sklearn.x"),
    "dataset.synthetic": partial(Synthetic, rows=1, base_rate=0.5),
}


@pytest.mark.parametrize("part", SEEDED)
@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, 1.0, True, None, "1"])
def test_seed_that_no_library_takes_is_refused(part: str, seed: object) -> None:
    """With the spec, and not by the job that is first to use it."""
    with pytest.raises(SpecError, match=rf"^{part}\.seed must be a whole number within \[0, 4294967295\], got"):
        SEEDED[part](seed=seed)
