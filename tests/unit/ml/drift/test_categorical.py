"""A categorical feature of both sides."""

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats

from include.ml.drift.categorical import LISTED, compare_levels, measure_levels
from include.ml.drift.columns import Levels
from include.specs.drift import Shape
from include.specs.monitoring import DriftRule

RULE = DriftRule()


def levels(counts: dict[str, int], missing: int = 0) -> Levels:
    """A column of these."""
    return Levels(rows=sum(counts.values()) + missing, missing=missing, counts=counts)


ONE, OTHER = levels({"a": 6_000, "b": 3_000, "c": 1_000}), levels({"a": 500, "b": 450, "d": 50})


def test_effect_and_measures_are_what_scipy_says() -> None:
    """For samples of different sizes."""
    table = np.array([[6_000, 3_000, 1_000, 0], [500, 450, 0, 50]])
    theirs = scipy.stats.chi2_contingency(table, correction=False)
    found, measures = compare_levels("x", ONE, OTHER, RULE), measure_levels(ONE, OTHER)
    assert found.effect.value == pytest.approx(0.2)
    assert found.test.statistic == pytest.approx(theirs.statistic)
    assert measures["chi_squared_p"] == pytest.approx(theirs.pvalue, rel=1e-9)
    assert measures["jensen_shannon"] == pytest.approx(scipy.spatial.distance.jensenshannon(*table), rel=1e-9)
    assert measures["cramers_v"] == pytest.approx(scipy.stats.contingency.association(table, method="cramer"))


def test_new_and_vanished_levels_are_named() -> None:
    """With their rows."""
    found = compare_levels("x", ONE, OTHER, RULE)
    assert (found.new_levels, found.new_level_share, found.vanished_levels) == ({"d": 50}, 0.05, {"c": 1_000})
    assert found.novelty.p_value < 1e-9


def test_a_rare_level_that_is_absent_has_not_vanished() -> None:
    """Two rows of 10,000 are not to be expected in 500."""
    found = compare_levels("x", levels({"a": 9_998, "b": 2}), levels({"a": 500}), RULE)
    assert found.vanished_levels == {}


def test_an_open_set_of_levels_does_not_make_the_report_large() -> None:
    """The most frequent are listed and drawn."""
    today = levels({f"new {number}": 1_000 - number for number in range(200)})
    found = compare_levels("x", ONE, today, RULE)
    assert list(found.new_levels.values()) == list(range(1_000, 1_000 - LISTED, -1))
    assert len(found.shape.levels) == 12


def test_a_small_day_needs_a_larger_distance() -> None:
    """Fifty levels in 500 rows are a tenth apart by chance alone."""
    many = {str(number): 100 for number in range(50)}
    small = compare_levels("x", levels(many), levels(dict.fromkeys(many, 10)), RULE)
    large = compare_levels("x", levels(many), levels(dict.fromkeys(many, 100000)), RULE)
    assert small.effect.threshold > 0.1
    assert large.effect.threshold == pytest.approx(RULE.effect, abs=0.02)


@pytest.mark.parametrize(("one", "other"), [({}, {"a": 1}), ({"a": 1}, {}), ({}, {})])
def test_nothing_cannot_be_compared(one: dict[str, int], other: dict[str, int]) -> None:
    """And is no error."""
    found = compare_levels("x", levels(one, 3), levels(other, 3), RULE)
    assert (found.test, found.novelty, found.new_levels, found.shape) == (None, None, {}, Shape())
    assert measure_levels(levels(one), levels(other)) == {}


def test_one_level_that_stays_is_quiet() -> None:
    """There is nothing to test."""
    found = compare_levels("x", levels({"a": 500}), levels({"a": 300}), RULE)
    assert (found.effect.value, found.test.p_value, found.novelty.p_value) == (0.0, 1.0, 1.0)
