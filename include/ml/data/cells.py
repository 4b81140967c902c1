"""What one column's cells say: text (or Parquet's own types) as typed values, and which cells cannot be what they must.

A column is tried whole first. Only where that fails is each cell looked at by itself, so that a million good cells cost
a vector operation and one bad cell costs its row, not the file.

Text, levels and ids are exact, the spaces around them too: ids are joined with labels and with the inference ids of
callers, and hashed to split rows. One trimmed here would be another than in partitions and captures of before.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import from_numpy
from include.specs.dataset import Column, Kind

TIMESTAMP = pa.timestamp("us", tz="UTC")
# How each kind lies in the lake.
TYPES: Mapping[Kind, pa.DataType] = {
    "numeric": pa.float64(),
    "categorical": pa.string(),
    "text": pa.string(),
    "id": pa.string(),
    "timestamp": TIMESTAMP,
}
_WORDS: Mapping[Kind, str] = {"numeric": "not a number", "timestamp": "not an ISO 8601 timestamp"}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# No ISO 8601 timestamp begins with so many: eight are a date, and something comes between that and a time.
_COUNT_DIGITS = 9


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A column, typed. `faults` are masks over its rows by what is wrong; a faulty cell's value is not used."""

    values: pa.Array
    faults: Mapping[str, pa.Array]


def read(cells: pa.Array, column: Column) -> Cells:
    """The cells of `column`, typed after its kind, with everything that is wrong with any of them.

    Args:
        cells: text (from CSV) or Parquet's own type for the column, see `accepts`.

    Raises:
        ValueError: a value of Parquet's own type has no like in the lake's: a whole number beyond 2**53, a time out of
            range.
    """
    cells = _without_blanks(cells)
    values = _converted(cells, column.kind) if _is_typed(cells.type, column.kind) else _parsed(cells, column.kind)
    faults = {no_value(column.kind): pc.and_(pc.is_valid(cells), pc.is_null(values))}
    if not column.missing:
        faults["blank"] = pc.is_null(cells)
    return Cells(values=values, faults=faults | _out_of_bounds(values, column))


def no_value(kind: Kind) -> str:
    """What the fault is called of a cell that is no value of its kind; all others are of a value that may not be.

    >>> no_value("numeric")
    'not a number'
    """
    return _WORDS.get(kind, "not text")


def accepts(kind: Kind, type_: pa.DataType) -> bool:
    """Whether a Parquet column of `type_` can hold a column of `kind`; one of type null is all blanks, of any.

    >>> accepts("numeric", pa.int64()), accepts("numeric", pa.string()), accepts("categorical", pa.int8())
    (True, False, True)
    """
    if pa.types.is_null(type_):
        return True
    if kind == "numeric":
        return _is_number(type_)
    if kind == "timestamp":
        return _is_text(type_) or pa.types.is_timestamp(type_) or pa.types.is_date(type_)
    if kind == "text":
        return _is_text(type_)
    return _is_text(type_) or pa.types.is_integer(type_)


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _is_text(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        return _is_text(type_.value_type)
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def _is_typed(type_: pa.DataType, kind: Kind) -> bool:
    return kind not in _ONE or not _is_text(type_)


def _converted(cells: pa.Array, kind: Kind) -> pa.Array:
    # The lake keeps microseconds: what a time has below that is noise, not a fault.
    return pc.cast(cells, options=pc.CastOptions(TYPES[kind], allow_time_truncate=True))


def _without_blanks(cells: pa.Array) -> pa.Array:
    """White space alone says nothing: a blank is null."""
    if not _is_text(cells.type):
        return cells
    text = cells.cast(pa.string())
    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(text)), 0)
    return pc.if_else(blank, pa.scalar(None, pa.string()), text)


def _parsed(cells: pa.Array, kind: Kind) -> pa.Array:
    try:
        return _whole(cells, kind)
    except pa.ArrowInvalid:
        return _one_by_one(cells, kind)


def _whole(cells: pa.Array, kind: Kind) -> pa.Array:
    if kind == "numeric":
        return cells.cast(TYPES[kind])
    # Arrow reads either only times with an offset or only times without one.
    offset = pc.match_substring_regex(cells, r"(Z|[+-]\d\d:?\d\d)$")
    return pc.if_else(offset, cells, pc.binary_join_element_wise(cells, "Z", "")).cast(TYPES[kind])


def _one_by_one(cells: pa.Array, kind: Kind) -> pa.Array:
    read_one = _ONE[kind]
    found = [None if cell is None else read_one(cell.strip()) for cell in cells.to_pylist()]
    valid = np.fromiter((value is not None for value in found), bool, len(found))
    dtype = np.float64 if kind == "numeric" else np.int64
    values = np.fromiter((value or 0 for value in found), dtype, len(found))
    return from_numpy(values, TYPES[kind], valid=valid)


def _number(text: str) -> float | None:
    try:
        # Python reads 1_000 as a number; nobody's data means that.
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _microseconds(text: str) -> int | None:
    # Python takes any character between date and time: the milliseconds 1612123141223 would be a time of the year 1612.
    if text[:_COUNT_DIGITS].isdigit() and len(text) >= _COUNT_DIGITS:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (aware - _EPOCH) // dt.timedelta(microseconds=1)


def _out_of_bounds(values: pa.Array, column: Column) -> dict[str, pa.Array]:
    if column.levels is not None:
        return {"unknown level": _none_of(values, column.levels)}
    if column.kind != "numeric":
        return {}
    below, above = (-math.inf if column.minimum is None else column.minimum), column.maximum
    finite = pc.is_finite(values)
    faults = {"not a finite number": pc.invert(finite), f"below {below:g}": pc.less(values, below)}
    if above is not None:
        faults[f"above {above:g}"] = pc.greater(values, above)
    return {words: pc.fill_null(mask, False) for words, mask in faults.items()}


def _none_of(values: pa.Array, levels: tuple[str, ...]) -> pa.Array:
    known = pc.equal(values, levels[0])
    for level in levels[1:]:
        known = pc.or_(known, pc.equal(values, level))
    return pc.fill_null(pc.invert(known), False)


_ONE: Mapping[Kind, Callable[[str], float | None]] = {"numeric": _number, "timestamp": _microseconds}
