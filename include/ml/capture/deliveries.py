"""Files are delivered late, out of order and sometimes again: here each request once, and all in one order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.capture.joining import RECORD
from include.ml.capture.rows import Integers
from include.ml.data.arrays import kept, one_chunk, to_numpy

ORDER = ("inference_time", "event_id", "row", "variant")


def once(table: pa.Table) -> tuple[pa.Table, int]:
    """The rows in `ORDER`, of each request only those of its first record; and how many records were left out.

    A request is what one variant answered: a shadow variant answers the same event.
    """
    if not len(table):
        return table.drop_columns([RECORD]), 0
    request = _request(table)
    record = to_numpy(table[RECORD])
    first = np.full(request.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, request, record)
    is_first = record == first[request]
    chosen = kept(table.drop_columns([RECORD]), is_first)
    repeated = len(np.unique(record[~is_first]))
    order = pc.sort_indices(chosen, sort_keys=[(name, "ascending") for name in ORDER])
    return chosen.take(order).combine_chunks(), repeated


def _request(table: pa.Table) -> Integers:
    """A number for each row: equal where event and variant are."""
    events, variants = (_codes(table[name]) for name in ("event_id", "variant"))
    return _dense(events * (variants.max() + 1) + variants)


def _codes(values: pa.ChunkedArray) -> Integers:
    codes = one_chunk(values).dictionary_encode(null_encoding="encode").indices
    return to_numpy(pc.cast(codes, pa.int64()))


def _dense(numbers: Integers) -> Integers:
    return np.unique(numbers, return_inverse=True)[1]
