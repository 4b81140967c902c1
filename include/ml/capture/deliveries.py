"""Files are delivered late, out of order and sometimes again: here each request once, and all in one order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.capture.joining import RECORD
from include.ml.data.arrays import from_numpy, one_chunk, to_numpy


def once(table: pa.Table) -> tuple[pa.Table, int]:
    """The rows by time, event, place and variant, of each request those of its first record; how many were left out.

    A request is what one variant answered: a shadow variant answers the same event.
    """
    if not len(table):
        return table.drop_columns([RECORD]), 0
    by_event = _ordered(table, ("event_id", "variant", RECORD, "row"))
    event_begins = _begins(table["event_id"], by_event)
    begins = event_begins | _begins(table["variant"], by_event)
    record = to_numpy(table[RECORD])[by_event]
    is_first = record == record[begins][np.cumsum(begins) - 1]
    # Numbers from here on: sorting a day's ids once is most of what this costs.
    rows, event = by_event[is_first], np.cumsum(event_begins)[is_first]
    place, time = (to_numpy(table[name])[rows] for name in ("row", "inference_time"))
    order = from_numpy(rows[np.lexsort((place, event, time))], pa.uint64())
    columns = {}
    for name in table.drop_columns([RECORD]).column_names:
        # One at a time, and let go of: a day is in memory once, not twice. Only Arrow's system pool gives it back.
        columns[name] = one_chunk(table[name]).take(order)
        table = table.drop_columns([name])
        pa.default_memory_pool().release_unused()
    return pa.table(columns), len(np.unique(record[~is_first]))


def _ordered(table: pa.Table, names: Sequence[str]) -> npt.NDArray[np.uint64]:
    return to_numpy(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in names]))


def _begins(values: pa.ChunkedArray, order: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Where, in `order`, a value is another than the one before it."""
    ordered = pc.fill_null(one_chunk(values).take(from_numpy(order, pa.uint64())), "")
    return np.concatenate(([True], to_numpy(pc.not_equal(ordered[1:], ordered[:-1]))))
