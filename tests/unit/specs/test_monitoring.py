"""The rule of drift refuses what cannot be meant."""

import pytest

from include.specs.errors import SpecError
from include.specs.monitoring import DriftRule


@pytest.mark.parametrize(
    "field",
    [
        {"effect": 1.5},
        {"missing_points": -0.1},
        {"new_level_share": 2.0},
        {"separability": 0.4},
        {"false_discovery_rate": 0.0},
        {"minimum_rows": 1},
        {"breaches": 4},
        {"breaches": 0},
    ],
    ids=str,
)
def test_impossible_rules_are_refused(field: dict[str, float]) -> None:
    """Under the name of their field."""
    with pytest.raises(SpecError, match=f"drift.{next(iter(field))} must be"):
        DriftRule(**field)
