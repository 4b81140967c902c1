"""How many rows repeat another's id, where the ids do not fit into memory: by digests, a part of them at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.ml.data.arrays import to_numpy
from include.ml.drift.source import Source

Digests = npt.NDArray[np.uint64]
# Digests that are in memory at once: 128 MiB.
AT_ONCE = 2**24
SEED = 20260101
# Characters beyond are weighed as those that many before them.
LONGEST = 4096


def count_repeated(source: Source, column: str, at_once: int = AT_ONCE) -> int:
    """Rows whose id came before; blank ids repeat nothing.

    Two different ids have one digest with a chance of 2^-64: among 100 million none, but once in 4,000 days.
    """
    every = replace(source, kept=None)
    passes = max(1, -(-source.rows // at_once))
    return sum(_repeated_in(every, column, part, passes) for part in range(passes))


def digests(chunk: pa.Array) -> Digests:
    """(values that are not null,) a 64-bit digest of each value's bytes: a sum of random weights by place, mixed.

    >>> one, two, three = digests(pa.array(["ab", "ba", "ab"])).tolist()
    >>> one == three, one == two
    (True, False)
    """
    present = chunk.drop_null()
    if pa.types.is_dictionary(present.type):
        return np.asarray(digests(present.dictionary)[to_numpy(present.indices)])
    if not pa.types.is_string(present.type):
        present = present.cast(pa.string())
    _, offsets, content = present.buffers()
    ends = np.frombuffer(offsets, np.int32)[present.offset : present.offset + len(present) + 1].astype(np.int64)
    letters = np.frombuffer(content or b"", np.uint8)[ends[0] : ends[-1]].astype(np.uint64)
    sizes = np.diff(ends)
    place = np.arange(len(letters)) - np.repeat(ends[:-1] - ends[0], sizes)
    summed = np.concatenate((np.zeros(1, np.uint64), np.cumsum((letters + np.uint64(1)) * _weights()[place % LONGEST])))
    starts = ends - ends[0]
    return _mixed(summed[starts[1:]] - summed[starts[:-1]])


def _repeated_in(source: Source, column: str, part: int, passes: int) -> int:
    """Among the ids whose digest falls to one of the passes."""
    found: list[Digests] = []
    for chunk in source.chunks(column):
        each = digests(chunk)
        found.append(each[each % np.uint64(passes) == part])
    every = np.concatenate([np.empty(0, np.uint64), *found])
    found.clear()
    every.sort()
    return int(np.count_nonzero(every[1:] == every[:-1]))


def _weights() -> Digests:
    return np.random.default_rng(SEED).integers(0, 2**64, LONGEST, dtype=np.uint64)


def _mixed(value: Digests) -> Digests:
    """Sebastiano Vigna's finaliser of SplitMix64: neighbouring sums end far apart."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)))
