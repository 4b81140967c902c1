"""A day of any size in bounded memory: counted as it goes by, and looked into again only where that decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from include.ml.drift import kolmogorov_smirnov as ks
from include.ml.drift.columns import Levels, level_counts, numbers, read_values
from include.ml.drift.grid import Counts, count, total
from include.ml.drift.identifiers import count_repeated
from include.ml.drift.sample import Numeric, outside
from include.ml.drift.sides import OfSource
from include.ml.evaluation.predictions import Booleans, Floats
from include.specs.dataset import Column

BATCH_ROWS = 2**19
# Values that are kept at most for a second look: 64 MiB.
LOOKED_INTO = 2**23
# Levels that are told apart at most; rows of others are counted as one level.
LEVELS = 100_000
OTHERS = "(other levels)"


@dataclass(frozen=True, kw_only=True)
class StreamDay(OfSource):
    """A day that does not fit into memory. `source` gives batches."""

    def numeric(self, column: Column, points: Floats) -> Numeric:
        """Counts at the points, and no values."""
        limits = column.minimum, column.maximum
        counts = Counts(below=np.zeros(len(points), int), upto=np.zeros(len(points), int), total=0)
        missing = infinite = beyond = 0
        for values, rows in read_values(self.source, column.name):
            batch = numbers(values, rows=rows)
            counts = total([counts, count(batch.values, points)])
            missing, infinite = missing + batch.missing, infinite + batch.infinite
            beyond += outside(batch.values, limits)
        return Numeric(
            rows=self.independent, missing=missing, infinite=infinite, points=points, counts=counts, outside=beyond
        )

    def levels(self, column: Column) -> Levels:
        """Every level up to LEVELS."""
        counts: Counter[str] = Counter()
        missing = 0
        for chunk in self.source.chunks(column.name):
            missing += chunk.null_count
            _add(counts, level_counts(chunk))
        return Levels(rows=self.independent, missing=missing, counts=counts)

    def repeated(self, name: str) -> int:
        """In several passes over the ids, by their digests."""
        return count_repeated(self.source, name)

    def looked_into(self, column: Column, baseline: Numeric, current: Numeric) -> float | None:
        """The exact distance, from a second pass that keeps the values of the cells that can hold it.

        None where the baseline's values are not kept, or too many of the day's would have to be.
        """
        floor = ks.interval(baseline.counts, current.counts).low
        cells = ks.uncertain(baseline.counts, current.counts, floor)
        stretches = [ks.ranks(current.counts, *run) for run in ks.runs(cells)]
        if baseline.values is None or sum(each.stop - each.start for each in stretches) > LOOKED_INTO:
            return None
        kept = np.concatenate([np.empty(0), *self._inside(column, baseline.points, cells)])
        kept.sort()
        return ks.distance_of_cells(baseline.values, kept, (baseline.counts, current.counts), cells)

    def _inside(self, column: Column, points: Floats, cells: Booleans) -> Iterator[Floats]:
        """The values within each run of `cells`."""
        ends = np.concatenate(([-np.inf], points, [np.inf]))
        low, high = np.array([(ends[start], ends[end]) for start, end in ks.runs(cells)]).reshape(-1, 2).T
        for values, rows in read_values(self.source, column.name):
            batch = numbers(values, rows=rows).values
            first, last = np.searchsorted(batch, low, side="right"), np.searchsorted(batch, high, side="left")
            yield from (batch[start:end] for start, end in zip(first, last, strict=True))


def _add(counts: Counter[str], more: Mapping[str, int]) -> None:
    for level, rows in more.items():
        counts[level if level in counts or len(counts) < LEVELS else OTHERS] += rows
