"""Rows that repeat another's id, in bounded memory."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.drift.identifiers import count_repeated, digests
from include.ml.drift.source import open_source


@given(st.lists(st.text(max_size=9) | st.none()), st.integers(0, 3))
def test_digests_are_equal_where_values_are(values: list[str | None], skipped: int) -> None:
    """Coded, sliced or neither; blank values have none."""
    column = pa.array(values, pa.string())[skipped:]
    present = [value for value in values[skipped:] if value is not None]
    found = digests(column).tolist()
    assert len(found) == len(present)
    assert len(set(found)) == len(set(present))
    assert digests(column.dictionary_encode()).tolist() == found


@pytest.mark.parametrize("at_once", [10, 300, 10_000])
@pytest.mark.parametrize("kind", [pa.int64(), pa.string()], ids=str)
def test_the_number_of_passes_makes_no_difference(write, at_once: int, kind: pa.DataType) -> None:
    """Across row groups; a third time counts twice."""
    keys = np.concatenate((np.arange(900), np.arange(50), np.arange(25)))
    column = pa.array(keys).cast(kind)
    columns = {"key": pa.concat_arrays([column, pa.nulls(25, kind)])}
    assert count_repeated(open_source(write("a.parquet", columns)), "key", at_once) == 75


def test_long_ids_are_told_apart_to_their_end() -> None:
    """And by their length."""
    values = ["x" * 5_000, "x" * 4_999 + "y", "x" * 5_001]
    assert len(set(digests(pa.array(values)).tolist())) == 3
