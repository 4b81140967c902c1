"""Partitions that were written under another spec than the run's: what of it they do not have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.container import bounded
from include.ml.data import cells
from include.ml.data.arrays import coded, to_numpy
from include.specs import s3_layout
from include.specs.dataset import Column, Dataset
from include.specs.errors import DataContractError, PartitionError
from include.specs.partition import PartitionRef

# A message names at most so many.
NAMED_PARTITIONS, NAMED_LEVELS, NAMED_COLUMNS = 3, 5, 3
QUOTED_LEVEL = 40


def require_columns(partitions: Sequence[PartitionRef], columns: Sequence[Column]) -> None:
    """Refuse partitions whose manifests lack one of `columns`, or have it with a type that its kind has not.

    What a partition has besides is not read, and no fault.

    Raises:
        PartitionError: the message names the columns, what was expected and found, and the partitions.
    """
    holders: dict[tuple[str, str, str | None], list[PartitionRef]] = {}
    for column in columns:
        expected = str(cells.TYPES[column.kind])
        for partition in partitions:
            if (found := partition.manifest.columns.get(column.name)) != expected:
                holders.setdefault((column.name, expected, found), []).append(partition)
    if not holders:
        return
    told = [_differs(*fault, named(those)) for fault, those in list(holders.items())[:NAMED_COLUMNS]]
    more = len(holders) - len(told)
    raise PartitionError(
        f"{'; '.join(told)}{f'; and {more} more such columns' if more else ''}. They were ingested under another spec: "
        "ingest those dates again, from landing files of this one, or train from a later start"
    )


def _differs(column: str, expected: str, found: str | None, where: str) -> str:
    if found is None:
        return f"column {column!r} (of type {expected}) is not in {where}"
    return f"column {column!r} must be of type {expected}, and is of type {found} in {where}"


def require_levels(
    labels: pa.ChunkedArray, used: npt.NDArray[np.bool_], partitions: Sequence[PartitionRef], dataset: Dataset
) -> None:
    """Refuse labels that the spec does not know: all that is not the positive class would count as the negative one.

    Args:
        labels: of all rows of `partitions`, in their order. used: which rows are split, shape (rows,); none is null.

    Raises:
        DataContractError: the message names the partitions and the levels.
    """
    found = coded(labels)
    levels = found.dictionary.to_pylist()
    unknown = np.array([level not in (dataset.negative, dataset.positive) for level in levels], bool)
    if not unknown.any():
        return
    codes = to_numpy(pc.fill_null(found.indices, 0))
    strange = np.flatnonzero(used & unknown[codes])
    if not len(strange):
        return
    ends = np.cumsum([partition.manifest.rows for partition in partitions])
    holders = [partitions[place] for place in np.unique(np.searchsorted(ends, strange, side="right"))]
    neither = f"neither {dataset.negative!r} nor {dataset.positive!r}"
    raise DataContractError(
        f"column {dataset.label.name!r}: {len(strange)} labels in {named(holders)} are {neither}: "
        f"{_counted(levels, np.bincount(codes[strange]))}. They were ingested under another spec: correct their "
        "landing files and ingest those dates again, or train from a later start"
    )


def _counted(levels: Sequence[str], counts: npt.NDArray[np.intp]) -> str:
    """The most frequent first; so many as leave room for the rest of the message."""
    order = [place for place in np.argsort(-counts, kind="stable") if counts[place]]
    told = [f"{counts[place]} x {bounded(levels[place], QUOTED_LEVEL)!r}" for place in order[:NAMED_LEVELS]]
    more = len(order) - len(told)
    return ", ".join(told) + (f" and {more} more levels" if more else "")


def named(partitions: Sequence[PartitionRef]) -> str:
    """The partitions as their prefixes in the lake, oldest first; the first of many stand for the others."""
    pinned = (partition.manifest for partition in partitions)
    prefixes = sorted(s3_layout.partition(manifest.model, manifest.date) for manifest in pinned)
    more = len(prefixes) - NAMED_PARTITIONS
    return ", ".join(prefixes[:NAMED_PARTITIONS]) + (f" and {more} more partitions" if more > 0 else "")
