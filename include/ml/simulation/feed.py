"""What goes wrong between the world and the model: cells go blank, a feed breaks. Labels know nothing of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import one_chunk
from include.ml.simulation.changes import Broken, Change, Nulls


def sent(features: pa.Table, changes: Sequence[Change], strength: float, rng: np.random.Generator) -> pa.Table:
    """`features` as they arrive."""
    for change in changes:
        if isinstance(change, Nulls):
            mask = rng.random(len(features)) < change.share * strength
            features = _replaced(features, change.column, _blank_where(mask, features[change.column]))
        elif isinstance(change, Broken) and change.column is not None and strength > 0:
            features = _broken(features, change.column, change)
    return features


def arrivals(rows: int, changes: Sequence[Change], strength: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """The numbers of the rows as they arrive: each once, some of them twice where the feed sends them so."""
    times = np.ones(rows, np.int64)
    for change in changes:
        if isinstance(change, Broken) and change.how == "duplicated" and strength > 0:
            times += rng.random(rows) < change.share
    return np.repeat(np.arange(rows), times)


def _broken(features: pa.Table, column: str, change: Broken) -> pa.Table:
    if change.how == "missing":
        return features.drop_columns([column])
    values = one_chunk(features[column])
    if change.how == "all_null":
        return _replaced(features, column, pa.nulls(len(values), values.type))
    if change.how == "text":
        return _replaced(features, column, pc.replace_substring(values.cast(pa.string()), ".", ","))
    return _replaced(features, column, pc.multiply(values, change.factor))


def _blank_where(mask: npt.NDArray[np.bool_], values: pa.ChunkedArray) -> pa.Array:
    return pc.if_else(pa.array(mask), pa.scalar(None, values.type), one_chunk(values))


def _replaced(features: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return features.set_column(features.schema.get_field_index(column), column, values)
