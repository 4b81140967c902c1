"""Whom the model calls positive, group by group: what can be said of fairness before any label has come."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from include.ml.baseline.statistics import SCORE
from include.ml.capture.layout import CALLED
from include.ml.data.arrays import one_chunk, to_numpy
from include.ml.evaluation.fairness import Groups, fairness
from include.specs.drift import GroupCalls
from include.specs.model import ModelSpec


def group_calls(day: pa.Table, sample: pa.Table, model: ModelSpec, *, threshold: float) -> dict[str, GroupCalls]:
    """Group of the specification → how often it is called positive; none where none is declared.

    Args:
        day: captured rows, one an entity. sample: the baseline's.
        threshold: score from which a row is called positive; where there is no score, the class that was said counts.
    """
    ours, theirs = (_calls(table, model, threshold) for table in (sample, day))
    return {name: GroupCalls(today=found, baseline=ours.get(name)) for name, found in theirs.items()}


def _calls(table: pa.Table, model: ModelSpec, threshold: float) -> Groups:
    called = pc.greater_equal(one_chunk(table[SCORE]), threshold)
    if CALLED in table.column_names:
        called = pc.coalesce(called, pc.equal(one_chunk(table[CALLED]), model.dataset.positive))
    answered = pc.is_valid(called)
    return fairness(table.filter(answered), model.fairness, called=to_numpy(called.filter(answered)))
