"""What the scores go by, read off rows and their scores alone: no label, no model, and milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import coded, to_numpy
from include.ml.evaluation.predictions import Floats
from include.specs.dataset import Column

# Groups of a number, of as many rows each; rows of a level that make it one.
BINS, FEWEST = 16, 5
DECIMALS = 6


def attributions(rows: pa.Table, scores: Floats, features: Sequence[Column]) -> dict[str, float]:
    """Feature → the share of the scores' variance that goes with it, in [0, 1].

    The first-order Sobol index "from given data": the variance of the mean score from group to group of the feature's
    values, in that of all scores. Plischke, Borgonovo and Smith, "Global sensitivity measures from given data"
    (European Journal of Operational Research 2013). Of what chance gives to many groups it is freed as ε² is: Kelley,
    "An unbiased correlation ratio measure" (PNAS 1935). Features that go together share what they explain: it is no
    sum, and an order of features rather than an account.

    Args:
        rows: at least `features`, as `times_of_day` leaves them. scores: (rows,) finite.

    >>> rows = pa.table({"decides": ["a", "b"] * 50, "does not": ["a", "a", "b", "b"] * 25})
    >>> features = [Column(name=name, kind="categorical") for name in rows.column_names]
    >>> attributions(rows, np.array([0.1, 0.9] * 50), features)
    {'decides': 1.0, 'does not': 0.0}
    """
    return {column.name: round(_explained(_groups(rows[column.name], column), scores), DECIMALS) for column in features}


def _explained(groups: npt.NDArray[Any], scores: Floats) -> float:
    if not len(scores):
        return 0.0
    counts = np.bincount(groups)
    met = counts > 0
    number, rows = int(met.sum()), len(scores)
    gaps = scores - scores.mean()
    total = float(gaps @ gaps)
    if number >= rows or not total:
        return 0.0
    between = float((np.bincount(groups, gaps)[met] ** 2 / counts[met]).sum())
    by_chance = (number - 1) * max(total - between, 0.0) / (rows - number)
    return min(max((between - by_chance) / total, 0.0), 1.0)


def _groups(values: pa.ChunkedArray, column: Column) -> npt.NDArray[Any]:
    """(rows,) which group each row is in; blank cells are one."""
    if column.kind in ("numeric", "timestamp"):
        return _of_numbers(to_numpy(pc.fill_null(values.cast(pa.float64()), np.nan)))
    found = coded(values)
    codes = to_numpy(pc.fill_null(found.indices, len(found.dictionary)))
    rare = np.bincount(codes, minlength=len(found.dictionary) + 1) < FEWEST
    return np.where(rare[codes], len(rare), codes)


def _of_numbers(numbers: Floats) -> npt.NDArray[Any]:
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        return np.zeros(len(numbers), dtype=np.intp)
    # Edges are values that occur: between an infinity and a number there is none.
    edges = np.unique(np.quantile(present, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    return np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, side="left"))
