"""Two files and nothing else."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from include.ml.drift.files import Files, detect_files, features_of
from include.ml.drift.source import open_source
from include.specs.errors import DataContractError


def files(write, one: dict, other: dict, **more) -> Files:
    """Both sides, written."""
    return Files(baseline=write("a.parquet", one), current=write("b.parquet", other), **more)


def test_one_comparison_of_two_files_is_drift_at_once(write, day) -> None:
    """There are no other days to wait for."""
    report = detect_files(files(write, day(1), day(2, shift=1.0)))
    assert (report.verdict, report.window, report.model) == ("drift", None, "a")
    assert detect_files(files(write, day(1), day(2))).verdict == "stable"


def test_kinds_are_those_of_the_types(write) -> None:
    """What cannot be compared is left out, and so are times that are not asked for: every day is later."""
    columns = {
        "number": [1],
        "when": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)],
        "truth": [True],
        "level": ["a"],
        "list": pa.array([[1]]),
        "key": ["k"],
    }
    given = files(write, columns, columns, id="key")
    source = open_source(given.baseline)
    found = {column.name: column.kind for column in features_of(source, given)}
    assert found == {"number": "numeric", "truth": "categorical", "level": "categorical"}
    named = features_of(source, replace(given, columns=("when",)))
    assert [column.kind for column in named] == ["timestamp"]


def test_only_the_columns_that_are_named_are_compared(write, day) -> None:
    """And no others are new."""
    report = detect_files(files(write, day(1), {**day(2), "more": np.ones(1_000)}, columns=("size", "colour")))
    assert [feature.name for feature in report.features] == ["size", "colour"]
    assert report.violations == ()


def test_labels_of_a_baseline_are_no_column_to_compare(write, day) -> None:
    """A version's own baseline has them, an older one and traffic have not."""
    labels = {"label is positive": np.ones(1_000, dtype=bool)}
    with_, without = day(1) | labels, day(2)
    for baseline, current in ((with_, without), (with_, with_), (without, with_)):
        report = detect_files(files(write, baseline, current))
        assert "label is positive" not in {feature.name for feature in report.features}
        assert report.violations == ()


def test_of_each_entity_one_row_counts(write) -> None:
    """Five equal rows of each would raise an alarm."""
    rng = np.random.default_rng(5)
    sides = [{"who": np.repeat(np.arange(400), 5), "x": np.repeat(rng.normal(size=400), 5)} for _ in range(2)]
    report = detect_files(files(write, *sides, entity="who"))
    assert (report.rows.current, report.rows.independent_current) == (2_000, 400)
    assert [feature.name for feature in report.features] == ["x"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"columns": ("size", "nothing")}, r"a.parquet: expected a column 'nothing', found size"),
        ({"entity": "nobody"}, "expected a column 'nobody'"),
        ({"score": "points"}, "expected a column 'points'"),
    ],
)
def test_names_that_are_not_there_are_told(write, day, more: dict, message: str) -> None:
    """With the ones that are."""
    with pytest.raises(DataContractError, match=message):
        detect_files(files(write, day(1), day(2), **more))


def test_a_column_that_was_named_must_be_of_a_type_that_can_be_compared(write) -> None:
    """Otherwise it is left out in silence."""
    columns = {"list": pa.array([[1]])}
    with pytest.raises(DataContractError, match="expected numbers, times, text or truth in list, got list"):
        detect_files(files(write, columns, columns, columns=("list",)))


def test_a_baseline_of_nothing_that_can_be_compared_is_told(write) -> None:
    """A file of times and lists."""
    columns = {"at": pa.array([1], pa.timestamp("s")), "list": pa.array([[1]]), "blank": pa.nulls(1)}
    with pytest.raises(DataContractError, match="expected columns of numbers, text or truth to compare, found none"):
        detect_files(files(write, columns, columns))


def test_files_without_a_common_column_are_told(write) -> None:
    """They are not of one thing."""
    with pytest.raises(DataContractError, match="the two have none in common"):
        detect_files(files(write, {"x": [1.0]}, {"y": [1.0]}))


def test_the_digest_tells_baselines_apart(write, day) -> None:
    """By what their footers say."""
    found = {detect_files(files(write, day(seed), day(2))).baseline.sha256 for seed in (1, 1, 3)}
    assert len(found) == 2


def test_a_folder_is_a_day(write, day, tmp_path: Path) -> None:
    """Of however many files."""
    write("day/a.parquet", day(2))
    write("day/b.parquet", day(3))
    report = detect_files(Files(baseline=write("a.parquet", day(1)), current=tmp_path / "day"))
    assert (report.verdict, report.rows.current) == ("stable", 2_000)


def test_text_is_told_from_levels_by_its_first_rows(write) -> None:
    """Most of which differ; it takes a classifier, which is asked for."""
    rng = np.random.default_rng(1)
    sides = [{"note": [" ".join(rng.choice(list("abcdefghij"), 8)) for _ in range(400)]} for _ in range(2)]
    plain = detect_files(files(write, *sides))
    assert [(feature.kind, feature.test) for feature in plain.features] == [("text", None)]
    assert (plain.separability, "not asked for" in plain.features[0].reason) == (None, True)
    told = detect_files(files(write, *sides, classifier=True))
    assert (told.verdict, told.features[0].test.name) == ("stable", "mann_whitney")


def test_what_goes_together_otherwise_is_drift(write) -> None:
    """Although no feature moved."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 1_000))
    sides = [{"x": x[0], "y": x[0] + 0.1 * x[1]}, {"x": x[0], "y": -x[0] + 0.1 * x[1]}]
    report = detect_files(files(write, *sides, classifier=True))
    assert (report.verdict, report.drifted) == ("drift", ())
    assert report.reasons.startswith("no feature by itself, but a classifier tells the day's rows from the baseline's")
