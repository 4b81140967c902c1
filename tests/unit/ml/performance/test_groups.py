"""How groups have been treated, by what was observed."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from include.ml.evaluation.fairness import MEASURES
from include.ml.performance.groups import Groups, columns_of, observed, observed_groups
from include.ml.performance.labels import Labels, read_labels
from include.ml.performance.predictions import Answered, answered, labelled
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
    return answered(table, model.dataset, NOON.date() + dt.timedelta(days=number), version=3, columns=columns_of(model))


def labels_of(days: list[Answered], model: ModelSpec, folder: Path, *, every: int = 1) -> Labels:
    """Each fourth row is positive; of each `every`th row is known what it is."""
    said = [
        (key, "yes" if place % 4 == 0 else "no", NOON + dt.timedelta(days=8))
        for one in days
        for place, key in enumerate(one.ids.to_pylist())
    ]
    until = NOON + dt.timedelta(days=9)
    return read_labels([put_labels(folder / "labels.parquet", said[::every])], model.dataset, until)


def groups_of(days: list[Answered], labels: Labels, model: ModelSpec) -> Groups:
    """What is observed on those days together."""
    return observed_groups([observed(one, labelled(one, labels), threshold=0.5) for one in days], model)


def test_labelled_rows_of_all_days_are_measured_together(model: ModelSpec, tmp_path: Path) -> None:
    """A day has too few of a group; a row without a label does not count."""
    days = [day(model, number) for number in range(3)]
    found = groups_of(days, labels_of(days, model, tmp_path, every=2), model)
    assert {name: (group.rows, group.called, group.positives) for name, group in found.items()} == {
        "colour=red": (18, 0, 9), "colour=green": (18, 0, 9)
    }  # fmt: skip
    whole = groups_of(days, labels_of(days, model, tmp_path), model)["colour=green"]
    # Of those nobody is called, so that there is nothing to have been observed of the called.
    assert (whole.rows, whole.other_called, set(whole.measures)) == (36, 18, set(MEASURES) - {"dcacc"})
    assert whole.measures["dppl"].value == 0.5


def test_days_need_not_have_the_same_levels_in_the_same_order(model: ModelSpec, tmp_path: Path) -> None:
    """Nor a level in every row: a blank cell is a group of its own."""
    ids = [f"x-{row}" for row in range(36)]
    colours = [*["green"] * 12, *["red"] * 12, *[None] * 12]
    table = captured(model.dataset, ids, [0.9] * 36, colour=colours)
    days = [day(model, 0), answered(table, model.dataset, NOON.date(), version=3, columns=columns_of(model))]
    found = groups_of(days, labels_of(days, model, tmp_path), model)
    assert {name: (group.rows, group.called) for name, group in found.items()} == {
        "colour=red": (24, 18), "colour=green": (24, 12), "colour=(missing)": (12, 12)
    }  # fmt: skip


def test_few_labels_measure_nothing(model: ModelSpec, tmp_path: Path) -> None:
    """And say so; labels of one class alone are no error."""
    days = [day(model, 0)]
    found = groups_of(days, labels_of(days, model, tmp_path, every=4), model)
    assert found["colour=red"].reason == "3 rows on one side, it takes 10"
    assert (found["colour=red"].rows, found["colour=red"].positives) == (3, 3)


def test_without_groups_or_days_there_is_nothing(toy: ModelSpec, model: ModelSpec, tmp_path: Path) -> None:
    """A version may not have served yet."""
    days = [day(toy, 0)]
    labels = labels_of(days, toy, tmp_path)
    assert groups_of(days, labels, toy) == groups_of([], labels, model) == {}
