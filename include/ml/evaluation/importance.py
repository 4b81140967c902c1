"""What drives the model: how much worse it ranks when one column's values are dealt to the wrong rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import coded, to_numpy
from include.ml.evaluation.measures import measure
from include.ml.evaluation.predictions import Booleans, Floats, Integers, Predictions

# Rows of each class that are scored, once for every feature: the cost does not grow with the hold-out.
SAMPLE_PER_CLASS = 500


def importance(
    rows: pa.Table, labels: Booleans, features: tuple[str, ...], score: Callable[[pa.Table], Floats], *, seed: int
) -> dict[str, float]:
    """Feature → the fall in ROC-AUC when its column alone is permuted, largest first.

    ROC-AUC does not depend on the share of positives, so the sample may hold as many of either class.

    Source: Breiman, "Random forests" (Machine Learning 2001), for any model: Fisher, Rudin and Dominici, "All models
    are wrong, but many are useful" (JMLR 2019).

    Args:
        rows: the hold-out; at least `features`.
        labels: (rows,) True where positive.
        score: the model: a table's rows → their scores.
    """
    generator = np.random.default_rng(seed)
    chosen = _sample(labels, generator)
    sample, truth = rows.select(list(features)).take(chosen).combine_chunks(), labels[chosen]
    order = generator.permutation(len(chosen))
    # A row that is dealt the value it has keeps its score: of a column of few levels, most do.
    others = [_others(sample[feature], order) for feature in features]
    copies = [_permuted(sample, feature, order).take(rows) for feature, rows in zip(features, others, strict=True)]
    # One call for all copies: a pipeline costs more to call than to score two thousand rows.
    base, *parts = np.split(
        score(pa.concat_tables([sample, *copies])), np.cumsum([len(chosen), *map(len, others)])[:-1]
    )
    aucs = [_roc_auc(truth, each) for each in (base, *map(partial(_with, base), others, parts))]
    falls = {feature: round(aucs[0] - auc, 6) for feature, auc in zip(features, aucs[1:], strict=True)}
    return dict(sorted(falls.items(), key=lambda item: (-item[1], item[0])))


def _sample(labels: Booleans, generator: np.random.Generator) -> Integers:
    classes = (np.flatnonzero(labels), np.flatnonzero(~labels))
    picked = [generator.permutation(members)[:SAMPLE_PER_CLASS] for members in classes]
    return np.sort(np.concatenate(picked))


def _permuted(sample: pa.Table, feature: str, order: Integers) -> pa.Table:
    column = sample[feature].take(order)
    return sample.set_column(sample.column_names.index(feature), sample.schema.field(feature), column)


def _others(column: pa.ChunkedArray, order: Integers) -> Integers:
    """Positions of the rows to which `order` deals another value than they have; blank is a value like others."""
    codes = to_numpy(pc.fill_null(coded(column).indices, -1))
    return np.flatnonzero(codes != codes[order])


def _with(scores: Floats, positions: Integers, others: Floats) -> Floats:
    changed = scores.copy()
    changed[positions] = others
    return changed


def _roc_auc(truth: Booleans, scores: Floats) -> float:
    return measure("roc_auc", Predictions(labels=truth, scores=scores, threshold=0.5)).value
