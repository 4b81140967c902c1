"""Days that several versions have answered, each held against what that version was registered with."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from include.specs.performance import PERFORMANCE_HTML
from tests.unit.ml.jobs.measured_days import HOLD_OUT, ROWS, MeasuredDays
from tests.unit.ml.performance.served_days import drawn, evaluation_of


@pytest.fixture
def served(tmp_path: Path) -> MeasuredDays:
    return MeasuredDays(tmp_path / "ml")


def test_an_evaluation_that_is_gone_is_named(served: MeasuredDays) -> None:
    """Of the version that serves it is an error, whatever else is there."""
    served.day(drawn(50, seed=1), version=2).before(2, HOLD_OUT)
    served.run()
    shutil.rmtree(served.input / "evaluations/run-1")
    assert served.run_again() == 1
    told = "experiments/churn/run-1/evaluation.json: expected the evaluation of version 3, found no such file"
    assert told in served.reason


def test_three_versions_are_each_held_against_their_own(served: MeasuredDays) -> None:
    """Evaluation, threshold and calibration; the verdict is about the one that labels last tell of."""
    weak, strong = drawn(1500, seed=97, blur=0.6), drawn(1500, seed=98)
    served.before(1, weak).before(2, strong)
    day = drawn(ROWS, seed=1, blur=0.7)
    served.day(day, version=1).day(day, version=2).day(day, version=2).day(day, labelled=False)
    assert served.run() == 0
    report = served.report
    assert [found.breached for found in report.days] == [False, True, True, False]
    registered = [found.metrics["roc_auc"].registered for found in report.days[:3]]
    assert registered == [evaluation_of(each).metrics["roc_auc"] for each in (weak, strong, strong)]
    expected = [found.estimated.metrics["roc_auc"].value for found in report.days if found.estimated]
    # The same scores promise less by the weak version's calibration.
    assert expected[0] < min(expected[1:]) - 0.05
    assert (report.verdict, report.registered.version, report.watched) == ("degraded", 2, 3)
    assert [other.version for other in report.others] == [3, 1]
    assert "version 3 serves now" in (served.output / PERFORMANCE_HTML).read_text()


def _garbage(served: MeasuredDays) -> None:
    served.put("evaluations/run-of-2/evaluation.json", b'{"model": [' + b"0, " * 999 + b"0]}")


def _gone(served: MeasuredDays) -> None:
    (served.input / "evaluations/run-of-2/evaluation.json").unlink()


@pytest.mark.parametrize(
    ("changes", "spoil", "why"),
    [
        ({}, _gone, "expected the evaluation of version 2, found no such file"),
        ({}, _garbage, "experiments/churn/run-of-2/evaluation.json.model: expected a str, got [0, 0,"),
        ({"model": "fraud"}, None, "expected the evaluation of churn, got that of fraud"),
        ({"run": "run-7"}, None, "expected the evaluation of the run run-of-2, got that of run-7"),
        ({"metrics": {}}, None, "expected the metric roc_auc, which decides"),
    ],
)
def test_what_a_past_version_lacks_is_said_beside_its_days(
    served: MeasuredDays, changes: dict[str, object], spoil: Callable[[MeasuredDays], None] | None, why: str
) -> None:
    """They are counted and not judged; those of the others are judged as ever."""
    served.before(2, HOLD_OUT, **changes).day(drawn(ROWS, seed=1), version=2).day(drawn(ROWS, seed=2))
    if spoil:
        spoil(served)
    assert served.run() == 0
    old, new = served.report.days
    assert (old.labelled, old.judged, new.judged, served.report.verdict) == (ROWS, False, True, "stable")
    assert old.reasons.startswith("version 2 answered; ")
    assert why in old.reasons
    assert len(old.reasons) < 200


@pytest.mark.parametrize("content", [None, b"PAR1"])
def test_without_its_sample_a_past_version_is_judged_and_not_estimated(
    served: MeasuredDays, content: bytes | None
) -> None:
    """Labels need no calibration; the version that serves must have one."""
    served.before(2, HOLD_OUT).day(drawn(ROWS, seed=1), version=2).day(drawn(ROWS, seed=2))
    sample = served.input / "baselines/run-of-2/sample.parquet"
    sample.unlink() if content is None else sample.write_bytes(content)
    assert served.run() == 0
    assert [(day.judged, day.estimated is None) for day in served.report.days] == [(True, True), (True, False)]
    served.input.joinpath("baselines/run-1/sample.parquet").write_bytes(b"PAR1")
    assert served.run_again() == 1
    assert "expected the baseline's sample as a Parquet file" in served.reason


def test_days_of_nobody_are_counted(served: MeasuredDays) -> None:
    """No evaluation is guessed."""
    served.day(drawn(ROWS, seed=1), version=None).day(drawn(ROWS, seed=2), version=None)
    assert served.run() == 0
    assert (served.report.verdict, served.report.registered.version) == ("insufficient_data", 3)
    assert "on 2 of 2 days a version answered whose evaluation is not known" in served.report.reasons
