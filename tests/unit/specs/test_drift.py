"""drift.json as a value."""

import datetime as dt
import math

import pytest

from include.specs import codec
from include.specs.drift import (
    BaselineRef,
    DriftReport,
    Effect,
    FeatureDrift,
    MissingDrift,
    PredictionDrift,
    RowCount,
    Shape,
    SignificanceTest,
)
from include.specs.errors import ReportError

TEST = SignificanceTest(name="chi_squared", statistic=9.0, p_value=0.01, p_adjusted=0.02)


def feature(name: str, value: float, *, drifted: bool = True) -> FeatureDrift:
    """Of some effect."""
    return FeatureDrift(
        name=name,
        kind="categorical",
        test=TEST,
        effect=Effect(measure="total_variation", value=value, threshold=0.05),
        missing=MissingDrift(baseline=0.0, current=0.0, test=None, drifted=False),
        drifted=drifted,
        reason="because",
    )


def report() -> DriftReport:
    """With a breach among features and one among predictions."""
    predicted = PredictionDrift(
        scores=feature("score", 0.2), called=feature("called", 0.01, drifted=False), expected_rate=0.1, rate=0.2
    )
    return DriftReport(
        model="toy",
        window=dt.date(2026, 3, 1),
        baseline=BaselineRef(version=3, run="run", sha256="0"),
        rows=RowCount(baseline=10, current=10, independent_baseline=10, independent_current=10),
        verdict="warning",
        reasons="because",
        features=(feature("a", 0.1), feature("b", 0.3), feature("c", 0.0, drifted=False)),
        prediction=predicted,
    )


def test_a_report_goes_there_and_back() -> None:
    """As JSON."""
    assert codec.decode(DriftReport, codec.encode(report()), source="drift.json") == report()


def test_what_breached_comes_by_effect() -> None:
    """Predictions included."""
    assert [found.name for found in report().drifted] == ["b", "score", "a"]


def test_an_effect_is_material_above_its_threshold() -> None:
    """And not at it."""
    at = Effect(measure="total_variation", value=0.05, threshold=0.05)
    assert (at.material, Effect(measure="total_variation", value=0.051, threshold=0.05).material) == (False, True)


def test_what_is_not_finite_is_refused() -> None:
    """Where it is made."""
    with pytest.raises(ReportError, match="the test x must be a finite number"):
        SignificanceTest(name="x", statistic=math.nan, p_value=1.0, p_adjusted=1.0)


def test_a_shape_has_a_share_for_each_bin_or_level() -> None:
    """On both sides."""
    Shape(edges=(0.0, 1.0), baseline=(1.0,), current=(1.0,))
    with pytest.raises(ReportError, match="a shape of 2 bins needs as many shares"):
        Shape(levels=("a", "b"), baseline=(1.0,), current=(0.5, 0.5))
