"""A model's spec as one scikit-learn pipeline: transforms inside it, so that what is fitted is served."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from include.ml.data.arrays import coded, to_numpy
from include.ml.features import estimators, transforms
from include.specs.dataset import Column
from include.specs.errors import SpecError
from include.specs.model import ModelSpec, Transform, Value


def features_frame(table: pa.Table, model: ModelSpec) -> pd.DataFrame:
    """What the pipeline's `predict_proba` takes, from a part of the split or any table with the features' columns.

    Numeric columns are float64 with NaN where blank, categorical ones pandas categories, blank where blank, and a
    time of day is its angle on the clock in radians (midnight 0, noon π).

    Args:
        table: rows × at least the model's features, as preprocessing types them.

    Returns:
        The same rows × the features, in the spec's order.
    """
    return pd.DataFrame(
        {column.name: _series(table[column.name], column) for column in model.dataset.features}, copy=False
    )


def labels(table: pa.Table, model: ModelSpec) -> npt.NDArray[np.int8]:
    """1 where the label is the positive class, 0 where it is the other; one a row."""
    positive = pc.equal(table[model.dataset.label.name].cast(pa.string()), model.dataset.positive)
    return np.asarray(positive.cast(pa.int8()).combine_chunks())


def build_pipeline(model: ModelSpec, hyperparameters: Mapping[str, Value] | None = None) -> Pipeline:
    """The unfitted pipeline: a `ColumnTransformer` over the features' columns, then the estimator.

    Unknown levels never fail a prediction: one-hot gives zeros (or the column of rare levels), ordinal -1, target
    encoding the mean of the target. Blank numbers become the median, with a column that says so.

    Args:
        hyperparameters: all of the estimator's; None for the spec's.

    Raises:
        SpecError: the estimator does not exist, or cannot take what the transforms give.
    """
    given = model.estimator.hyperparameters if hyperparameters is None else hyperparameters
    estimator = estimators.build(model.estimator, given)
    _refuse_blanks(model, estimator)
    steps = [
        (name, transforms.build(transform, columns, model.estimator.seed), [column.name for column in columns])
        for name, transform, columns in _grouped(model)
    ]
    return Pipeline([("features", ColumnTransformer(steps, sparse_threshold=0.0)), ("estimator", estimator)])


def _series(values: pa.ChunkedArray, column: Column) -> pd.Series:
    if column.kind == "timestamp":
        return _clock_angle(values).to_pandas()
    if column.kind == "numeric":
        return values.cast(pa.float64()).to_pandas()
    return pd.Series(_categories(values))


def _categories(values: pa.ChunkedArray) -> pd.Categorical:
    """Levels as Python's own text: of Arrow's, an encoder makes an object for each row, and here one for each level."""
    found = coded(values)
    levels = pd.Index(found.dictionary.to_pylist(), dtype=object)
    return pd.Categorical.from_codes(to_numpy(pc.fill_null(found.indices, -1)), categories=levels)


def _clock_angle(values: pa.ChunkedArray) -> pa.ChunkedArray:
    into_the_day = pc.microseconds_between(pc.floor_temporal(values, unit="day"), values)
    return pc.multiply(pc.cast(into_the_day, pa.float64()), 2 * np.pi / 86_400e6)


def _grouped(model: ModelSpec) -> list[tuple[str, Transform, list[Column]]]:
    """The features by transform, with a name: one encoder over twenty columns is faster than twenty encoders.

    Where a transform knows a closed set's levels beforehand, open sets have an encoder of their own: in one with them,
    the closed would have the levels of the sample.
    """

    def kind(column: Column) -> tuple[Transform, bool]:
        transform = model.transform(column.name)
        return transform, transform in transforms.BY_LEVELS and column.levels is None

    groups = [(*found, list(columns)) for found, columns in groupby(sorted(model.dataset.features, key=kind), kind)]
    closed = {transform for transform, is_open, _ in groups if not is_open}
    return [
        (f"{transform}_open" if is_open and transform in closed else transform, transform, columns)
        for transform, is_open, columns in groups
    ]


def _refuse_blanks(model: ModelSpec, estimator: BaseEstimator) -> None:
    """A blank that is passed as it is needs an estimator that takes NaN."""
    if estimator.__sklearn_tags__().input_tags.allow_nan:
        return
    for column in model.dataset.features:
        if column.missing and model.transform(column.name) == "as_is":
            expected = f"be standardise or log_standardise, since {model.estimator.path} takes no blanks"
            raise SpecError(f"features.{column.name}", expected, "as_is")
