"""Files of labels, captured days and a registered evaluation, of a model whose scores mean what they say."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.ml.baseline.statistics import SCORE
from include.ml.capture.layout import layout
from include.ml.evaluation.curves import confusion
from include.ml.evaluation.intervals import estimates
from include.ml.evaluation.predictions import Floats, Predictions
from include.specs.dataset import Dataset
from include.specs.reports import DataReport, EvaluationReport

NOON = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
LABEL_TYPES = {"id": pa.string(), "label": pa.string(), "label_time": pa.timestamp("us", "UTC")}


def put_labels(path: Path, rows: Sequence[tuple[Any, Any, Any]], **types: pa.DataType) -> Path:
    """Rows of id, label and label_time as a Parquet file."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 3
    kinds = LABEL_TYPES | types
    arrays = [pa.array(list(cells), kinds[name]) for name, cells in zip(LABEL_TYPES, columns, strict=True)]
    pq.write_table(pa.table(arrays, names=list(LABEL_TYPES)), path)
    return path


def captured(dataset: Dataset, ids: Sequence[str | None], scores: Sequence[float | None], **columns: Any) -> pa.Table:
    """A day in the columns that capture gives: requests of one row with these inference ids, a second apart."""
    schema, rows = layout(dataset).schema, len(ids)
    known = {
        "event_id": [f"event-{place}" for place in range(rows)],
        "row": [0] * rows,
        "inference_id": list(ids),
        "inference_time": [NOON + dt.timedelta(seconds=place) for place in range(rows)],
        "variant": ["AllTraffic"] * rows,
        SCORE: list(scores),
    } | columns
    return pa.table([pa.array(known.get(field.name, [None] * rows), field.type) for field in schema], schema=schema)


def sigmoid(log_odds: Floats) -> Floats:
    """The probability."""
    return 1 / (1 + np.exp(-log_odds))


def log_odds_of(probabilities: Floats) -> Floats:
    """The other way."""
    return np.log(probabilities / (1 - probabilities))


def bent(scores: Floats) -> Floats:
    """Scores in the same order that are no probabilities any more, as no straight line makes them: too sure of much."""
    log_odds = log_odds_of(scores)
    return sigmoid(np.clip(log_odds, -1, 1) / 2 + 0.3 + 0.15 * log_odds**3)


def drawn(rows: int, *, seed: int, blur: float = 0.0, mean: float = -0.5) -> Predictions:
    """Scores, and labels with the probability that they say; `blur` takes some of the truth out of them."""
    generator = np.random.default_rng(seed)
    log_odds = generator.normal(mean, 1.6, rows)
    labels = generator.random(rows) < sigmoid((1 - blur) * log_odds)
    return Predictions(labels=labels, scores=sigmoid(log_odds), threshold=0.5)


def evaluation_of(predictions: Predictions, *, model: str = "toy") -> EvaluationReport:
    """What was registered of a hold-out."""
    return EvaluationReport(
        model=model,
        run="run-1",
        metrics=estimates(predictions),
        data=DataReport(rows=predictions.rows, positives=predictions.positives, sha256="a" * 64),
        confusion=confusion(predictions),
    )
