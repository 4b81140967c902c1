"""How the model has treated each group, by what was observed: the labelled rows of several days together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from include.ml.data.arrays import from_numpy
from include.ml.evaluation.fairness import Groups, fairness
from include.ml.performance.labels import Labels
from include.ml.performance.predictions import Answered, labelled
from include.specs.model import ModelSpec


def observed_groups(days: Sequence[Answered], labels: Labels, model: ModelSpec, *, threshold: float) -> Groups:
    """Group of the specification → its measures, over all labelled rows of `days`; none where none is declared.

    One day has too few labels of a small group. Labels that come first are rarely like the others: how large a share
    of the rows they are stands beside each day.

    Args:
        days: that one version answered. threshold: score from which a row is called positive.
    """
    if model.fairness is None or not days:
        return {}
    columns = [group.column for group in model.fairness.groups]
    found = [labelled(day, labels) for day in days]
    rows = [
        day.rows.select(columns).filter(from_numpy(each.known, pa.bool_()))
        for day, each in zip(days, found, strict=True)
    ]
    scores = np.concatenate([day.scores[each.known] for day, each in zip(days, found, strict=True)])
    observed = np.concatenate([each.positive for each in found])
    return fairness(pa.concat_tables(rows), model.fairness, called=scores >= threshold, labels=observed)
