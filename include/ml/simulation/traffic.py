"""A day of what a served model meets. The same seed and date give the same rows, however many days are asked for."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.ml.data import synthetic
from include.ml.data.arrays import from_numpy, one_chunk
from include.ml.data.cells import TIMESTAMP
from include.ml.data.synthetic import Integers
from include.ml.simulation import feed
from include.ml.simulation.population import Population, sample
from include.ml.simulation.scenario import Scenario
from include.specs.dataset import Dataset
from include.specs.errors import require

_SECOND_US = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Day:
    """The rows of a day in the order in which they came, each array as long as `features`.

    Args:
        strength: how much of the scenario's changes the day has, within [0, 1].
        features: what is sent to the model, in the spec's order, typed as a landing file is.
        ids: the rows' keys; a row that comes twice has the same key twice.
        label_times: when each label becomes known.
    """

    date: dt.date
    strength: float
    features: pa.Table
    ids: pa.Array
    labels: pa.Array
    event_times: pa.Array
    label_times: pa.Array


def day(dataset: Dataset, scenario: Scenario, *, date: dt.date, index: int, rows: int, seed: int) -> Day:
    """The day `date` (UTC), the `index`-th (from 0) of the scenario.

    Until the scenario begins, the rows are those of the same day without a scenario, and of the distribution that
    `synthesise` draws from.

    Args:
        rows: how many different ones there are.

    Raises:
        SpecError: the scenario cannot happen to this data set, or there is no such day.
    """
    require(rows > 0, "rows", "be positive", rows)
    require(index >= 0, "index", "be at least 0", index)
    scenario.check(dataset)
    changes, strength, of_day = scenario.changes, scenario.strength(index), day_seed(seed, date)
    # Drift has its own chance, so that what does not drift is as without it.
    of_world, of_feed = (np.random.default_rng([of_day, number]) for number in (1, 2))
    population = Population(dataset=dataset, changes=changes, strength=strength, date=date, seed=of_day, rng=of_world)
    labelled = sample(population, rows)
    drawn = labelled.drawn
    known_s = synthetic.label_known_s(drawn)
    table = synthetic.blanked(drawn.values, dataset, drawn.rng)
    features = feed.sent(table.select([column.name for column in dataset.features]), changes, strength, of_feed)
    by_time = np.argsort(drawn.happened_s, kind="stable")
    came = pa.array(by_time[feed.arrivals(rows, changes, strength, of_feed)])
    return Day(
        date=date,
        strength=strength,
        features=features.take(came).combine_chunks(),
        ids=one_chunk(table[dataset.id.name]).take(came),
        labels=synthetic.classes(labelled.positive, dataset).take(came),
        event_times=_moments(drawn.happened_s).take(came),
        label_times=_moments(known_s).take(came),
    )


def day_seed(seed: int, date: dt.date) -> int:
    """The seed of one day, below 2**64.

    >>> day_seed(1, dt.date(2026, 3, 1)) == day_seed(1, dt.date(2026, 3, 1)) != day_seed(1, dt.date(2026, 3, 2))
    True
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {date.isoformat()}".encode()).digest()[:8])


def _moments(seconds: Integers) -> pa.Array:
    return from_numpy(seconds * _SECOND_US, TIMESTAMP)
