"""Rows with their labels, as the world makes them on one day, drifted or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.ml.data import synthetic
from include.ml.data.synthetic import Drawn, Integers
from include.ml.simulation import world
from include.ml.simulation.changes import Change, Prior
from include.specs.dataset import Dataset

# The world is the same each day: with an intercept from the day's own rows, positives would vary less than by chance.
CENSUS_ROWS = 2**16


@dataclass(frozen=True, kw_only=True)
class Population:
    """What a day's rows are drawn from.

    Args:
        strength: how much of the changes the day has, within [0, 1].
        seed: of everything that the day has in common with the same day without changes.
        rng: the chance that the changes are drawn from.
    """

    dataset: Dataset
    changes: Sequence[Change]
    strength: float
    date: dt.date
    seed: int
    rng: np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Rows, nothing blank yet, and which are positive; `rate` is the mean of their probabilities to be so."""

    drawn: Drawn
    positive: npt.NDArray[np.bool_]
    rate: float

    def only(self, rows: Integers) -> Labelled:
        """Some of its rows, by number."""
        values = {name: column.take(pa.array(rows)) for name, column in self.drawn.values.items()}
        drawn = replace(self.drawn, values=values, happened_s=self.drawn.happened_s[rows])
        return replace(self, drawn=drawn, positive=self.positive[rows])


def sample(population: Population, rows: int) -> Labelled:
    """`rows` rows with the share of positives that the day has."""
    prior = next((change for change in population.changes if isinstance(change, Prior)), None)
    if prior is None or population.strength == 0:
        return _labelled(population, rows)
    base = population.dataset.synthetic.base_rate
    share = base + (prior.share - base) * population.strength
    pool, chosen = rows, np.empty(0, np.int64)
    while len(chosen) < rows:
        pool *= 2
        found = _labelled(population, pool)
        chosen = _left(found, share, population.rng)
    return found.only(chosen[:rows])


def _left(found: Labelled, share: float, rng: np.random.Generator) -> Integers:
    """Rows that are left when so many of one class are refused, whatever their features, that `share` is positive."""
    odds = np.array([(1 - share) / (1 - found.rate), share / found.rate])
    return np.flatnonzero(rng.random(len(found.positive)) < (odds / odds.max())[found.positive.astype(np.int64)])


def _labelled(population: Population, rows: int) -> Labelled:
    dataset, strength = population.dataset, population.strength
    until = population.date + dt.timedelta(days=1)
    drawn = synthetic.draw(dataset, rows=rows, seed=population.seed, until=until, days=1)
    recipe = world.recipe(dataset, population.changes, strength)
    values = world.changed(drawn.values, dataset, population.changes, strength, population.rng)
    probability = synthetic.probability(synthetic.log_odds(values, recipe) + _intercept(recipe))
    positive = drawn.rng.random(rows) < probability
    return Labelled(drawn=replace(drawn, values=values), positive=positive, rate=float(probability.mean()))


def _intercept(recipe: Dataset) -> float:
    """The world's: of features before they drift, since what a label depends on does not move with them."""
    effects = recipe.synthetic.effects
    needed = {recipe.id.name, recipe.label.name, recipe.features[0].name, *effects}
    columns = tuple(column for column in recipe.columns if column.name in needed)
    anyone = synthetic.draw(
        replace(recipe, columns=columns),
        rows=CENSUS_ROWS,
        seed=recipe.synthetic.seed,
        until=dt.date(2000, 1, 1),
        days=1,
    )
    return synthetic.intercept(synthetic.log_odds(anyone.values, recipe), recipe.synthetic.base_rate)
