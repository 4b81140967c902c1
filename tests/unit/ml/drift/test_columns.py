"""One column, sorted or counted."""

import datetime as dt
import decimal
import subprocess
import sys
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.drift.columns import family, level_counts, numbers, read_levels, read_numbers
from include.ml.drift.source import one_row_an_entity, open_source
from include.specs.errors import DataContractError

NUMBERS = [
    pa.array([3.0, None, 1.0, float("nan"), 2.0]),
    pa.array([3, None, 1, None, 2], pa.int16()),
    pa.array([3, None, 1, None, 2], pa.float32()),
    pa.array([decimal.Decimal(3), None, decimal.Decimal(1), None, decimal.Decimal(2)]),
    pa.array([3_000, None, 1_000, None, 2_000], pa.timestamp("ms", "UTC")),
    # As pandas writes times; what is below a microsecond is left out.
    pa.array([3_000_000_000, None, 1_000_000_000, None, 2_000_000_001], pa.timestamp("ns")),
    pa.array([dt.datetime.fromtimestamp(second, dt.UTC) if second else None for second in (3, 0, 1, 0, 2)]),
]


@pytest.mark.parametrize("column", NUMBERS, ids=lambda column: str(column.type))
def test_numbers_come_sorted(write, column: pa.Array) -> None:
    """Times in seconds; NaN is a blank cell."""
    found = read_numbers(open_source(write("a.parquet", {"x": column}, row_group=2)), "x")
    assert (found.rows, found.missing, found.infinite, found.values.tolist()) == (5, 2, 0, [1.0, 2.0, 3.0])


def test_dates_are_times(write) -> None:
    """At midnight."""
    source = open_source(write("a.parquet", {"x": [dt.date(1970, 1, 2), None]}))
    assert read_numbers(source, "x").values.tolist() == [86_400.0]


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True)))
def test_every_cell_is_counted_once(values: list[float]) -> None:
    """As a number, an infinity, or a blank."""
    found = numbers(np.array(values, float), rows=len(values) + 2)
    finite = sorted(value for value in values if np.isfinite(value))
    assert found.values.tolist() == finite
    assert found.infinite == sum(np.isinf(value) for value in values)
    assert found.missing == 2 + sum(np.isnan(value) for value in values)


@given(st.lists(st.sampled_from(["a", "b", "", None])))
def test_levels_are_counted(values: list[str | None]) -> None:
    """Coded or not; blank text is a level, a blank cell is none."""
    expected = Counter(value for value in values if value is not None)
    column = pa.array(values, pa.string())
    assert level_counts(column) == level_counts(column.dictionary_encode()) == expected


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        (pa.array([True, None, True]), {"true": 2}),
        (pa.array([7, None, 7], pa.int8()), {"7": 2}),
        (pa.array(["x", None, "x"], pa.large_string()), {"x": 2}),
        (pa.array(["x", None, "x"]).dictionary_encode(), {"x": 2}),
    ],
    ids=str,
)
def test_anything_that_can_be_written_is_a_level(write, column: pa.Array, levels: dict[str, int]) -> None:
    """Truth values and numbers by how they are written."""
    found = read_levels(open_source(write("a.parquet", {"x": column}, row_group=2)), "x")
    assert (found.rows, found.missing, dict(found.counts)) == (3, 1, levels)


def test_only_the_rows_that_count_are_read(write) -> None:
    """One an entity."""
    columns = {"who": ["a", "a", "b"], "x": [1.0, 2.0, None], "level": ["p", "q", "p"]}
    source = one_row_an_entity(open_source(write("a.parquet", columns, row_group=2)), "who")
    found = read_numbers(source, "x")
    assert (found.rows, found.missing, found.values.tolist()) == (2, 1, [2.0])
    assert dict(read_levels(source, "level").counts) == {"q": 1, "p": 1}


def test_a_damaged_page_is_told(write) -> None:
    """By file and column."""
    path = write("a.parquet", {"x": np.random.default_rng(1).normal(size=5_000)}, row_group=5_000)
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(content)
    with pytest.raises(DataContractError, match=r"a.parquet: the column x cannot be read"):
        read_numbers(open_source(path), "x")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.int8(), "number"),
        (pa.decimal128(9, 2), "number"),
        (pa.bool_(), "truth"),
        (pa.large_string(), "text"),
        (pa.dictionary(pa.int32(), pa.string()), "text"),
        (pa.timestamp("ns"), "time"),
        (pa.date64(), "time"),
        (pa.list_(pa.int8()), "other"),
        (pa.binary(), "other"),
    ],
    ids=str,
)
def test_types_are_of_a_family(kind: pa.DataType, expected: str) -> None:
    """Within which a change of type changes nothing."""
    assert family(kind) == expected


def test_no_pandas_is_imported() -> None:
    """Nor anything else that takes long, for a day of many rows."""
    code = (
        "import sys, include.ml.jobs.detect_drift, include.ml.drift.files, include.ml.drift.summary\n"
        "print(sorted({'pandas', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert printed.stdout.strip() == "[]"
