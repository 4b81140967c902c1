"""Partitions that were written under another spec than the run's: what of it they do not have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.container import bounded
from include.ml.data.arrays import coded, to_numpy
from include.specs import s3_layout
from include.specs.dataset import Dataset
from include.specs.errors import DataContractError
from include.specs.partition import PartitionRef

# A message names at most so many.
NAMED_PARTITIONS, NAMED_LEVELS = 3, 5
QUOTED_LEVEL = 40


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
