"""The transforms a spec may name, as scikit-learn's own: a served pipeline holds no class of this project."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from include.specs.dataset import Column
from include.specs.model import Transform

# What a level that fitting never saw, or a blank, is to an ordinal encoder.
UNKNOWN_LEVEL = -1
# A level of an open set needs this many rows for a column of its own; rarer ones share one.
FREQUENT = 10
# Columns of an open set at most: the most frequent levels have one each, and all others share the last. So many take
# 1.3 GB for 650,000 rows, as eight bytes a cell; an id that was taken for a category would have one for each value.
MOST_COLUMNS = 256
# These know the levels of a closed set beforehand, and so encode it apart from open ones.
BY_LEVELS: frozenset[Transform] = frozenset({"one_hot", "ordinal"})


def build(transform: Transform, columns: Sequence[Column], seed: int) -> BaseEstimator | str:
    """The unfitted transformer of `columns`; `seed` is for target encoding's internal folds.

    Args:
        columns: for a transform of `BY_LEVELS`, all of closed sets or all of open ones.
    """
    return _BUILDERS[transform](columns, seed)


def _standardise(columns: Sequence[Column], _seed: int) -> BaseEstimator:
    return _chain(_imputer(columns), StandardScaler())


def _log_standardise(columns: Sequence[Column], _seed: int) -> BaseEstimator:
    logarithm = FunctionTransformer(np.log1p, feature_names_out="one-to-one")
    return _chain(_imputer(columns), logarithm, StandardScaler())


def _as_is(_columns: Sequence[Column], _seed: int) -> str:
    return "passthrough"


def _one_hot(columns: Sequence[Column], _seed: int) -> BaseEstimator:
    if any(column.levels is None for column in columns):
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=FREQUENT,
            max_categories=MOST_COLUMNS,
            sparse_output=False,
        )
    return OneHotEncoder(categories=_levels(columns), handle_unknown="ignore", sparse_output=False)


def _ordinal(columns: Sequence[Column], _seed: int) -> BaseEstimator:
    closed = all(column.levels is not None for column in columns)
    return OrdinalEncoder(
        categories=_levels(columns) if closed else "auto",
        handle_unknown="use_encoded_value",
        unknown_value=UNKNOWN_LEVEL,
        encoded_missing_value=UNKNOWN_LEVEL,
    )


def _target_encode(_columns: Sequence[Column], seed: int) -> BaseEstimator:
    # Fitting encodes each fold from the others, so that a level's mean never holds the row's own label.
    folds = StratifiedKFold(shuffle=True, random_state=seed)
    return _chain(TargetEncoder(target_type="binary", cv=folds), StandardScaler())


def _time_of_day(_columns: Sequence[Column], _seed: int) -> BaseEstimator:
    return FeatureUnion([(wave.__name__, FunctionTransformer(wave)) for wave in (np.sin, np.cos)])


def _imputer(columns: Sequence[Column]) -> BaseEstimator | None:
    if not any(column.missing for column in columns):
        return None
    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)


def _chain(*steps: BaseEstimator | None) -> BaseEstimator:
    present = [step for step in steps if step is not None]
    names = [type(step).__name__.lower() for step in present]
    return present[0] if len(present) == 1 else Pipeline(list(zip(names, present, strict=True)))


def _levels(columns: Sequence[Column]) -> list[list[str | float]]:
    """The spec's levels, so that the pipeline's shape does not depend on which levels a sample happens to hold."""
    # What pandas has for a blank in a column of categories is NaN; None would never be met.
    return [[*(column.levels or ()), *([np.nan] if column.missing else [])] for column in columns]


_BUILDERS: Mapping[Transform, Callable[[Sequence[Column], int], BaseEstimator | str]] = {
    "standardise": _standardise,
    "log_standardise": _log_standardise,
    "as_is": _as_is,
    "one_hot": _one_hot,
    "ordinal": _ordinal,
    "target_encode": _target_encode,
    "time_of_day": _time_of_day,
}
