"""A report that holds what it must not is an error where it is made."""

import math

import pytest

from include.specs.errors import ReportError
from include.specs.reports import Curve, Estimate, GateReport, GateRule

PASSED = GateRule(rule="roc_auc >= 0.8", observed=0.84, required=0.8, passed=True)
FAILED = GateRule(rule="roc_auc >= 0.99", observed=0.84, required=0.99, passed=False)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_are_finite(number: float) -> None:
    """In an estimate, a curve, a rule."""
    with pytest.raises(ReportError, match="an estimate must be a finite number, got"):
        Estimate(value=number, low=0, high=1)
    with pytest.raises(ReportError, match="a curve must be a finite number"):
        Curve(x=(0.0,), y=(number,))
    with pytest.raises(ReportError, match="the rule 'x' must be a finite number"):
        GateRule(rule="x", observed=number, required=0, passed=False)


def test_a_curve_has_as_many_x_as_y() -> None:
    """Both counts are said."""
    with pytest.raises(ReportError, match="got 2 and 1"):
        Curve(x=(0.0, 1.0), y=(0.0,))


def test_a_gate_without_rules_is_open_and_refused() -> None:
    """Whatever its verdict."""
    for verdict in ("register", "reject"):
        with pytest.raises(ReportError, match="at least one rule"):
            GateReport(verdict=verdict, rules=(), reasons="none")


def test_a_verdict_cannot_contradict_its_rules() -> None:
    """All passed means register, one failed means reject; nothing else can be said."""
    GateReport(verdict="register", rules=(PASSED,), reasons="all held")
    GateReport(verdict="reject", rules=(PASSED, FAILED), reasons="one did not")
    with pytest.raises(ReportError, match="contradicts"):
        GateReport(verdict="register", rules=(PASSED, FAILED), reasons="")
    with pytest.raises(ReportError, match="contradicts"):
        GateReport(verdict="reject", rules=(PASSED,), reasons="")
