"""Which of a day's rows count, and what their answer is: asked again, answered twice, or with a class alone."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from include.ml.capture.writing import Dialect
from include.specs.drift import DRIFT_HTML
from tests.unit.ml.jobs.watched_day import (
    CHURN,
    FRAUD,
    ROWS,
    THRESHOLD,
    Day,
    scores_of,
    with_column,
)


def test_what_a_batch_transform_said_is_compared_as_captured_traffic_is(tmp_path: Path) -> None:
    """The same rows and scores: the same features, and ids that tell them apart."""
    days = [Day(tmp_path / "captured").capture(), Day(tmp_path / "transformed").predict()]
    for each in days:
        assert each.run() == 0
    captured, transformed = (each.report for each in days)
    assert (transformed.verdict, transformed.rows.current) == ("stable", ROWS)
    assert (transformed.features, transformed.prediction) == (captured.features, captured.prediction)
    again = Day(tmp_path / "again")
    assert again.predict(pa.concat_tables([again.traffic, again.traffic.slice(0, 50)])).run() == 0
    assert [(fault.kind, fault.rows) for fault in again.report.violations] == [("duplicates", 50)]


def test_customer_who_is_asked_about_again_breaks_nothing(tmp_path: Path) -> None:
    """Somebody came back: of an id the last row counts, since the others are not independent of it."""
    day = Day(tmp_path / "ml")
    day.capture(pa.concat_tables([day.traffic, day.traffic.slice(0, 50)]), dialect=Dialect(input="records"))
    assert day.run() == 0
    found = day.report
    assert (found.verdict, found.violations) == ("stable", ())
    assert (found.rows.current, found.rows.independent_current, found.rows.asked_again) == (ROWS + 50, ROWS, 50)
    assert b"50 asked again later" in (day.output / DRIFT_HTML).read_bytes()


@pytest.mark.parametrize("input_", ["csv", "records"])
def test_shadow_variant_does_not_double_the_day(tmp_path: Path, input_: str) -> None:
    """Each row counts once, as the variant answered it that the spec names first; others' scores are no drift."""
    alone, both = Day(tmp_path / "alone").capture(dialect=Dialect(input=input_)), Day(tmp_path / "both")
    both.model = dataclasses.replace(
        CHURN, monitoring=dataclasses.replace(CHURN.monitoring, variants=("Live", "Ahead"))
    )
    for variant in ("Ahead", "Live"):
        both.capture(dialect=Dialect(input=input_), variant=variant)
        for file in both.input.rglob(f"{variant}/**/*.jsonl"):
            if variant == "Ahead":
                file.write_bytes(re.sub(rb'"data":"0[.]\d+', b'"data":"0.999', file.read_bytes()))
    assert [each.run() for each in (alone, both)] == [0, 0]
    assert both.report.features == alone.report.features
    assert both.report.prediction == alone.report.prediction
    assert both.report.violations == ()
    assert (both.report.rows.current, both.report.rows.independent_current) == (2 * ROWS, ROWS)
    assert (both.report.rows.answered_twice, both.report.rows.asked_again) == (ROWS, 0)


def test_model_that_answers_classes_alone_is_watched_by_them(day: Day) -> None:
    """No score is missing, and what is called positive is held against what the version's scores let expect."""
    day.capture()
    for file in day.input.rglob("*.jsonl"):
        file.write_bytes(re.sub(rb'"data":"(0[.]\d+)', _class_of, file.read_bytes()))
    assert day.run() == 0
    found = day.report
    assert (found.verdict, found.violations, found.attribution) == ("stable", (), None)
    assert found.prediction is not None
    assert found.prediction.rate == pytest.approx(np.mean(scores_of(day.traffic, CHURN) >= THRESHOLD))
    assert "classes alone" in found.prediction.scores.reason


def _class_of(score: re.Match[bytes]) -> bytes:
    return b'"data":"Yes' if float(score[1]) >= THRESHOLD else b'"data":"No'


@pytest.mark.parametrize("input_", ["csv", "records"])
def test_rows_of_one_entity_count_once(tmp_path: Path, input_: str) -> None:
    """Where callers name whom a row is about; where they do not, nobody can know."""
    day = Day(tmp_path / "ml", FRAUD)
    assert day.capture(dialect=Dialect(input=input_)).run() == 0
    entities = len(set(day.traffic["ENTITY_ID"].to_pylist()))
    assert entities < ROWS
    expected = entities if input_ == "records" else ROWS
    assert day.report.rows.independent_current == expected
    assert sum(group.today.rows for group in day.report.fairness.values()) == expected


def test_caller_that_begins_to_name_the_entity_turns_nothing_off(tmp_path: Path) -> None:
    """Rows of the others count each for itself, and the report says how many there are."""
    day = Day(tmp_path / "ml", FRAUD)
    people = ["somebody", "somebody", *[None] * (ROWS - 2)]
    day.capture(with_column(day.traffic, "ENTITY_ID", pa.array(people, pa.string())), dialect=Dialect(input="records"))
    assert day.run() == 0
    assert (day.report.rows.independent_current, day.report.rows.without_entity) == (ROWS - 1, ROWS - 2)
    assert day.report.verdict == "stable"
