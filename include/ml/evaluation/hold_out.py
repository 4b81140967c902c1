"""The hold-out as preprocessing left it, and a model's scores on it, in batches of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # none are published

from include.ml.data.arrays import to_numpy
from include.ml.data.preprocessing import COMPARABLE
from include.ml.evaluation.predictions import Booleans, Floats
from include.ml.features.pipeline import features_frame, labels
from include.specs.errors import ReportError
from include.specs.model import ModelSpec

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

BATCH_ROWS = 2**16


@dataclass(frozen=True, kw_only=True)
class HoldOut:
    """Rows that the candidate was not fitted on.

    Args:
        features: rows × the model's features.
        labels: (rows,) True where positive.
        comparable: (rows,) True for the rows to compare on: the champion was not fitted on them either.
        entities: (rows,) whom each row is about; None where the data set has no entity.
    """

    features: pa.Table
    labels: Booleans
    comparable: Booleans
    entities: pa.ChunkedArray | None = None

    def only(self, rows: Booleans) -> HoldOut:
        """Some of its rows."""
        mask = pa.array(rows)
        return HoldOut(
            features=self.features.filter(mask),
            labels=self.labels[rows],
            comparable=self.comparable[rows],
            entities=None if self.entities is None else self.entities.filter(mask),
        )


def read(folder: Path, model: ModelSpec) -> HoldOut:
    """The one Parquet file in `folder`, without the columns that evaluation has no use for.

    Raises:
        ReportError: there is not exactly one file, or it lacks a column.
    """
    files = sorted(folder.glob("*.parquet"))
    if len(files) != 1:
        raise ReportError(f"{folder}: expected the hold-out as one Parquet file, got {[file.name for file in files]}")
    features = [column.name for column in model.dataset.features]
    entity = [column.name for column in model.dataset.with_role("entity")]
    needed = [*features, *entity, model.dataset.label.name, COMPARABLE]
    # Levels as numbers: a tenth of the memory of text.
    coded = [column.name for column in model.dataset.features if column.kind == "categorical"]
    with pq.ParquetFile(files[0], read_dictionary=coded) as file:
        absent = sorted(set(needed) - set(file.schema_arrow.names))
        if absent:
            raise ReportError(f"{files[0]}: expected the columns {needed}, got none called {', '.join(absent)}")
        table = file.read(columns=needed)
    return HoldOut(
        features=table.select(features),
        labels=labels(table, model).astype(np.bool_),
        comparable=to_numpy(table[COMPARABLE]),
        entities=table[entity[0]] if entity else None,
    )


def score(pipeline: Pipeline, features: pa.Table, model: ModelSpec) -> Floats:
    """(rows,) the probability of the positive class, for a table of any length; with the threads that fitted it."""
    with threadpool_limits(model.estimator.threads):
        return np.concatenate(
            [pipeline.predict_proba(features_frame(part, model))[:, 1] for part in _batches(features)]
        )


def _batches(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, BATCH_ROWS):
        yield table.slice(start, BATCH_ROWS)
