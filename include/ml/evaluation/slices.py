"""The same metrics group by group: a model that is good on average may be bad for some."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import one_chunk, to_numpy
from include.ml.evaluation.intervals import estimates
from include.ml.evaluation.predictions import Predictions
from include.specs.model import Gate, ModelSpec, Slices
from include.specs.reports import SliceReport

MISSING = "(missing)"
# Of the levels of an open set that are too small to be judged, this many are still listed.
SMALL_LEVELS = 20


def slices(predictions: Predictions, rows: pa.Table, model: ModelSpec) -> dict[str, SliceReport]:
    """`column=level` → metrics, for every column of the gate's slices and every level declared or met.

    A slice too small to be judged is counted and, where it has both classes, measured all the same.

    Args:
        rows: the hold-out's columns, in the order of `predictions`.
    """
    rule = model.gate.slices
    if rule is None:
        return {}
    names = slice_metrics(model.gate)
    return {
        f"{column}={level}": _slice(predictions, members, names)
        for column in rule.columns
        for level, members in _levels(rows[column], model.dataset.column(column).levels, rule, predictions)
    }


def slice_metrics(gate: Gate) -> tuple[str, ...]:
    """What is measured on a slice: what is judged there, and what a reader asks next."""
    judged = (gate.slices.metric,) if gate.slices else ()
    return tuple(dict.fromkeys((*judged, gate.primary_metric, "precision", "recall")))


def large_enough(slice_: SliceReport, rule: Slices) -> bool:
    """Whether a slice has the rows of each class that it takes to be judged."""
    return min(slice_.positives, slice_.rows - slice_.positives) >= rule.minimum_rows


def _slice(predictions: Predictions, members: npt.NDArray[np.intp], names: tuple[str, ...]) -> SliceReport:
    positives = int(np.count_nonzero(predictions.labels[members]))
    both = 0 < positives < len(members)
    metrics = estimates(predictions.subset(members), names) if both else {}
    return SliceReport(rows=len(members), positives=positives, metrics=metrics)


def _levels(
    values: pa.ChunkedArray, declared: tuple[str, ...] | None, rule: Slices, predictions: Predictions
) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """Each level and the positions of its rows: declared levels in the spec's order, others by size and name."""
    met = rows_by_level(values)
    for level in declared or ():
        yield level, met.pop(level, np.empty(0, dtype=np.intp))
    small = 0
    for level, members in sorted(met.items(), key=lambda item: (-len(item[1]), item[0])):
        positives = int(np.count_nonzero(predictions.labels[members]))
        small += min(positives, len(members) - positives) < rule.minimum_rows
        if small <= SMALL_LEVELS:
            yield level, members


def rows_by_level(values: pa.ChunkedArray) -> dict[str, npt.NDArray[np.intp]]:
    """Each level met, blank cells among them, and the positions of its rows."""
    codes, levels = _coded(values)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(levels)))
    members = np.split(order, ends[:-1])
    return {level: rows for level, rows in zip(levels, members, strict=True) if len(rows)}


def _coded(values: pa.ChunkedArray) -> tuple[npt.NDArray[Any], list[str]]:
    """(rows,) level numbers and the levels' names."""
    if pa.types.is_dictionary(values.type) and not values.null_count:
        # As it comes from a file; through text and back is most of what this costs.
        known = one_chunk(values)
        return to_numpy(known.indices), known.dictionary.to_pylist()
    plain = values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values
    encoded = pc.fill_null(plain, MISSING).combine_chunks().dictionary_encode()
    return to_numpy(encoded.indices), encoded.dictionary.to_pylist()
