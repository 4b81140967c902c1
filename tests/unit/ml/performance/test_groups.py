"""How groups have been treated, by what was observed."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from include.ml.evaluation.fairness import MEASURES
from include.ml.performance.groups import observed_groups
from include.ml.performance.labels import Labels, read_labels
from include.ml.performance.predictions import Answered, answered
from include.specs.groups import Fairness, Group
from include.specs.model import ModelSpec
from tests.unit.ml.performance.served_days import NOON, captured, put_labels


@pytest.fixture
def model(toy: ModelSpec) -> ModelSpec:
    return replace(toy, fairness=Fairness(groups=(Group(column="colour"),), minimum_rows=10))


def day(model: ModelSpec, number: int, *, rows: int = 12) -> Answered:
    """One day of red rows, each second called, and as many green ones, which are not."""
    ids = [f"{number}-{row}" for row in range(2 * rows)]
    scores = [0.9 if row < rows and row % 2 else 0.1 for row in range(2 * rows)]
    table = captured(model.dataset, ids, scores, colour=["red"] * rows + ["green"] * rows)
    return answered(table, model.dataset, NOON.date() + dt.timedelta(days=number), version=3)


def labels_of(days: list[Answered], model: ModelSpec, folder: Path, *, every: int = 1) -> Labels:
    """Each fourth row is positive; of each `every`th row is known what it is."""
    said = [
        (key, "yes" if place % 4 == 0 else "no", NOON + dt.timedelta(days=8))
        for one in days
        for place, key in enumerate(one.ids.to_pylist())
    ]
    until = NOON + dt.timedelta(days=9)
    return read_labels([put_labels(folder / "labels.parquet", said[::every])], model.dataset, until)


def test_labelled_rows_of_all_days_are_measured_together(model: ModelSpec, tmp_path: Path) -> None:
    """A day has too few of a group; a row without a label does not count."""
    days = [day(model, number) for number in range(3)]
    found = observed_groups(days, labels_of(days, model, tmp_path, every=2), model, threshold=0.5)
    assert {name: (group.rows, group.called, group.positives) for name, group in found.items()} == {
        "colour=red": (18, 0, 9), "colour=green": (18, 0, 9)
    }  # fmt: skip
    whole = observed_groups(days, labels_of(days, model, tmp_path), model, threshold=0.5)["colour=green"]
    # Of those nobody is called, so that there is nothing to have been observed of the called.
    assert (whole.rows, whole.other_called, set(whole.measures)) == (36, 18, set(MEASURES) - {"dcacc"})
    assert whole.measures["dppl"].value == 0.5


def test_few_labels_measure_nothing(model: ModelSpec, tmp_path: Path) -> None:
    """And say so; labels of one class alone are no error."""
    days = [day(model, 0)]
    found = observed_groups(days, labels_of(days, model, tmp_path, every=4), model, threshold=0.5)
    assert found["colour=red"].reason == "3 rows on one side, it takes 10"
    assert (found["colour=red"].rows, found["colour=red"].positives) == (3, 3)


def test_without_groups_or_days_there_is_nothing(toy: ModelSpec, model: ModelSpec, tmp_path: Path) -> None:
    """A version may not have served yet."""
    days = [day(toy, 0)]
    labels = labels_of(days, toy, tmp_path)
    assert observed_groups(days, labels, toy, threshold=0.5) == observed_groups([], labels, model, threshold=0.5) == {}
