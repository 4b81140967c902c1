"""Made-up data of a model's shape, for trying the system without any: a logistic model over the spec's columns.

It passes the contract and holds what real data holds: blanks, entities that return, names by the hundred, labels that
are not known yet. It never stands in for real data that is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data.arrays import to_numpy
from include.specs.dataset import Column, Dataset

# What the spec leaves open: the width of a range, the levels of an open set, the rows of an entity, the days that
# events are spread over, and how many days it takes at most until a label is known.
WIDTH = 1000.0
LEVELS = 300
ROWS_PER_ENTITY = 8
EVENT_DAYS = 90
LABEL_DAYS = 15
DECIMALS = 2
DAY_S = 86_400
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Rows before anyone labels them, nothing blank yet.

    Args:
        values: of every column, in the spec's order; those of the label and its time mean nothing yet.
        happened_s: when each row's event happened, in seconds since 1970 (UTC).
        rng: the chance that what comes after is drawn from.
    """

    dataset: Dataset
    values: Mapping[str, pa.Array]
    happened_s: Integers
    rng: np.random.Generator

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.happened_s)


def synthesise(dataset: Dataset, *, rows: int, seed: int, until: dt.date) -> pa.Table:
    """`rows` rows of made-up data: the spec's columns as a landing file has them, null where blank.

    The label follows a logistic model: the spec's effects added up, with the intercept that makes the expected share of
    the positive class the spec's base rate.

    Args:
        until: events happen in the 90 days before this date; where the spec has rows without label, those whose label
            would become known after it have none.
    """
    drawn = draw(dataset, rows=rows, seed=seed, until=until, days=EVENT_DAYS)
    odds = log_odds(drawn.values, dataset)
    positive = drawn.rng.random(rows) < probability(odds + intercept(odds, dataset.synthetic.base_rate))
    values = {**drawn.values, **_labels(drawn, positive, _midnight_s(until))}
    return blanked(values, dataset, drawn.rng)


def draw(dataset: Dataset, *, rows: int, seed: int, until: dt.date, days: int) -> Drawn:
    """`rows` rows without labels, whose events happen in the `days` days before `until`."""
    rng = np.random.default_rng(seed)
    happened_s = _midnight_s(until) - rng.integers(1, days * DAY_S, rows)
    source = _Source(rows=rows, seed=seed, happened_s=happened_s, rng=rng)
    values = {column.name: _values(column, dataset, source) for column in dataset.columns}
    return Drawn(dataset=dataset, values=values, happened_s=happened_s, rng=rng)


def log_odds(values: Mapping[str, pa.Array], dataset: Dataset) -> Floats:
    """(rows,) what the spec's effects add to the log-odds of the positive class, without an intercept."""
    effects = dataset.synthetic.effects
    added = [_added(values[name], dataset.column(name), effect) for name, effect in effects.items()]
    return np.sum([np.zeros(len(next(iter(values.values())))), *added], axis=0)


def intercept(log_odds: Floats, base_rate: float) -> float:
    """What to add to the log-odds so that the positive class's mean probability is `base_rate`, found by bisection.

    >>> probability(intercept(np.zeros(3), 0.25) + np.zeros(3)).round(6).tolist()
    [0.25, 0.25, 0.25]
    """
    low, high = -50.0, 50.0
    for _ in range(40):
        middle = (low + high) / 2
        above = probability(log_odds + middle).mean() > base_rate
        low, high = (low, middle) if above else (middle, high)
    return low


def probability(log_odds: Floats) -> Floats:
    """Of the positive class, from its log-odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def label_known_s(drawn: Drawn) -> Integers:
    """When each row's label becomes known, in seconds since 1970 (UTC): within fifteen days of the event."""
    return drawn.happened_s + drawn.rng.integers(1, LABEL_DAYS * DAY_S, drawn.rows)


def blanked(values: Mapping[str, pa.Array], dataset: Dataset, rng: np.random.Generator) -> pa.Table:
    """`values` as a table, with the recipe's share of blank cells in the columns that allow them."""
    return pa.table({column.name: _blanked(values[column.name], column, dataset, rng) for column in dataset.columns})


