"""Labels come late, again, taken back, and broken."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.performance.labels import Labels, read_labels
from include.specs import catalog
from include.specs.errors import DataContractError
from include.specs.model import ModelSpec
from tests.unit.ml.performance.served_days import put_labels

DAY = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)
UNTIL = DAY + dt.timedelta(days=30)


def at(days: float) -> dt.datetime:
    """So many days after the first."""
    return DAY + dt.timedelta(days=days)


def said(labels: Labels) -> dict[str, bool]:
    """Id → whether it is positive."""
    return dict(zip(labels.ids.to_pylist(), labels.positive.tolist(), strict=True))


def test_the_newest_label_of_an_id_counts(toy: ModelSpec, tmp_path: Path) -> None:
    """Whichever file it is in: one is repeated, one is taken back."""
    one = put_labels(tmp_path / "a.parquet", [("x", "yes", at(3)), ("y", "no", at(1))])
    two = put_labels(tmp_path / "b.parquet", [("x", "no", at(2)), ("y", "no", at(2)), ("z", "yes", at(0))])
    found = read_labels([two, one], toy.dataset, UNTIL)
    assert said(found) == {"x": True, "y": False, "z": True}
    report = found.report
    assert (report.files, report.rows, report.ids) == (2, 5, 3)
    assert (report.repeated, report.contradicted) == (1, 1)


def test_of_one_moment_the_later_file_counts(toy: ModelSpec, tmp_path: Path) -> None:
    """Two labels of the same second contradict each other: the same files always give the same answer."""
    files = [
        put_labels(tmp_path / "a.parquet", [("x", "yes", at(1))]),
        put_labels(tmp_path / "b.parquet", [("x", "no", at(1))]),
    ]
    assert said(read_labels(files, toy.dataset, UNTIL)) == {"x": False}
    assert said(read_labels(files[::-1], toy.dataset, UNTIL)) == {"x": False}


def test_a_label_of_the_future_is_not_known_yet(toy: ModelSpec, tmp_path: Path) -> None:
    """A report of a day in the past says what it would have said then: the moment itself is outside."""
    file = put_labels(tmp_path / "a.parquet", [("x", "no", at(1)), ("x", "yes", at(5)), ("y", "yes", at(5))])
    found = read_labels([file], toy.dataset, at(5))
    assert said(found) == {"x": False}
    assert (found.report.later, found.report.contradicted) == (2, 0)


def test_rows_that_say_nothing_are_counted_with_an_example(toy: ModelSpec, tmp_path: Path) -> None:
    """Each for one reason; the others are read."""
    rows = [(" ", "yes", at(1)), ("a", "maybe", at(1)), ("b", None, at(1)), ("c", "no", None), ("d", "no", at(1))]
    found = read_labels(
        [put_labels(tmp_path / "a.parquet", rows), put_labels(tmp_path / "b.parquet", rows)], toy.dataset, UNTIL
    )
    assert said(found) == {"d": False}
    assert {reason: bad.count for reason, bad in found.report.bad.items()} == dict.fromkeys(
        ("no_id", "unknown_level", "no_label", "no_time"), 2
    )
    assert found.report.bad["unknown_level"].example.startswith("a.parquet, row 2: id a, label maybe")


def test_a_row_without_anything_is_one_bad_row(toy: ModelSpec, tmp_path: Path) -> None:
    """It is counted for the first of its faults."""
    found = read_labels([put_labels(tmp_path / "a.parquet", [(None, None, None)])], toy.dataset, UNTIL)
    assert {reason: bad.count for reason, bad in found.report.bad.items()} == {"no_id": 1}


def test_no_label_has_come(toy: ModelSpec, tmp_path: Path) -> None:
    """No file, or one without rows."""
    for files in ([], [put_labels(tmp_path / "a.parquet", [])]):
        found = read_labels(files, toy.dataset, UNTIL)
        assert (len(found.ids), len(found.positive), found.report.ids) == (0, 0, 0)


@pytest.mark.parametrize(
    ("types", "one", "nought"),
    [
        ({"label": pa.int8()}, 1, 0),
        ({"label": pa.float64()}, 1.0, 0.0),
        ({"label": pa.string()}, "1", "0"),
        ({"label": pa.dictionary(pa.int8(), pa.string())}, "1", "0"),
    ],
    ids=str,
)
def test_levels_that_are_numbers_come_as_any_kind_of_number(tmp_path: Path, types, one, nought) -> None:
    """pandas makes floating-point numbers of them as soon as one is blank."""
    rows = [("x", one, at(1)), ("y", nought, at(1)), ("z", None, at(1))]
    found = read_labels([put_labels(tmp_path / "a.parquet", rows, **types)], catalog.model("fraud").dataset, UNTIL)
    assert said(found) == {"x": True, "y": False}
    assert found.report.bad["no_label"].count == 1


def test_ids_may_be_numbers_and_times_text(toy: ModelSpec, tmp_path: Path) -> None:
    """What a label feed makes of them: a time without an offset is UTC."""
    rows = [(7, "yes", "2026-03-05T00:00:00+02:00"), (8, "no", "2026-03-05"), (9, "no", "soon")]
    file = put_labels(tmp_path / "a.parquet", rows, id=pa.int64(), label_time=pa.string())
    found = read_labels([file], toy.dataset, dt.datetime(2026, 3, 5, tzinfo=dt.UTC))
    assert said(found) == {"7": True}
    assert (found.report.later, found.report.bad["no_time"].count) == (1, 1)


@pytest.mark.parametrize(
    ("types", "row", "message"),
    [
        ({"id": pa.float64()}, (1.5, "yes", at(1)), "a.parquet: expected text or whole numbers in id, got double"),
        ({"label": pa.bool_()}, ("x", True, at(1)), "expected a level of the label in label, got bool"),
        ({"label": pa.float64()}, ("x", 0.5, at(1)), "expected a level of the label in label, got double"),
        ({"label_time": pa.int64()}, ("x", "yes", 1), "expected times in label_time, got int64"),
    ],
)
def test_columns_of_another_type_are_refused(toy: ModelSpec, tmp_path: Path, types, row, message: str) -> None:
    """With the file and the column: nobody guesses what a number is as a time."""
    with pytest.raises(DataContractError, match=message):
        read_labels([put_labels(tmp_path / "a.parquet", [row], **types)], toy.dataset, UNTIL)


def test_what_is_no_file_of_labels_is_refused(toy: ModelSpec, tmp_path: Path) -> None:
    """A half-written file, one without a column, one that is gone."""
    whole = put_labels(tmp_path / "whole.parquet", [("x", "yes", at(1))])
    half = tmp_path / "half.parquet"
    half.write_bytes(whole.read_bytes()[:-20])
    other = put_labels(tmp_path / "other.parquet", [("x", "yes", at(1))])
    pq.write_table(pa.table({"id": ["x"], "Churn": ["yes"]}), other)
    for path, message in (
        (half, "half.parquet: expected labels as a Parquet file"),
        (other, "got none called label, label_time; it has id, Churn"),
        (tmp_path / "gone.parquet", "gone.parquet: expected labels"),
    ):
        with pytest.raises(DataContractError, match=message):
            read_labels([whole, path], toy.dataset, UNTIL)


def test_until_is_a_moment(toy: ModelSpec) -> None:
    """A time without an offset is nobody's."""
    with pytest.raises(ValueError, match="with its offset"):
        read_labels([], toy.dataset, dt.datetime(2026, 3, 4))  # noqa: DTZ001 that is the point


@given(rows=st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 5)), max_size=12))
def test_every_label_is_accounted_for(tmp_path_factory: pytest.TempPathFactory, rows) -> None:
    """As a dictionary that is filled in the order of time would have it; and the counts add up to the rows."""
    dataset = catalog.model("churn").dataset
    path = put_labels(
        tmp_path_factory.mktemp("labels") / "a.parquet",
        [(key, "Yes" if positive else "No", at(day)) for key, positive, day in rows],
    )
    found = read_labels([path], dataset, UNTIL)
    expected = {key: positive for key, positive, _ in sorted(rows, key=lambda row: row[2])}
    assert said(found) == expected
    report = found.report
    assert report.ids + report.repeated + report.contradicted == report.rows == len(rows)
