"""Arrow to NumPy and back without pandas."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.data.arrays import from_numpy, repeated, to_numpy


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1.5, -2.0, 3.0]),
        pa.array([1, 2, 3], pa.int32()),
        pa.array([1.5, 2.5, 3.5], pa.float32()),
        pa.array([True, False, True]),
        pa.array([0, 1, 2], pa.timestamp("us", "UTC")),
        pa.chunked_array([[1.5], [2.5, 3.5]]),
        pa.array([9.0, 1.0, 2.0, 3.0]).slice(1),
        pa.array([], pa.float64()),
    ],
    ids=str,
)
def test_values_arrive_as_they_are(array: pa.Array) -> None:
    """Chunks and slices make no difference; times are integers in their unit."""
    plain = array.cast(pa.int64()) if pa.types.is_timestamp(array.type) else array
    assert to_numpy(array).tolist() == plain.to_pylist()


def test_nulls_are_refused() -> None:
    """A buffer holds garbage where a value is null."""
    with pytest.raises(ValueError, match="expected no nulls, got 1 in 2"):
        to_numpy(pa.array([1.0, None]))


def test_nulls_can_be_made() -> None:
    """Where a mask says so, across the bytes of the bitmap."""
    values = np.arange(20.0)
    made = from_numpy(values, pa.float64(), valid=values % 3 == 0)
    assert made.to_pylist() == [value if value % 3 == 0 else None for value in values]


@given(st.lists(st.booleans()))
def test_truth_values_go_there_and_back(values: list[bool]) -> None:
    """They are bits in Arrow and bytes in NumPy."""
    assert to_numpy(from_numpy(np.array(values, bool), pa.bool_())).tolist() == values


@given(st.lists(st.sampled_from("abcde")))
def test_repeated_is_true_from_the_second_time_on(values: list[str]) -> None:
    """As a loop over a set would find."""
    assert repeated(pa.array(values, pa.string())).tolist() == [item in values[:row] for row, item in enumerate(values)]


def test_no_pandas_is_imported() -> None:
    """It costs half a second of CPU: the reason for this module."""
    code = (
        "import sys, numpy as np, include.ml.jobs.ingest, include.ml.jobs.preprocess\n"
        "import pyarrow as pa; from include.ml.data.arrays import *\n"
        "to_numpy(from_numpy(np.ones(2), pa.float64()))\n"
        "print(sorted({'pandas', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert printed.stdout.strip() == "[]"
