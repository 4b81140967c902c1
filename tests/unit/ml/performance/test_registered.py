"""What days are held against."""

import dataclasses

import pytest

from include.ml.evaluation.intervals import estimates
from include.ml.performance.registered import Registered, Versions
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.monitoring import Monitoring, PerformanceRule
from include.specs.reports import EvaluationReport
from tests.unit.ml.performance.served_days import drawn, evaluation_of

HOLD_OUT = drawn(300, seed=99)


@pytest.fixture
def registered(toy: ModelSpec) -> Registered:
    rule = PerformanceRule(metric="roc_auc")
    model = dataclasses.replace(toy, monitoring=Monitoring(performance=rule))
    return Registered(version=3, evaluation=evaluation_of(HOLD_OUT), model=model)


@pytest.mark.parametrize(
    ("evaluation", "message"),
    [
        (evaluation_of(HOLD_OUT, model="other"), "expected the evaluation of toy, got that of other"),
        (
            dataclasses.replace(evaluation_of(HOLD_OUT), metrics=estimates(HOLD_OUT, ["recall"])),
            "expected the metric roc_auc, which decides; it has recall",
        ),
    ],
)
def test_an_evaluation_of_something_else_is_refused(
    registered: Registered, evaluation: EvaluationReport, message: str
) -> None:
    """Nothing is compared with another model, or without the metric that decides."""
    with pytest.raises(ReportError, match=message):
        dataclasses.replace(registered, evaluation=evaluation)


def test_gates_metric_decides_where_none_is_named(registered: Registered) -> None:
    """What a candidate is registered by is what it is watched by."""
    unnamed = dataclasses.replace(registered.model, monitoring=Monitoring())
    assert dataclasses.replace(registered, model=unnamed).metric == registered.model.gate.primary_metric


def test_versions_are_found_by_their_number(registered: Registered) -> None:
    """Whichever serves; of one whose evaluation is gone it is known why, and None is no version."""
    two = dataclasses.replace(registered, version=2)
    versions = Versions(watched=registered, past=(two,), lost={1: "gone"})
    assert [versions.of(number) for number in (3, 2, 1, None)] == [registered, two, None, None]
    assert versions.known == (3, 2)
    assert versions.why_not(1) == "version 1 answered; gone"


def test_reference_is_what_a_report_keeps(registered: Registered) -> None:
    """Which version and run, on how many rows, and what was found."""
    kept = registered.reference
    assert (kept.version, kept.run, kept.rows, kept.positives) == (3, "run-1", 300, HOLD_OUT.positives)
    assert kept.metrics == registered.evaluation.metrics
