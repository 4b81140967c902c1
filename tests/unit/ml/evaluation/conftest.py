"""Seeded hold-outs with a known answer."""

from collections.abc import Callable

import numpy as np
import pytest

from include.ml.evaluation.predictions import Predictions

Pair = tuple[Predictions, Predictions]


@pytest.fixture
def scored() -> Callable[..., Pair]:
    """Two models of one hold-out: a logistic score of the same signal, each with its own noise."""

    def draw(
        rows: int, *, base_rate: float = 0.3, seed: int = 0, decimals: int | None = None, threshold: float = 0.4
    ) -> Pair:
        generator = np.random.default_rng(seed)
        labels = generator.random(rows) < base_rate
        signal = generator.normal(size=rows) + 1.5 * labels
        models = []
        for noise in (0.5, 0.6):
            log_odds = 1.2 * (signal + noise * generator.normal(size=rows)) - 1 + np.log(base_rate / (1 - base_rate))
            scores = 1 / (1 + np.exp(-log_odds))
            scores = scores if decimals is None else scores.round(decimals)
            models.append(Predictions(labels=labels, scores=scores, threshold=threshold))
        return models[0], models[1]

    return draw
