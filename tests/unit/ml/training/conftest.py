"""Fitted pipelines of the two small models, and what they were fitted on."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from include.ml.data import contract
from include.ml.data.landing import LandingFile
from include.ml.data.synthetic import synthesise
from include.ml.features.pipeline import build_pipeline, features_frame, labels
from include.specs.model import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A pipeline and what it was fitted on."""

    model: ModelSpec
    pipeline: Pipeline
    frame: pd.DataFrame
    positive: object


def fitted(model: ModelSpec) -> Fitted:
    made = synthesise(model.dataset, rows=300, seed=1, until=dt.date(2026, 3, 1))
    rows = contract.check([LandingFile(name="made up", rows=made)], model.dataset).rows
    frame, positive = features_frame(rows, model), labels(rows, model)
    with threadpool_limits(model.estimator.threads):
        pipeline = build_pipeline(model).fit(frame, positive)
    return Fitted(model=model, pipeline=pipeline, frame=frame, positive=positive)


@pytest.fixture
def trees(boosted: ModelSpec) -> Fitted:
    return fitted(boosted)


@pytest.fixture
def logistic(toy: ModelSpec) -> Fitted:
    return fitted(toy)
