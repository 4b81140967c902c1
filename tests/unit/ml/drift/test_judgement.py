"""Whether a feature breached, and the sentence that says why."""

from dataclasses import replace

import pytest

from include.ml.drift.judgement import judge
from include.ml.drift.significance import untold
from include.specs.drift import MissingDrift
from include.specs.monitoring import DriftRule

RULE = DriftRule()


@pytest.mark.parametrize(
    ("value", "p_value", "drifted", "reason"),
    [
        (0.2, 1e-9, True, "Kolmogorov-Smirnov distance 0.200, above 0.050, matters (adjusted p = 1e-09)"),
        (0.2, 0.02, False, "distance 0.200, above 0.050, but chance gives as much too often (adjusted p = 0.02)"),
        (0.04, 0.0, False, "Kolmogorov-Smirnov distance 0.040, within 0.050, does not matter"),
        (0.2, 0.0, True, "(adjusted p < 1e-16)"),
    ],
)
def test_it_takes_a_distance_that_matters_and_is_no_chance(
    compared, value: float, p_value: float, drifted: bool, reason: str
) -> None:
    """Either alone is none."""
    found = judge(compared(value=value, p_value=p_value), RULE)
    assert found.drifted is drifted
    assert reason in found.reason


@pytest.mark.parametrize(
    ("current", "p_value", "drifted"), [(0.10, 1e-9, True), (0.06, 1e-9, False), (0.10, 0.01, False), (0.01, 0.0, True)]
)
def test_blank_cells_breach_by_themselves(compared, current: float, p_value: float, drifted: bool) -> None:
    """When they rise or fall by more than matters."""
    blank = MissingDrift(baseline=0.05, current=current, test=untold("chi_squared", 9.0, p_value), drifted=False)
    found = judge(compared(value=0.0, missing=blank), RULE)
    assert found.drifted is found.missing.drifted is drifted
    assert ("blank cells" in found.reason) is drifted


def test_new_levels_breach_by_themselves(compared) -> None:
    """With the first of them named."""
    novel = replace(
        compared(value=0.0),
        novelty=untold("unseen_levels", 50.0, 1e-9),
        new_level_share=0.05,
        new_levels=dict.fromkeys("defgh", 10),
    )
    found = judge(novel, RULE)
    assert found.drifted
    assert "5.0% of the rows in levels that the baseline never saw: 'd' (10 rows)" in found.reason
    assert found.reason.endswith("and 2 more")
    assert not judge(replace(novel, new_level_share=0.004), RULE).drifted
    assert not judge(replace(novel, novelty=untold("unseen_levels", 1.0, 0.5)), RULE).drifted


def test_a_level_is_quoted_as_far_as_a_message_has_room(compared) -> None:
    """Whatever somebody wrote into a cell."""
    levels = {"é" * 60_000: 30, "new\nline": 20}
    novel = replace(
        compared(value=0.0), novelty=untold("unseen_levels", 50.0, 1e-9), new_level_share=0.05, new_levels=levels
    )
    reason = judge(novel, RULE).reason
    assert reason.endswith(f": '{'é' * 40}' (30 rows), 'new\\nline' (20 rows)")


def test_what_has_no_test_does_not_breach(compared) -> None:
    """However far apart it says it is; and says why, where the comparison knows."""
    assert judge(replace(compared(), test=None), RULE).reason == "no values to compare"
    assert judge(replace(compared(), test=None, reason="nobody asked"), RULE).reason == "nobody asked"
