"""What a day may bring that nobody wants: each has a verdict or a clear error, and none passes for drift of a model."""

from __future__ import annotations

import pyarrow as pa
import pytest

from include.ml.capture.writing import Dialect
from include.specs.model import ModelSpec
from tests.unit.ml.jobs import watched_day
from tests.unit.ml.jobs.watched_day import CHURN, ROWS, Day, with_column


def test_half_written_lines_alone_are_a_broken_feed(day: Day) -> None:
    """Every file was cut: nothing can be read, and that is told as what it is."""
    day.capture()
    for file in day.input.rglob("*.jsonl"):
        file.write_bytes(b"\n".join(line[: len(line) // 2] for line in file.read_bytes().splitlines()))
    assert day.run() == 0
    assert day.report.verdict == "broken"
    assert "the feed is broken: 100.0% of what was captured cannot be read" in day.report.reasons
    assert "expected" in day.report.violations[0].message
    assert "; look at whether" in day.report.violations[0].message


def test_rows_of_another_width_are_a_broken_feed(day: Day) -> None:
    """Without names, a cell more shifts all others: none is guessed at."""
    day.capture()
    for file in day.input.rglob("*.jsonl"):
        file.write_bytes(
            file.read_bytes()
            .replace(b'"data":"Female,', b'"data":"Female,1,')
            .replace(b'"data":"Male,', b'"data":"Male,1,')
        )
    assert day.run() == 0
    assert day.report.verdict == "broken"
    assert f"expected {len(CHURN.dataset.features)} cells" in day.report.violations[0].message


def test_new_column_is_noted(day: Day) -> None:
    """Callers may know more than the model asks for."""
    day.capture(dialect=Dialect(input="records"))
    for file in day.input.rglob("*.jsonl"):
        file.write_bytes(file.read_bytes().replace(b'\\"gender\\"', b'\\"height\\": 3, \\"gender\\"'))
    assert day.run() == 0
    assert (day.report.verdict, day.report.rows.current) == ("stable", ROWS)
    [fault] = day.report.violations
    assert (fault.column, fault.kind, fault.rows, fault.breaks) == ("height", "new_column", ROWS, False)


@pytest.mark.parametrize("rows", [1, 2])
def test_single_rows_have_no_verdict(day: Day, rows: int) -> None:
    """And are no error."""
    assert day.capture(day.traffic.slice(0, rows)).run() == 0
    assert (day.report.verdict, day.report.rows.current) == ("insufficient_data", rows)
    assert not day.report.drifted


def test_feature_that_became_constant_breaches(day: Day) -> None:
    """Something upstream has stuck."""
    assert day.capture(with_column(day.traffic, "tenure", pa.array([12.0] * ROWS))).run() == 0
    assert day.report.verdict == "warning"
    assert "tenure" in {feature.name for feature in day.report.drifted}


def test_feature_that_always_was_constant_is_quiet(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the baseline as today: there is no distance, and nothing to divide by."""
    made = watched_day.rows_of

    def constant(model: ModelSpec, *, rows: int, seed: int) -> pa.Table:
        return with_column(made(model, rows=rows, seed=seed), "MonthlyCharges", pa.array([20.0] * rows))

    monkeypatch.setattr(watched_day, "rows_of", constant)
    day.traffic = constant(CHURN, rows=ROWS, seed=2)
    assert day.capture().run() == 0
    [charges] = [feature for feature in day.report.features if feature.name == "MonthlyCharges"]
    assert (day.report.verdict, charges.drifted, charges.effect.value) == ("stable", False, 0.0)


def test_feature_of_blanks_alone_is_a_broken_feed(day: Day) -> None:
    """Of one that may be blank, and was not always: its feed has failed, the others are compared."""
    assert day.capture(with_column(day.traffic, "TotalCharges", pa.nulls(ROWS, pa.float64()))).run() == 0
    found = day.report
    assert (found.verdict, [(fault.column, fault.kind) for fault in found.violations]) == (
        "broken", [("TotalCharges", "all_missing")]
    )  # fmt: skip
    assert "TotalCharges" not in {feature.name for feature in found.features}
    assert len(found.features) == len(CHURN.dataset.features) - 1


@pytest.mark.parametrize("dead", [None, float("inf")])
def test_feature_whose_feed_failed_in_the_morning_is_a_broken_feed(day: Day, dead: float | None) -> None:
    """Some cells came before: as drift, it would retrain the model on nonsense."""
    charges = day.traffic["TotalCharges"].to_pylist()
    values = [value if row < ROWS / 50 else dead for row, value in enumerate(charges)]
    assert day.capture(with_column(day.traffic, "TotalCharges", pa.array(values, pa.float64()))).run() == 0
    found = day.report
    assert found.verdict == "broken"
    assert f"of {ROWS} cells of TotalCharges are blank" in found.reasons
    assert "TotalCharges" not in {feature.name for feature in found.features}


@pytest.mark.parametrize(("share", "verdict"), [(50, "stable"), (1, "broken")])
def test_infinities_are_left_out_and_told(day: Day, share: int, verdict: str) -> None:
    """One row in fifty is a fault of the feed; where all are infinite there is nothing to compare."""
    charges = day.traffic["MonthlyCharges"].to_pylist()
    values = [float("inf") if row % share == 0 else value for row, value in enumerate(charges)]
    # The scores are those of the first number, tenure: they stay what they were.
    assert day.capture(with_column(day.traffic, "MonthlyCharges", pa.array(values))).run() == 0
    found = day.report
    faults = {fault.kind: fault for fault in found.violations if fault.column == "MonthlyCharges"}
    assert (found.verdict, faults["infinite"].rows) == (verdict, ROWS // share)
    assert ("all_missing" in faults) == (verdict == "broken")


def test_level_that_was_never_seen_breaches(day: Day) -> None:
    """It is named with its rows, whatever the specification allows."""
    methods = day.traffic["PaymentMethod"].to_pylist()
    values = ["Seashells" if row % 20 == 0 else value for row, value in enumerate(methods)]
    assert day.capture(with_column(day.traffic, "PaymentMethod", pa.array(values))).run() == 0
    [method] = [feature for feature in day.report.features if feature.name == "PaymentMethod"]
    assert (day.report.verdict, method.drifted, method.new_levels) == ("warning", True, {"Seashells": ROWS // 20})
