"""Drift of the world itself: other numbers, other levels, another concept. Labels follow what the features became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import to_numpy
from include.ml.data.synthetic import limits, rounded
from include.ml.simulation.changes import Change, Concept, MoreOf, NewLevel, Numbers, scaled
from include.specs.dataset import Dataset


def recipe(dataset: Dataset, changes: Sequence[Change], strength: float) -> Dataset:
    """`dataset` with the effects on the label as they are by now."""
    effects = dict(dataset.synthetic.effects)
    for change in changes:
        if isinstance(change, Concept):
            effects[change.column] = scaled(effects[change.column], change.factor(strength))
    return replace(dataset, synthetic=replace(dataset.synthetic, effects=effects))


def changed(
    values: Mapping[str, pa.Array],
    dataset: Dataset,
    changes: Sequence[Change],
    strength: float,
    rng: np.random.Generator,
) -> dict[str, pa.Array]:
    """`values`, nothing of them blank, as they are by now."""
    found = dict(values)
    for change in changes if strength else ():
        if isinstance(change, Numbers):
            found[change.column] = moved(found[change.column], limits(dataset.column(change.column)), change, strength)
        if isinstance(change, MoreOf | NewLevel):
            share = change.points if isinstance(change, MoreOf) else change.share
            found[change.column] = with_level(found[change.column], change.level, share * strength, rng)
    return found


def moved(values: pa.Array, within: tuple[float, float], change: Numbers, strength: float) -> pa.Array:
    """Uniform numbers, each at its quantile of the beta distribution with the mean and the variance of the change.

    A beta distribution stays within the limits, so that a shift is drift and not a breach of the contract; the uniform
    is the one without change.
    """
    from scipy.special import betaincinv  # noqa: PLC0415 an import of 0.2 s, which a module must not cost

    low, high = within
    mean, variance = change.moments(strength)
    concentration = mean * (1 - mean) / variance - 1
    shares = np.clip((to_numpy(values) - low) / ((high - low) or 1.0), 0, 1)
    return rounded(low + betaincinv(mean * concentration, (1 - mean) * concentration, shares) * (high - low))


def with_level(values: pa.Array, level: str, share: float, rng: np.random.Generator) -> pa.Array:
    """`level` in a `share` of the rows more, those drawn from the others; in all of them if they are fewer."""
    others = np.flatnonzero(to_numpy(pc.not_equal(values, level)))
    return pc.if_else(pa.array(_drawn(others, share, len(values), rng)), level, values)


def _drawn(rows: npt.NDArray[np.int64], share: float, of: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """A mask over `of` rows with `share` of them set, all among `rows`."""
    mask = np.zeros(of, bool)
    # Binomial: a share of ten rows is now none and now two, as with any other day's rows.
    count = min(rng.binomial(of, share), len(rows))
    mask[rng.permutation(rows)[:count]] = True
    return mask
