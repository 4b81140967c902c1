"""statistics.json and sample.parquet from the hold-out: rows that the version was judged on, and never fitted on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.ml.data.arrays import from_numpy, repeated, to_numpy
from include.ml.evaluation.predictions import Booleans, Floats, Predictions
from include.specs.baseline import BaselineReport, CategoricalBaseline, NumericBaseline, PredictionBaseline
from include.specs.dataset import LABEL_IS_POSITIVE, Column
from include.specs.errors import ReportError
from include.specs.model import ModelSpec

# Percentiles.
QUANTILES = 101
# A level beyond these is counted, not listed: an open set must not make the file as large as the data.
LEVELS = 1_000
SAMPLE_ROWS = 10_000
# The column of the sample that holds the model's probability.
SCORE = "score"


def describe(
    features: pa.Table, predictions: Predictions, model: ModelSpec, *, run: str, sha256: str
) -> BaselineReport:
    """statistics.json, but for what `profile.bound` adds.

    Args:
        features: rows × the model's features. predictions: of the same rows.
        sha256: of the data that they came from.
    """
    numeric = [column for column in model.dataset.features if column.kind in ("numeric", "timestamp")]
    others = [column for column in model.dataset.features if column not in numeric]
    return BaselineReport(
        model=model.name,
        run=run,
        sha256=sha256,
        numeric={column.name: numeric_baseline(features[column.name], column) for column in numeric},
        categorical={column.name: categorical_baseline(features[column.name]) for column in others},
        prediction=PredictionBaseline(
            rows=predictions.rows,
            quantiles=quantiles(predictions.scores),
            threshold=predictions.threshold,
            positive_rate=float(np.count_nonzero(predictions.called) / predictions.rows),
        ),
    )


def numeric_baseline(values: pa.ChunkedArray, column: Column) -> NumericBaseline:
    """Quantiles of a numeric column; of a timestamp, in seconds since 1970 (UTC).

    >>> column = Column(name="tenure", kind="numeric")
    >>> baseline = numeric_baseline(pa.chunked_array([[1.0, None, 3.0]]), column)
    >>> baseline.missing, baseline.quantiles[0], baseline.quantiles[50], baseline.quantiles[100]
    (1, 1.0, 2.0, 3.0)

    Raises:
        ReportError: a number is not finite.
    """
    present = values.drop_null()
    if column.kind == "timestamp":
        present = present.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64())
    numbers = to_numpy(present.cast(pa.float64()))
    if not np.isfinite(numbers).all():
        raise ReportError(f"{column.name}: expected finite numbers, got infinities; ingestion should have refused them")
    return NumericBaseline(
        rows=len(values), missing=values.null_count, quantiles=quantiles(numbers) if len(numbers) else ()
    )


def categorical_baseline(values: pa.ChunkedArray) -> CategoricalBaseline:
    """Rows of each level, the most frequent first and, of equals, by name.

    >>> categorical_baseline(pa.chunked_array([["a", "b", "a", None]])).levels
    {'a': 2, 'b': 1}
    """
    counts = _counts(values.drop_null())
    kept = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LEVELS])
    missing = values.null_count
    other = len(values) - missing - sum(kept.values())
    return CategoricalBaseline(rows=len(values), missing=missing, distinct=len(counts), levels=kept, other=other)


def quantiles(values: Floats) -> tuple[float, ...]:
    """Percentiles 0 to 100 of at least one number, linear between neighbours.

    >>> quantiles(np.array([3.0, 1.0, 2.0]))[::50]
    (1.0, 2.0, 3.0)
    """
    found = np.quantile(values, np.linspace(0, 1, QUANTILES))
    # Interpolation between equal neighbours may fall below them by a rounding error.
    return tuple(np.maximum.accumulate(found).tolist())


def write_sample(
    path: Path,
    features: pa.Table,
    scores: Floats,
    *,
    seed: int,
    labels: Booleans | None = None,
    entities: pa.ChunkedArray | None = None,
) -> None:
    """At most SAMPLE_ROWS rows of features, score and label, chosen by `seed`, in their own order.

    Args:
        labels: (rows,) True where positive. The sample had none once: who reads it must do without.
        entities: (rows,) whom each row is about; of each, the last row may be chosen, since the others say the same
            thing again, and drift takes rows as independent.
    """
    candidates = np.arange(len(scores)) if entities is None else last_of_each(entities)
    chosen = np.sort(np.random.default_rng(seed).permutation(candidates)[:SAMPLE_ROWS])
    sample = features.take(chosen).append_column(SCORE, from_numpy(scores[chosen], pa.float64()))
    if labels is not None:
        sample = sample.append_column(LABEL_IS_POSITIVE, from_numpy(labels[chosen], pa.bool_()))
    pq.write_table(_plain(sample), path, compression="zstd")


def last_of_each(entities: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """The rows, ascending, that are the last of their entity; rows without one count each for itself.

    >>> last_of_each(pa.chunked_array([["a", "b", "a", None, "c", None]])).tolist()
    [1, 2, 3, 4, 5]
    """
    known = to_numpy(entities.is_valid())
    somebody = np.flatnonzero(known)
    backwards = entities.cast(pa.string()).take(pa.array(somebody[::-1]))
    chosen = ~known
    chosen[somebody] = ~repeated(backwards)[::-1]
    return np.flatnonzero(chosen)


def _plain(table: pa.Table) -> pa.Table:
    """Text for coded levels: which codes a level got depends on rows that are not in the sample."""
    fields = [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in table.schema]
    return table.cast(pa.schema(fields)).replace_schema_metadata(None)


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(values)
    levels = counted.field("values")
    names = levels.cast(pa.string()) if pa.types.is_dictionary(levels.type) else levels
    return dict(zip(names.to_pylist(), counted.field("counts").to_pylist(), strict=True))
