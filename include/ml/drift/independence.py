"""Which rows of a day count as independent: of what says the same thing again, one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.baseline.compared import named
from include.ml.baseline.statistics import last_of_each
from include.ml.data.arrays import one_chunk, to_numpy
from include.ml.evaluation.predictions import Booleans
from include.specs.dataset import Dataset
from include.specs.drift import RowCount


@dataclass(frozen=True, kw_only=True)
class Independent:
    """The rows that count, and why others do not.

    Args:
        kept: (rows,) True where a row counts. answered_twice, asked_again, without_entity: see `RowCount`.
    """

    kept: Booleans
    answered_twice: int
    asked_again: int
    without_entity: int

    def told(self, rows: RowCount) -> RowCount:
        """`rows`, with what this says of them."""
        return replace(
            rows,
            independent_current=int(np.count_nonzero(self.kept)),
            answered_twice=self.answered_twice,
            asked_again=self.asked_again,
            without_entity=self.without_entity,
        )


def independent(table: pa.Table, dataset: Dataset, variants: Sequence[str]) -> Independent:
    """Of the captured rows, by time, those that count.

    An id that is asked about again is somebody who came back: no fault of the feed, and no independent row either. So
    of an id the last row counts, and of an entity, where callers name it. Rows without them count each for itself.

    Args:
        table: in the columns of `read_capture`. variants: of the endpoint; of a row that several of them answered, as a
            shadow variant does, the answer of the first of these counts.
    """
    once = _answered_once(table, variants)
    asked = _last(table[dataset.id.name], once)
    entities = named(dataset.with_role("entity"), table)
    return Independent(
        kept=_last(table[entities[0]], asked) if entities else asked,
        answered_twice=len(table) - int(np.count_nonzero(once)),
        asked_again=int(np.count_nonzero(once & ~asked)),
        without_entity=table[entities[0]].null_count if entities else 0,
    )


def _last(values: pa.ChunkedArray, among: Booleans) -> Booleans:
    """Which of the rows `among` are the last of their value."""
    rows, found = np.flatnonzero(among), np.zeros(len(among), dtype=np.bool_)
    found[rows[last_of_each(values.take(pa.array(rows)))]] = True
    return found


def _answered_once(table: pa.Table, variants: Sequence[str]) -> Booleans:
    """The rows, each as one variant answered it."""
    if len(table["variant"].unique()) <= 1:
        return np.ones(len(table), dtype=np.bool_)
    given = pc.index_in(one_chunk(table["variant"]), value_set=pa.array(variants, pa.string()))
    rank, place = to_numpy(given.fill_null(len(variants))), to_numpy(table["row"])
    event = to_numpy(one_chunk(table["event_id"]).dictionary_encode("encode").indices).astype(np.int64)
    row = event * (int(place.max()) + 1) + place
    order = np.lexsort((rank, row))
    found = np.zeros(len(table), dtype=np.bool_)
    found[order[np.concatenate(([True], np.diff(row[order]) > 0))]] = True
    return found
