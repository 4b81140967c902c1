"""How the model has treated each group, by what was observed: the labelled rows of several days together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.ml.data.arrays import kept
from include.ml.evaluation.fairness import Groups, fairness
from include.ml.evaluation.predictions import Booleans
from include.ml.performance.predictions import Answered, Labelled
from include.specs.model import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The labelled rows of a day, and no more of them than a group is told by.

    Args:
        columns: that groups are of. called, positive: (rows,) what the model said of each, and what became of it.
    """

    columns: pa.Table
    called: Booleans
    positive: Booleans


def columns_of(model: ModelSpec) -> tuple[str, ...]:
    """The columns that groups are of, each once."""
    return tuple(dict.fromkeys(group.column for group in model.fairness.groups)) if model.fairness else ()


def observed(day: Answered, found: Labelled, *, threshold: float) -> Observed:
    """What is kept of a day.

    Args:
        threshold: score from which the version that answered calls a row positive.
    """
    return Observed(
        columns=kept(day.columns, found.known),
        called=day.scores[found.known] >= threshold,
        positive=found.positive,
    )


def observed_groups(days: Sequence[Observed], model: ModelSpec) -> Groups:
    """Group of the specification → its measures, over all labelled rows of `days`; none where none is declared.

    One day has too few labels of a small group. Labels that come first are rarely like the others: how large a share
    of the rows they are stands beside each day.

    Args:
        days: that one version answered.
    """
    if model.fairness is None or not days:
        return {}
    return fairness(
        pa.concat_tables([day.columns for day in days]).unify_dictionaries(),
        model.fairness,
        called=np.concatenate([day.called for day in days]),
        labels=np.concatenate([day.positive for day in days]),
    )
