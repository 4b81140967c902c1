"""From two sides to drift.json."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from include.ml.drift.comparison import Question
from include.ml.drift.detection import detect
from include.ml.drift.prediction import Scores
from include.ml.drift.sides import FileBaseline, FileDay
from include.ml.drift.source import open_source
from include.specs import codec
from include.specs.dataset import Column
from include.specs.drift import BaselineRef, DriftReport
from include.specs.errors import DataContractError
from include.specs.monitoring import DriftRule

FEATURES = (
    Column(name="size", kind="numeric"),
    Column(name="flag", kind="categorical"),
    Column(name="colour", kind="categorical"),
    Column(name="weight", kind="numeric"),
)
QUESTION = Question(
    model="toy",
    baseline=BaselineRef(version=3, run="run", sha256="0"),
    rule=DriftRule(),
    features=FEATURES,
    window=dt.date(2026, 3, 10),
)


@pytest.fixture
def told(write, day):
    """The report of a day against a quiet baseline of 5,000 rows."""

    def made(columns: dict, question: Question = QUESTION, **more) -> DriftReport:
        baseline = {**day(1, 5_000), "score": np.linspace(0, 1, 5_000)}
        sides = [open_source(write(f"{name}.parquet", side)) for name, side in (("a", baseline), ("b", columns))]
        return detect(FileBaseline(source=sides[0]), FileDay(source=sides[1]), question, **more)

    return made


def test_a_quiet_day_is_stable_and_has_all_features_in_order(told, day) -> None:
    """And drift.json can be written and read."""
    report = told(day(2))
    assert (report.verdict, report.exact, report.error, report.violations) == ("stable", True, 0.0, ())
    assert [feature.name for feature in report.features] == [column.name for column in FEATURES]
    assert (report.rows.baseline, report.rows.current) == (5_000, 1_000)
    assert codec.decode(DriftReport, codec.encode(report), source="here") == report


def test_drift_takes_a_second_day(told, day) -> None:
    """Of the same feature, told since when."""
    first = told(day(2, shift=0.5))
    assert (first.verdict, [feature.name for feature in first.drifted]) == ("warning", ["size"])
    question = replace(QUESTION, window=dt.date(2026, 3, 11))
    second = told(day(3, shift=0.5), question, history=[first])
    assert (second.verdict, second.drifted[0].days, second.drifted[0].since) == ("drift", 2, dt.date(2026, 3, 10))


def test_a_quiet_day_does_not_end_drift_and_says_what_it_rests_on(told, day) -> None:
    """And drift.json keeps that: the message and the training that it asks for go by it."""
    first = told(day(2, shift=0.5))
    second = told(day(3, shift=0.5), replace(QUESTION, window=dt.date(2026, 3, 11)), history=[first])
    quiet = told(day(4), replace(QUESTION, window=dt.date(2026, 3, 12)), history=[second, first])
    assert (quiet.verdict, quiet.drifted, quiet.since) == ("drift", (), dt.date(2026, 3, 10))
    assert quiet.reasons.startswith("size (on 2026-03-11, quiet today): Kolmogorov-Smirnov distance 0.")
    [lasting] = quiet.lasting
    assert lasting.feature.effect == second.drifted[0].effect
    assert codec.decode(DriftReport, codec.encode(quiet), source="here") == quiet


def test_an_unseen_level_and_rising_blanks_are_told(told, day) -> None:
    """Neither of which moves a distribution much."""
    columns = day(2)
    columns["colour"] = np.where(np.arange(1_000) % 50 == 0, "mauve", columns["colour"])
    columns["weight"] = pa.array(np.ones(1_000), mask=np.arange(1_000) % 4 == 0)
    found = {feature.name: feature for feature in told(columns).drifted}
    assert found["colour"].new_levels == {"mauve": 20}
    assert found["weight"].missing.drifted


def test_a_broken_feed_is_broken_and_the_rest_is_compared(told, day) -> None:
    """A column that is gone, one of another type, one that is all blank."""
    columns = day(2, shift=0.5)
    del columns["flag"]
    columns["colour"] = np.ones(1_000)
    columns["weight"] = pa.nulls(1_000, pa.float64())
    report = told(columns)
    assert (report.verdict, [feature.name for feature in report.drifted]) == ("broken", ["size"])
    kinds = {fault.column: fault.kind for fault in report.violations}
    assert kinds == {"flag": "missing_column", "colour": "type_changed", "weight": "all_missing"}


def test_wholly_other_columns_are_a_broken_feed(told) -> None:
    """Another model's data."""
    report = told({"length": np.ones(500), "breadth": np.ones(500)})
    assert (report.verdict, report.features) == ("broken", ())


def test_infinities_are_told_and_no_crash(told, day) -> None:
    """The rest of the column is compared."""
    columns = day(2)
    columns["size"][:30] = np.inf
    report = told(columns)
    assert [(fault.kind, fault.rows) for fault in report.violations] == [("infinite", 30)]
    assert report.verdict == "stable"


@pytest.mark.parametrize("rows", [1, 199])
def test_few_rows_are_too_few(told, day, rows: int) -> None:
    """However far apart; nothing is said to have drifted."""
    report = told(day(2, rows, shift=9.0))
    assert (report.verdict, report.drifted) == ("insufficient_data", ())
    assert report.features[0].reason == "too few rows to tell drift from chance"


def test_repeated_ids_are_told(told, day) -> None:
    """The id is no feature and no new column."""
    columns = {**day(2), "key": [f"k{number % 500}" for number in range(1_000)]}
    report = told(columns, replace(QUESTION, id="key"))
    assert [(fault.kind, fault.rows) for fault in report.violations] == [("duplicates", 500)]
    assert report.verdict == "broken"


def test_a_day_without_ids_is_compared_all_the_same(told, day) -> None:
    """And the report says what was not looked at."""
    report = told(day(2), replace(QUESTION, id="key"))
    assert [(fault.column, fault.kind) for fault in report.violations] == [("key", "missing_column")]
    assert report.verdict == "stable"


def test_scores_and_what_is_called_positive_are_judged_with_the_features(told, day) -> None:
    """Against the rate that the version was judged with."""
    scores = Scores(column="score", threshold=0.8, expected_rate=0.2)
    report = told({**day(2), "score": np.linspace(0.5, 1, 1_000)}, replace(QUESTION, scores=scores))
    assert (report.prediction.expected_rate, report.prediction.rate) == pytest.approx((0.2, 0.4))
    assert {feature.name for feature in report.drifted} == {"score", "called positive"}
    assert (report.prediction.scores.name, report.prediction.called.name) == ("score", "called positive")
    assert len(report.features) == 4


def test_scores_that_are_not_there_are_an_error(told, day) -> None:
    """There is no telling whether the model says the same."""
    with pytest.raises(DataContractError, match="expected the scores in a column 'score', found none"):
        told(day(2), replace(QUESTION, scores=Scores(column="score", threshold=0.8)))


def test_progress_is_told_column_by_column(told, day) -> None:
    """From any thread."""
    done: list[str] = []
    told(day(2), progress=done.append)
    assert sorted(done) == sorted(column.name for column in FEATURES)


def test_a_feature_that_is_not_in_the_baseline_is_an_error(told, day) -> None:
    """The baseline is another model's."""
    with pytest.raises(DataContractError, match="the baseline has no column 'length'"):
        told(day(2), replace(QUESTION, features=(*FEATURES, Column(name="length", kind="numeric"))))
