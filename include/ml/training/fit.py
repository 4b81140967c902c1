"""Fitting a model's pipeline: at once, or in stages of boosting iterations that a later job can continue from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # none are published

from include.ml.container import say
from include.ml.training.checkpoint import Checkpoints
from include.specs.errors import SpecError
from include.specs.model import Estimator


def fit(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    positive: npt.NDArray[np.int8],
    *,
    spec: Estimator,
    checkpoints: Checkpoints,
) -> Pipeline:
    """`pipeline`, fitted with the spec's threads; in stages of `checkpoint_every` rows × iterations, where it says so.

    A stage adds trees to those of the stage before (`warm_start`): the model is the same as if fitted at once, and as
    if an interrupted job had continued from any checkpoint.

    Args:
        frame: see `features_frame`. positive: see `labels`.

    Raises:
        SpecError: the estimator refuses its hyper-parameters, for themselves, for each other or for these rows, or
            cannot be fitted in stages.
    """
    features, estimator = pipeline[:-1], pipeline[-1]
    with threadpool_limits(spec.threads):
        values = features.fit_transform(frame, positive)
        fitted = _fitted(estimator, values, positive, spec.checkpoint_every, checkpoints)
    pipeline.steps[-1] = (pipeline.steps[-1][0], fitted)
    return pipeline


def _fitted(
    estimator: BaseEstimator,
    values: npt.NDArray[np.float64],
    positive: npt.NDArray[np.int8],
    every: int | None,
    checkpoints: Checkpoints,
) -> BaseEstimator:
    if every is None:
        return _once(estimator, values, positive)
    # Others have a warm start too, but what they learn then depends on where they were interrupted.
    if not isinstance(estimator, HistGradientBoostingClassifier):
        name = type(estimator).__name__
        raise SpecError("estimator.checkpoint_every", f"be None for {name}, which is not fitted in stages", every)
    return _staged(estimator, values, positive, max(1, every // len(values)), checkpoints)


def _staged(
    estimator: HistGradientBoostingClassifier,
    values: npt.NDArray[np.float64],
    positive: npt.NDArray[np.int8],
    iterations: int,
    checkpoints: Checkpoints,
) -> HistGradientBoostingClassifier:
    last, warm_start = estimator.max_iter, estimator.warm_start
    if not isinstance(last, int) or last < 1:
        return _once(estimator, values, positive)  # which refuses it, and says why
    current = checkpoints.load() or estimator
    done = getattr(current, "n_iter_", 0)
    if done:
        say(f"continuing from the checkpoint at iteration {done} of {last}")
    while done < last:
        target = min(done + iterations, last)
        _once(current.set_params(warm_start=True, max_iter=target), values, positive)
        say(f"iteration {current.n_iter_} of {last}")
        if current.n_iter_ < target:
            break  # early stopping
        done = target
        # What is fitted to its end is saved as the model at once, which takes no longer than a checkpoint.
        if done < last:
            checkpoints.save(current)
    return current.set_params(warm_start=warm_start, max_iter=last)


def _once(estimator: BaseEstimator, values: npt.NDArray[np.float64], positive: npt.NDArray[np.int8]) -> BaseEstimator:
    """`estimator`, fitted; or why not, in scikit-learn's own sentence: it knows which values exclude each other."""
    try:
        return estimator.fit(values, positive)
    except (ValueError, TypeError) as error:
        cls = type(estimator)
        expected = f"be such that {cls.__module__}.{cls.__name__} can be fitted to {len(values)} rows ({error})"
        raise SpecError("estimator.hyperparameters", expected, _given(estimator)) from error


def _given(estimator: BaseEstimator) -> dict[str, object]:
    return {name: value for name, value in estimator.get_params().items() if value is not None}
