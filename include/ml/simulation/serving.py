"""A day of traffic as an endpoint answers and captures it, and the labels that come in for it later."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.ml.baseline.statistics import SCORE
from include.ml.capture.layout import CALLED, layout
from include.ml.capture.writing import write_capture
from include.ml.data.arrays import from_numpy, repeated
from include.ml.data.synthetic import classes
from include.ml.evaluation.hold_out import score
from include.ml.simulation.traffic import Day
from include.specs.dataset import Dataset
from include.specs.model import ModelSpec

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True, kw_only=True)
class Served:
    """The model's answer to each row of a day: its probability to be positive, and whether it is called so."""

    scores: npt.NDArray[np.float64]
    called: npt.NDArray[np.bool_]


def serve(features: pa.Table, pipeline: Pipeline, model: ModelSpec, threshold: float) -> Served:
    """What an endpoint answers. A cell that it cannot read, or that is not sent, is blank to it."""
    plan = layout(model.dataset)
    blank = pa.nulls(len(features), pa.string())
    sent = {name: features[name].combine_chunks() if name in features.column_names else blank for name in plan.names}
    scores = score(pipeline, pa.table(dict(plan.typed(sent).columns)), model)
    return Served(scores=scores, called=scores >= threshold)


def write_day(root: Path, day: Day, served: Served, model: ModelSpec, *, variant: str, seed: int) -> tuple[Path, ...]:
    """Data-capture files of the day below `root`, one an hour; their paths.

    Each row is a request: its key is the inference id, its body holds the features that came, in the spec's order.
    """
    columns = {
        "event_id": [_event_id(seed, day, variant, row) for row in range(len(day.ids))],
        "inference_id": day.ids,
        "inference_time": day.event_times,
        "variant": pa.repeat(variant, len(day.ids)),
        **{name: day.features[name] for name in day.features.column_names},
        SCORE: from_numpy(served.scores, pa.float64()),
        CALLED: classes(served.called, model.dataset),
    }
    sent = _without(model.dataset, {column.name for column in model.dataset.features} - set(columns))
    return write_capture(root, pa.table(columns), sent, endpoint=model.name)


def labels(day: Day) -> pa.Table:
    """The day's ground truth: id, label, label_time. A row that came twice has one label."""
    table = pa.table({"id": day.ids, "label": day.labels, "label_time": day.label_times})
    return table.filter(from_numpy(~repeated(day.ids), pa.bool_()))


def _event_id(seed: int, day: Day, variant: str, row: int) -> str:
    """Always the same for the same row, and no one else's."""
    return str(uuid.UUID(hashlib.sha256(f"{seed} {day.date} {variant} {row}".encode()).hexdigest()[:32]))


def _without(dataset: Dataset, absent: set[str]) -> Dataset:
    """`dataset` as a client sees it that does not send some columns."""
    effects = {name: effect for name, effect in dataset.synthetic.effects.items() if name not in absent}
    columns = tuple(column for column in dataset.columns if column.name not in absent)
    return replace(dataset, columns=columns, synthetic=replace(dataset.synthetic, effects=effects))
