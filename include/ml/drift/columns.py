"""One column of a source as what tests need: sorted numbers, or rows a level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import to_numpy
from include.ml.drift.source import Columnar, is_text
from include.ml.evaluation.predictions import Floats, Integers
from include.specs.errors import DataContractError

Family = Literal["number", "time", "text", "truth", "other"]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A numeric column.

    Args:
        missing: blank cells among `rows`, NaN included. infinite: cells that hold an infinity.
        values: (rows - missing - infinite,) the others, ascending. Timestamps are seconds since 1970.
    """

    rows: int
    missing: int
    infinite: int
    values: Floats


@dataclass(frozen=True, kw_only=True)
class Levels:
    """A categorical column: rows of each level, and `missing` blank cells among `rows`."""

    rows: int
    missing: int
    counts: Mapping[str, int]


def family(kind: pa.DataType) -> Family:
    """What values of an Arrow type are; within a family a change of type changes nothing.

    >>> family(pa.int32()), family(pa.dictionary(pa.int8(), pa.string())), family(pa.date32())
    ('number', 'text', 'time')
    """
    of = pa.types
    value = kind.value_type if of.is_dictionary(kind) else kind
    if is_text(value):
        return "text"
    if of.is_boolean(value):
        return "truth"
    if of.is_timestamp(value) or of.is_date(value):
        return "time"
    return "number" if of.is_integer(value) or of.is_floating(value) or of.is_decimal(value) else "other"


def read_numbers(source: Columnar, column: str) -> Numbers:
    """A column of numbers or times, sorted.

    Raises:
        DataContractError: it cannot be read.
    """
    parts = [values for values, _ in read_values(source, column)]
    values = parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts])
    return numbers(values, rows=source.independent)


def read_values(source: Columnar, column: str) -> Iterator[tuple[Floats, int]]:
    """The values of each chunk that are not null, to be written to, and how many rows the chunk has.

    Raises:
        DataContractError: it cannot be read.
    """
    for chunk in _chunks(source, column):
        yield finite_or_not(chunk), len(chunk)


def numbers(values: Floats, *, rows: int) -> Numbers:
    """What is in `values`, which may hold NaN and infinities; sorts them where they are.

    >>> numbers(np.array([3.0, np.inf, 1.0, np.nan]), rows=5)
    Numbers(rows=5, missing=2, infinite=1, values=array([1., 3.]))
    """
    values.sort()
    # NumPy sorts -∞ first, and NaN last, after ∞.
    first, last, present = np.searchsorted(values, [-np.inf, np.inf, np.nan], side="left")
    first = np.searchsorted(values, -np.inf, side="right")
    return Numbers(
        rows=rows, missing=rows - int(present), infinite=int(present - last + first), values=values[first:last]
    )


def finite_or_not(chunk: pa.Array) -> Floats:
    """The values that are not null, as new 64-bit numbers that may be written to; times in seconds."""
    if chunk.type == pa.float64() and chunk.null_count:
        return _present(chunk)
    present = chunk.drop_null() if chunk.null_count else chunk
    if family(chunk.type) == "time":
        # pandas writes nanoseconds, of which a double has no room anyway.
        microseconds = pa.timestamp("us", getattr(chunk.type, "tz", None))
        present = present.cast(options=pc.CastOptions(microseconds, allow_time_truncate=True)).cast(pa.int64())
        return to_numpy(present) / 1e6
    if not pa.types.is_integer(chunk.type) and chunk.type not in (pa.float32(), pa.float64()):
        present = present.cast(pa.float64())
    return np.array(to_numpy(present), dtype=np.float64)


def read_levels(source: Columnar, column: str) -> Levels:
    """A column of levels, counted; numbers and truth values by how they are written.

    Raises:
        DataContractError: it cannot be read.
    """
    counts: Counter[str] = Counter()
    missing = 0
    for chunk in _chunks(source, column):
        missing += chunk.null_count
        counts.update(level_counts(chunk))
    return Levels(rows=source.independent, missing=missing, counts=counts)


def level_counts(chunk: pa.Array) -> dict[str, int]:
    """Rows of each level of a chunk.

    >>> level_counts(pa.array(["b", "a", None, "b"]))
    {'b': 2, 'a': 1}
    """
    coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
    counts = np.bincount(_codes(coded.indices), minlength=len(coded.dictionary))
    names = coded.dictionary.cast(pa.string()).to_pylist()
    return {name: count for name, count in zip(names, counts.tolist(), strict=True) if count}


def _codes(indices: pa.Array) -> Integers:
    return _present(indices) if indices.null_count else to_numpy(indices)


def _present(numbers: pa.Array) -> npt.NDArray[Any]:
    """The values that are not null, picked by the bitmap in half the time that Arrow takes to drop the others."""
    bitmap, content = numbers.buffers()
    valid = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")[numbers.offset :][: len(numbers)]
    width = numbers.type.bit_width // 8
    values = np.frombuffer(content, np.dtype(f"{'f' if pa.types.is_floating(numbers.type) else 'i'}{width}"))
    return np.asarray(values[numbers.offset :][: len(numbers)][valid.view(np.bool_)])


def _chunks(source: Columnar, column: str) -> Iterable[pa.Array]:
    try:
        yield from source.chunks(column)
    except (pa.ArrowException, OSError) as error:
        raise DataContractError(f"{source.name}: the column {column} cannot be read: {error}") from error