def limits(column: Column) -> tuple[float, float]:
    """Between which a numeric column is drawn: the spec's own limits where it has them."""
    low = 0.0 if column.minimum is None else column.minimum
    return low, low + WIDTH if column.maximum is None else column.maximum


def level_names(column: Column, dataset: Dataset) -> list[str]:
    """The levels that a categorical column is drawn from."""
    if column.levels is not None:
        return list(column.levels)
    effect = dataset.synthetic.effects.get(column.name)
    return [*(effect if isinstance(effect, Mapping) else ()), *(f"{column.name} {number}" for number in range(LEVELS))]


def rounded(values: Floats) -> pa.Array:
    """Numbers as a landing file gives them."""
    return pa.array(np.round(values, DECIMALS))


def classes(positive: npt.NDArray[np.bool_], dataset: Dataset) -> pa.Array:
    """The label's level of each row."""
    return _named([dataset.negative, dataset.positive], positive.astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class _Source:
    """What a column's values are drawn from."""

    rows: int
    seed: int
    happened_s: Integers
    rng: np.random.Generator


def _midnight_s(date: dt.date) -> int:
    return int(dt.datetime.combine(date, dt.time(), dt.UTC).timestamp())


def _values(column: Column, dataset: Dataset, source: _Source) -> pa.Array:
    if column.role == "id":
        return _numbered(f"{source.seed:x}-", source.rng.permutation(source.rows))
    if column.role == "entity":
        return _numbered("entity-", _skewed(source.rows // ROWS_PER_ENTITY + 1, source))
    if column.kind == "timestamp":
        return _moments(source.happened_s)
    if column.kind == "numeric":
        low, high = limits(column)
        return rounded(low + source.rng.random(source.rows) * (high - low))
    if column.kind == "categorical":
        names = level_names(column, dataset)
        is_open = column.levels is None
        codes = _skewed(len(names), source) if is_open else source.rng.integers(0, len(names), source.rows)
        return _named(names, codes)
    return _numbered(f"{column.name} ", source.rng.integers(0, source.rows, source.rows))


def _added(values: pa.Array, column: Column, effect: float | Mapping[str, float]) -> Floats | float:
    """An effect in each row; none where it does not fit the column's kind."""
    if column.kind == "numeric" and not isinstance(effect, Mapping):
        low, high = limits(column)
        width = (high - low) or 1.0
        return np.asarray(effect * ((to_numpy(values) - low) / width - 0.5))
    if column.kind == "categorical" and isinstance(effect, Mapping):
        codes = to_numpy(pc.fill_null(pc.index_in(values, pa.array(list(effect), pa.string())), len(effect)))
        return np.asarray(np.array([*effect.values(), 0.0])[codes])
    return 0.0


def _labels(drawn: Drawn, positive: npt.NDArray[np.bool_], end_s: int) -> dict[str, pa.Array]:
    """The label, and when it became known; blank where that lies ahead and the spec has rows without label."""
    dataset = drawn.dataset
    known_s = label_known_s(drawn)
    ahead = pa.array((known_s >= end_s) & dataset.unlabelled)
    columns = {dataset.label.name: classes(positive, dataset)}
    columns |= {column.name: _moments(known_s) for column in dataset.with_role("label_time")}
    return {name: _null_where(ahead, values) for name, values in columns.items()}


def _blanked(values: pa.Array, column: Column, dataset: Dataset, rng: np.random.Generator) -> pa.Array:
    if not column.missing or column.role in ("label", "label_time"):
        return values
    return _null_where(pa.array(rng.random(len(values)) < dataset.synthetic.missing_rate), values)


def _null_where(mask: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(mask, pa.scalar(None, values.type), values)


def _skewed(kinds: int, source: _Source) -> Integers:
    """Numbers below `kinds`, the small ones more often, as a few customers and merchants are most of any trade."""
    return (kinds * source.rng.random(source.rows) ** 3).astype(np.int64)


def _named(names: Sequence[str], codes: Integers) -> pa.Array:
    return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string())).cast(pa.string())


def _numbered(prefix: str, numbers: Integers) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def _moments(seconds: Integers) -> pa.Array:
    return pc.strftime(pa.array(seconds).cast(pa.timestamp("s", "UTC")), format="%Y-%m-%dT%H:%M:%SZ")
