"""One column, by its kind."""

import pytest

from include.ml.drift.comparison import Compared, Question, compare
from include.ml.drift.prediction import Scores
from include.ml.drift.sides import FileBaseline, FileDay
from include.ml.drift.source import open_source
from include.specs.dataset import Column
from include.specs.drift import BaselineRef
from include.specs.monitoring import DriftRule

QUESTION = Question(
    model="toy",
    baseline=BaselineRef(version=1, run="run", sha256="0"),
    rule=DriftRule(),
    features=(),
    scores=Scores(column="score", threshold=0.5),
)
ONE = {"n": [1.0, 2.0, 3.0], "t": ["a", "b", "a"], "score": [0.1, 0.4, 0.9]}


@pytest.fixture
def compared_one(write):
    """The comparison of a column of `ONE` with another's."""

    def made(column: Column, other: dict) -> Compared:
        sides = [open_source(write(f"{name}.parquet", columns)) for name, columns in (("a", ONE), ("b", other))]
        return compare(column, FileBaseline(source=sides[0]), FileDay(source=sides[1]), QUESTION, None)

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


def test_what_cannot_be_compared_has_a_fault_in_place_of_a_comparison(compared_one) -> None:
    """Of a number, a level, and the scores."""
    for name, blank in {"n": [None, float("nan"), None], "t": [None, None, None], "score": [None, None, None]}.items():
        kind = "categorical" if name == "t" else "numeric"
        found = compared_one(Column(name=name, kind=kind), {name: blank})
        assert (found.features, [fault.kind for fault in found.violations]) == ((), ["all_missing"])


def test_scores_come_with_what_is_made_of_them(compared_one) -> None:
    """The rates of both sides."""
    found = compared_one(Column(name="score", kind="numeric"), {"score": [0.6, 0.7, 0.1]})
    assert [feature.name for feature in found.features] == ["score", "called positive"]
    assert found.rates == pytest.approx((1 / 3, 2 / 3))
