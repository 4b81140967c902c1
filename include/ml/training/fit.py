"""Fitting a model's pipeline: at once, or in stages of boosting iterations that a later job can continue from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from include.ml.container import say
from include.ml.training.checkpoint import Checkpoints
from include.specs.errors import SpecError


def fit(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    positive: npt.NDArray[np.int8],
    *,
    every: int | None,
    checkpoints: Checkpoints,
) -> Pipeline:
    """`pipeline`, fitted; with `every`, in stages of that many iterations, each kept as a checkpoint.

    A stage adds trees to those of the stage before (`warm_start`): the model is the same as if fitted at once, and as
    if an interrupted job had continued from any checkpoint.

    Args:
        frame: see `features_frame`. positive: see `labels`.

    Raises:
        SpecError: the estimator refuses its hyper-parameters, or cannot be fitted in stages.
    """
    features, estimator = pipeline[:-1], pipeline[-1]
    values = features.fit_transform(frame, positive)
    try:
        fitted = _staged(estimator, values, positive, every, checkpoints) if every else estimator.fit(values, positive)
    except ValueError as error:
        raise SpecError(
            "estimator.hyperparameters", f"suit {type(estimator).__name__} ({error})", _given(estimator)
        ) from error
    pipeline.steps[-1] = (pipeline.steps[-1][0], fitted)
    return pipeline


def _staged(
    estimator: BaseEstimator,
    values: npt.NDArray[np.float64],
    positive: npt.NDArray[np.int8],
    every: int,
    kept: Checkpoints,
) -> BaseEstimator:
    parameters = estimator.get_params()
    if "warm_start" not in parameters or "max_iter" not in parameters:
        raise SpecError(
            "estimator.checkpoint_every", f"be None for {type(estimator).__name__}, which has no stages", every
        )
    last = parameters["max_iter"]
    current = kept.load() or estimator
    done = getattr(current, "n_iter_", 0)
    if done:
        say(f"continuing from the checkpoint at iteration {done} of {last}")
    while done < last:
        target = min(done + every, last)
        current.set_params(warm_start=True, max_iter=target).fit(values, positive)
        kept.save(current)
        say(f"iteration {current.n_iter_} of {last}")
        if current.n_iter_ < target:
            break  # early stopping
        done = target
    return current.set_params(warm_start=parameters["warm_start"], max_iter=last)


def _given(estimator: BaseEstimator) -> dict[str, object]:
    return {name: value for name, value in estimator.get_params().items() if value is not None}
