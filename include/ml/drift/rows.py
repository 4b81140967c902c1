"""Whole rows of both sides, at most some thousand of each: what a classifier learns to tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.ml.data.arrays import to_numpy
from include.ml.drift.source import Source
from include.ml.evaluation.predictions import Booleans, Floats, Integers
from include.specs.dataset import Column

SAMPLE_ROWS = 10_000
# Levels that a boosted tree can tell apart; the rarer ones of a feature are one.
LEVELS = 254


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A sample of whole rows.

    Args:
        source: where they come from. places: (rows,) which of the rows that count, ascending.
    """

    source: Source
    places: Integers

    def column(self, name: str) -> pa.Array:
        """(rows,) the cells of a column; text that is coded as text."""
        parts = [chunk.take(pa.array(inside)) for chunk, inside in self._met(name)]
        plain = [part.cast(part.type.value_type) if pa.types.is_dictionary(part.type) else part for part in parts]
        return pa.chunked_array(plain, self._plain_type(name)).combine_chunks()

    def _met(self, name: str) -> Iterator[tuple[pa.Array, Integers]]:
        first = 0
        for chunk in self.source.chunks(name):
            start, end = np.searchsorted(self.places, (first, first + len(chunk)))
            if end > start:
                yield chunk, self.places[start:end] - first
            first += len(chunk)

    def _plain_type(self, name: str) -> pa.DataType:
        kind = self.source.schema.field(name).type
        return kind.value_type if pa.types.is_dictionary(kind) else kind


def drawn(source: Source, seed: int, rows: int = SAMPLE_ROWS) -> Rows:
    """At most `rows` rows of those that count; the same for the same seed."""
    every = source.independent
    if every <= rows:
        return Rows(source=source, places=np.arange(every))
    return Rows(source=source, places=np.sort(np.random.default_rng(seed).choice(every, rows, replace=False)))


def numbers(sides: tuple[Rows, Rows], column: Column) -> Floats:
    """(rows of both sides,) a number a row, NaN where it is blank or infinite; levels by their rank on both sides."""
    if column.kind == "numeric":
        return np.concatenate([_floats(side.column(column.name)) for side in sides])
    both = pa.concat_arrays([side.column(column.name).cast(pa.string()) for side in sides]).dictionary_encode()
    valid = to_numpy(both.is_valid())
    codes = to_numpy(both.indices.fill_null(0))
    counts = np.bincount(codes[valid], minlength=max(1, len(both.dictionary)))
    rank = np.empty(len(counts))
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.where(valid, np.minimum(rank[codes], LEVELS), np.nan)


def groups(sides: tuple[Rows, Rows], entity: str | None) -> Integers:
    """(rows of both sides,) a number for each entity, and one for each row that has none."""
    each = np.arange(sum(len(side.places) for side in sides))
    if entity is None:
        return each
    both = pa.concat_arrays([side.column(entity).cast(pa.string()) for side in sides])
    found = to_numpy(both.dictionary_encode().indices.fill_null(-1)).astype(np.int64)
    return np.where(found < 0, len(each) + each, found)


def is_current(sides: tuple[Rows, Rows]) -> Booleans:
    """(rows of both sides,) True for those of the day."""
    return np.repeat([False, True], [len(side.places) for side in sides])


def _floats(cells: pa.Array) -> Floats:
    values = to_numpy(cells.cast(pa.float64()).fill_null(np.nan))
    return np.where(np.isfinite(values), values, np.nan)
