"""One column, by its kind."""

from dataclasses import replace

import pyarrow as pa
import pytest

from include.ml.drift.comparison import Compared, Joint, Question, compare
from include.ml.drift.prediction import Scores
from include.ml.drift.sides import FileBaseline, FileDay
from include.ml.drift.source import open_source
from include.specs.dataset import Column
from include.specs.drift import BaselineRef, MissingDrift
from include.specs.monitoring import DriftRule

QUESTION = Question(
    model="toy",
    baseline=BaselineRef(version=1, run="run", sha256="0"),
    rule=DriftRule(),
    features=(),
    scores=Scores(column="score", threshold=0.5),
)
ONE = {"n": [1.0, 2.0, 3.0] * 30, "t": ["a", "b", "a"] * 30, "score": [0.1, 0.4, 0.9] * 30}


@pytest.fixture
def compared_one(write):
    """The comparison of a column of `ONE` with another's."""

    def made(column: Column, other: dict, joint: Joint | None = None) -> Compared:
        sides = [open_source(write(f"{name}.parquet", columns)) for name, columns in (("a", ONE), ("b", other))]
        return compare(column, FileBaseline(source=sides[0]), FileDay(source=sides[1]), QUESTION, joint)

    return made


def test_the_kind_says_how(compared_one) -> None:
    """Numbers by rank, levels by count, text by a classifier, which was not asked for."""
    kinds = {"n": "numeric", "t": "categorical"}
    for name, kind in kinds.items():
        found = compared_one(Column(name=name, kind=kind), ONE)
        assert [(feature.name, feature.kind) for feature in found.features] == [(name, kind)]
        assert found.features[0].measures
    (text,) = compared_one(Column(name="t", kind="text"), ONE).features
    assert (text.kind, text.test) == ("text", None)
    assert text.reason == "text is compared by a classifier, which was not asked for"


def test_what_cannot_be_compared_has_a_fault_in_place_of_a_comparison(compared_one) -> None:
    """Of a number, a level, and the scores."""
    blank = {"n": [None, float("nan"), None], "t": [None, None, None], "score": [None, None, None]}
    for name, cells in blank.items():
        kind = "categorical" if name == "t" else "numeric"
        found = compared_one(Column(name=name, kind=kind), {name: cells * 30})
        assert (found.features, [fault.kind for fault in found.violations]) == ((), ["all_missing"])


def test_text_that_hardly_comes_any_more_is_a_fault_too(compared_one) -> None:
    """As far as whole rows were looked at, which is where its blank cells are counted."""
    note, cells = Column(name="t", kind="text"), ["a", *[None] * 99]
    looked_at = replace(
        compared_one(note, ONE).features[0], missing=MissingDrift(baseline=0.0, current=0.99, test=None, drifted=False)
    )
    joint = Joint(text=lambda _column: looked_at, rows=lambda _columns: None)
    found = compared_one(note, {"t": cells}, joint)
    assert (found.features, [(fault.kind, fault.rows) for fault in found.violations]) == ((), [("mostly_missing", 99)])
    assert compared_one(note, ONE, joint).features == (looked_at,)


@pytest.fixture
def answered(write):
    """The comparison of the scores of a day on which some rows were answered with a class alone."""

    def made(scores: list, classes: list) -> Compared:
        columns = {"score": pa.array(scores, pa.float64()), "alone": pa.array(classes, pa.string())}
        sides = [open_source(write(f"{name}.parquet", each)) for name, each in (("a", ONE), ("b", columns))]
        given = replace(QUESTION, scores=Scores(column="score", threshold=0.5, classes="alone", positive="Yes"))
        column = Column(name="score", kind="numeric")
        return compare(column, FileBaseline(source=sides[0]), FileDay(source=sides[1]), given, None)

    return made


def test_classes_alone_are_what_the_model_says(answered) -> None:
    """Of a model that says no score, nothing is broken: its classes are held against what its scores let expect."""
    found = answered([None] * 60, ["Yes"] * 45 + ["No"] * 15)
    assert (found.violations, found.rates) == ((), pytest.approx((1 / 3, 3 / 4)))
    scores, classes = found.features
    assert (scores.test, scores.missing.test, scores.effect.value) == (None, None, 0.0)
    assert "classes alone" in scores.reason
    assert (classes.name, classes.effect.value) == ("called positive", pytest.approx(3 / 4 - 1 / 3))


def test_rows_with_a_class_alone_lack_no_score(answered) -> None:
    """They are called what they are called; a row with neither is blank."""
    found = answered([0.6, 0.1, *[None] * 8], [None, None, *["Yes"] * 6, None, None])
    scores, classes = found.features
    assert (scores.missing.current, classes.missing.current) == (2 / 4, 2 / 10)
    assert found.rates[1] == 7 / 8


def test_scores_come_with_what_is_made_of_them(compared_one) -> None:
    """The rates of both sides."""
    found = compared_one(Column(name="score", kind="numeric"), {"score": [0.6, 0.7, 0.1]})
    assert [feature.name for feature in found.features] == ["score", "called positive"]
    assert found.rates == pytest.approx((1 / 3, 2 / 3))
