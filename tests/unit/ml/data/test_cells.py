"""A cell means what its column's kind says, or it is at fault; one at a time or all at once, it means the same."""

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.data import cells
from include.specs.dataset import Column, Kind

NUMBER = Column(name="n", kind="numeric", missing=True)
TIME = Column(name="t", kind="timestamp", missing=True)


def faults(texts: list[str | None], column: Column) -> list[str | None]:
    """The first fault of each cell."""
    read = cells.read(pa.array(texts, pa.string()), column)
    masks = {words: mask.to_pylist() for words, mask in read.faults.items()}
    return [next((words for words, mask in masks.items() if mask[row]), None) for row in range(len(texts))]


def test_white_space_is_a_blank() -> None:
    """As in the Telco file's TotalCharges; whether blanks are allowed is the column's to say."""
    assert faults(["", "  ", "1", None], NUMBER) == [None] * 4
    strict = Column(name="n", kind="numeric")
    assert faults(["", "  ", "1", None], strict) == ["blank", "blank", None, "blank"]


@pytest.mark.parametrize("text", ["abc", "1,5", "1_000", "0x10", "--1", "N/A"])
def test_what_is_no_number_is_at_fault(text: str) -> None:
    """The good cells of its column are read none the less."""
    read = cells.read(pa.array([" 2.5 ", text]), NUMBER)
    assert faults([" 2.5 ", text], NUMBER) == [None, "not a number"]
    assert read.values.to_pylist() == [2.5, None]


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e999"])
@pytest.mark.parametrize("other", ["1", "x"])
def test_a_number_without_end_is_at_fault(text: str, other: str) -> None:
    """Both where the column is read whole and where it is read cell by cell."""
    assert faults([text, other], NUMBER)[0] == "not a finite number"


def test_limits_are_inclusive() -> None:
    """And each says which was broken."""
    column = Column(name="n", kind="numeric", minimum=0, maximum=600)
    assert faults(["0", "600", "-0.1", "601"], column) == [None, None, "below 0", "above 600"]


def test_levels_are_exact() -> None:
    """Another case or a space is another level."""
    column = Column(name="c", kind="categorical", levels=("No", "Yes"))
    assert faults(["No", "Yes", "yes", "Yes "], column) == [None, None, "unknown level", "unknown level"]


@pytest.mark.parametrize("kind", ["id", "text"])
def test_ids_and_text_are_exact(kind: Kind) -> None:
    """An id with a space is another id, as it is to who asks a model with it."""
    texts = [" 5", "5", "5 "]
    assert cells.read(pa.array(texts), Column(name="c", kind=kind)).values.to_pylist() == texts


def test_times_without_an_offset_are_utc() -> None:
    """With and without may be mixed in a column."""
    read = cells.read(
        pa.array(["2026-03-01T12:00:00", "2026-03-01T12:00:00+02:00", "2026-03-01 12:00Z", "2026-03-01"]), TIME
    )
    assert [moment.isoformat() for moment in read.values.to_pylist()] == [
        "2026-03-01T12:00:00+00:00",
        "2026-03-01T10:00:00+00:00",
        "2026-03-01T12:00:00+00:00",
        "2026-03-01T00:00:00+00:00",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T00:00:00Z",
        "yesterday",
        "01/03/2026",
        # Since the epoch, in seconds, milliseconds and nanoseconds: the last three could be times of the year 1612.
        "1767225600",
        "1612123141223",
        "1612123141223.5",
        "1612123141223000123",
    ],
)
def test_what_is_no_time_is_at_fault(text: str) -> None:
    """The good cells of its column are read none the less."""
    assert faults(["2026-03-01T12:00:00Z", text], TIME) == [None, "not an ISO 8601 timestamp"]


@pytest.mark.parametrize("text", ["20260301", "20260301T1200Z", "20260301 120000", "2026-W09-7", "2026W097T12"])
def test_a_time_without_dashes_or_by_week_is_one(text: str) -> None:
    """ISO 8601 has them, too."""
    (moment,) = cells.read(pa.array([text]), TIME).values.to_pylist()
    assert moment.date().isoformat() == "2026-03-01"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False).map(repr), min_size=1))
def test_one_bad_cell_changes_no_other(texts: list[str]) -> None:
    """The slow way, which a bad cell forces, reads numbers as the fast way does."""
    alone = cells.read(pa.array(texts), NUMBER).values.to_pylist()
    beside = cells.read(pa.array([*texts, "bad"]), NUMBER).values.to_pylist()
    assert alone == beside[:-1] == [float(text) for text in texts]


@given(st.lists(st.datetimes().map(lambda moment: moment.isoformat() + "Z"), min_size=1))
def test_one_bad_time_changes_no_other(texts: list[str]) -> None:
    """As for numbers."""
    alone = cells.read(pa.array(texts), TIME).values.to_pylist()
    assert alone == cells.read(pa.array([*texts, "bad"]), TIME).values.to_pylist()[:-1]


def test_parquet_types_need_no_parsing() -> None:
    """A whole number is a number, a number may be a level, a time without zone is UTC."""
    assert cells.read(pa.array([1, None]), NUMBER).values.to_pylist() == [1.0, None]
    level = Column(name="c", kind="categorical", levels=("0", "1"))
    assert cells.read(pa.array([1, 0], pa.int8()), level).values.to_pylist() == ["1", "0"]
    naive = cells.read(pa.array([0], pa.timestamp("ms")), TIME).values
    assert naive.type == cells.TIMESTAMP
    nan = cells.read(pa.array([math.nan]), NUMBER)
    assert nan.faults["not a finite number"].to_pylist() == [True]


@pytest.mark.parametrize("kind", ["numeric", "categorical", "text", "id", "timestamp"])
def test_a_parquet_column_of_nulls_is_blank_whatever_its_kind(kind: Kind) -> None:
    """As pandas writes a column in which nothing is known yet; whether it may be is the column's to say."""
    nulls = pa.nulls(2)
    assert cells.accepts(kind, nulls.type)
    allowed = cells.read(
        nulls, Column(name="c", kind=kind, missing=True, levels=("a", "b") if kind == "categorical" else None)
    )
    assert (allowed.values.type, allowed.values.to_pylist()) == (cells.TYPES[kind], [None, None])
    assert [any(mask.to_pylist()) for mask in allowed.faults.values()] == [False] * len(allowed.faults)
    assert cells.read(nulls, Column(name="c", kind=kind)).faults["blank"].to_pylist() == [True, True]


def test_a_time_finer_than_the_lake_keeps_its_microseconds() -> None:
    """As pandas writes them: what is below is cut off, not refused."""
    moment = cells.read(pa.array([1_999], pa.timestamp("ns")), TIME).values
    assert moment.cast(pa.int64()).to_pylist() == [1]
