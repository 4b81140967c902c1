"""Arrow arrays to NumPy and back by their buffers: pyarrow's own conversions import pandas, half a second of CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# Arrow's names where NumPy has others; NumPy's own `float` has 64 bits, Arrow's 32.
FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}


def to_numpy(values: pa.Array | pa.ChunkedArray) -> npt.NDArray[Any]:
    """Numbers, truth values or timestamps (as integers in their unit) without a copy where there is one chunk.

    Raises:
        ValueError: a value is null: NumPy has no word for it.
    """
    if values.null_count:
        raise ValueError(f"expected no nulls, got {values.null_count} in {len(values)} values")
    if pa.types.is_boolean(values.type):
        return to_numpy(pc.cast(values, pa.uint8())).astype(bool)
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    name = str(array.type)
    dtype = np.int64 if pa.types.is_timestamp(array.type) else np.dtype(FLOATS.get(name, name))
    data = np.frombuffer(array.buffers()[1] or b"", dtype=dtype)
    return data[array.offset : array.offset + len(array)]


def from_numpy(values: npt.NDArray[Any], kind: pa.DataType, *, valid: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """`values` as an Arrow array of type `kind`, null where `valid` is False."""
    if pa.types.is_boolean(kind):
        return pc.cast(from_numpy(values.astype(np.uint8), pa.uint8(), valid=valid), kind)
    present = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [present, pa.py_buffer(np.ascontiguousarray(values))])


def one_chunk(values: pa.ChunkedArray) -> pa.Array:
    """The same values in one array.

    >>> one_chunk(pa.chunked_array([[1], [2, 3]])).to_pylist()
    [1, 2, 3]
    """
    chunks = values.combine_chunks()
    return chunks.chunk(0) if isinstance(chunks, pa.ChunkedArray) else chunks


def coded(values: pa.ChunkedArray) -> pa.DictionaryArray:
    """The same values in one array of levels and codes, as they came where they came so; a blank has no code.

    >>> found = coded(pa.chunked_array([["a", None], ["b", "a"]]))
    >>> found.dictionary.to_pylist(), found.indices.to_pylist()
    (['a', 'b'], [0, None, 1, 0])
    """
    return one_chunk(values if pa.types.is_dictionary(values.type) else values.dictionary_encode())


def kept(table: pa.Table, rows: npt.NDArray[np.bool_]) -> pa.Table:
    """The rows of `table` where `rows` is True; the table itself, and no copy, where that is everywhere.

    >>> kept(pa.table({"a": [1, 2, 3]}), np.array([True, False, True]))["a"].to_pylist()
    [1, 3]
    """
    return table if rows.all() else table.filter(from_numpy(rows, pa.bool_()))


def repeated(values: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which of `values` (no nulls) occurred before.

    >>> repeated(pa.array(["a", "b", "a", "c", "b"])).tolist()
    [False, False, True, False, True]
    """
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    # Codes are given in the order of first appearance: one that is no new maximum was there before.
    codes = to_numpy(array.dictionary_encode().indices)
    highest_before = np.maximum.accumulate(np.concatenate([np.array([-1], codes.dtype), codes[:-1]]))
    return np.asarray(codes <= highest_before[: len(codes)])
