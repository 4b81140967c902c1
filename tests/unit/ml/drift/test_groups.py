"""Whom a model calls positive, before labels come."""

import dataclasses

import numpy as np
import pyarrow as pa

from include.ml.drift.groups import group_calls
from include.specs.catalog import load
from include.specs.groups import Fairness, Group

CHURN = load()["churn"]
MODEL = dataclasses.replace(CHURN, fairness=Fairness(groups=(Group(column="gender"),), minimum_rows=5))


def rows(scores: list[float | None], *, called: list[str | None] | None = None, gender: str = "FM") -> pa.Table:
    """Rows of two groups in turn."""
    words = {"F": "Female", "M": "Male"}
    count = len(scores)
    columns = {
        "gender": [words[gender[row % len(gender)]] for row in range(count)],
        "score": pa.array(scores, pa.float64()),
    }
    return pa.table(columns | ({"called": pa.array(called, pa.string())} if called else {}))


SAMPLE = rows([0.9, 0.1] * 10)


def test_today_stands_beside_the_baseline() -> None:
    """Of the baseline every woman was called; today every second is, and no man on either."""
    found = group_calls(rows([0.9, 0.1, 0.1, 0.1] * 10), SAMPLE, MODEL, threshold=0.5)
    female = found["gender=Female"]
    assert female.baseline is not None
    assert (female.today.called, female.today.rows, female.baseline.called, female.baseline.rows) == (10, 20, 10, 10)
    assert (female.today.measures["dppl"].value, female.baseline.measures["dppl"].value) == (-0.5, -1.0)
    assert female.today.positives is None


def test_a_score_at_the_threshold_is_called() -> None:
    """As where the version was judged."""
    assert group_calls(rows([0.5] * 20), SAMPLE, MODEL, threshold=0.5)["gender=Male"].today.called == 10


def test_a_class_stands_in_for_a_score() -> None:
    """A caller may be told the class alone; a row without either has not been called anything."""
    day = rows([None] * 20, called=["Yes", "No"] * 9 + [None, None])
    found = group_calls(day, SAMPLE, MODEL, threshold=0.5)["gender=Female"]
    assert (found.today.rows, found.today.called) == (9, 9)


def test_a_group_that_the_baseline_did_not_have_is_told() -> None:
    """There is nothing beside it."""
    found = group_calls(rows([0.9] * 20, gender="M"), rows([0.9] * 20, gender="F"), MODEL, threshold=0.5)
    assert found["gender=Male"].baseline is None


def test_without_groups_there_is_nothing() -> None:
    """A model need not name any."""
    assert group_calls(SAMPLE, SAMPLE, dataclasses.replace(MODEL, fairness=None), threshold=np.float64(0.5)) == {}
