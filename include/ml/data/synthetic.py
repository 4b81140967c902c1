"""Made-up data of a model's shape, for trying the system without any: a logistic model over the spec's columns.

It passes the contract and holds what real data holds: blanks, entities that return, names by the hundred, labels that
are not known yet. It never stands in for real data that is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

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
class _Drawn:
    """A column, and what it adds to the log-odds of the positive class in each row."""

    values: pa.Array
    log_odds: Floats | float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Source:
    """What the rows are drawn from."""

    dataset: Dataset
    rows: int
    seed: int
    end_s: int
    rng: np.random.Generator


def synthesise(dataset: Dataset, *, rows: int, seed: int, until: dt.date) -> pa.Table:
    """`rows` rows of made-up data: the spec's columns as a landing file has them, null where blank.

    The label follows a logistic model: the spec's effects added up, with the intercept that makes the expected share of
    the positive class the spec's base rate.

    Args:
        until: events happen in the 90 days before this date; where the spec has rows without label, those whose label
            would become known after it have none.
    """
    end_s = int(dt.datetime.combine(until, dt.time(), dt.UTC).timestamp())
    source = _Source(dataset=dataset, rows=rows, seed=seed, end_s=end_s, rng=np.random.default_rng(seed))
    happened_s = end_s - source.rng.integers(1, EVENT_DAYS * DAY_S, rows)
    drawn = {column.name: _draw(column, source, happened_s) for column in dataset.columns}
    positive = source.rng.random(rows) < _probability(drawn.values(), source)
    values = {name: item.values for name, item in drawn.items()} | _labels(source, positive, happened_s)
    return pa.Table.from_arrays(
        [_blanked(values[column.name], column, source) for column in dataset.columns], list(values)
    )


def _draw(column: Column, source: _Source, happened_s: Integers) -> _Drawn:
    effect = source.dataset.synthetic.effects.get(column.name, 0.0)
    if column.role == "id":
        return _Drawn(values=_numbered(f"{source.seed:x}-", source.rng.permutation(source.rows)))
    if column.role == "entity":
        return _Drawn(values=_numbered("entity-", _skewed(source.rows // ROWS_PER_ENTITY + 1, source)))
    if column.kind == "timestamp":
        return _Drawn(values=_moments(happened_s))
    if column.kind == "numeric":
        return _number(column, 0.0 if isinstance(effect, Mapping) else effect, source)
    if column.kind == "categorical":
        return _category(column, effect if isinstance(effect, Mapping) else {}, source)
    return _Drawn(values=_numbered(f"{column.name} ", source.rng.integers(0, source.rows, source.rows)))


def _number(column: Column, effect: float, source: _Source) -> _Drawn:
    low = 0.0 if column.minimum is None else column.minimum
    high = low + WIDTH if column.maximum is None else column.maximum
    share = source.rng.random(source.rows)
    return _Drawn(values=pa.array(np.round(low + share * (high - low), DECIMALS)), log_odds=effect * (share - 0.5))


def _category(column: Column, effects: Mapping[str, float], source: _Source) -> _Drawn:
    if column.levels is None:
        names = [*effects, *(f"{column.name} {number}" for number in range(LEVELS))]
        codes = _skewed(len(names), source)
    else:
        names = list(column.levels)
        codes = source.rng.integers(0, len(names), source.rows)
    of_level = np.array([effects.get(name, 0.0) for name in names])
    return _Drawn(values=_named(names, codes), log_odds=of_level[codes])


def _probability(columns: Iterable[_Drawn], source: _Source) -> Floats:
    """The positive class's probability in each row; its mean is the base rate, found by bisection of the intercept."""
    log_odds = np.zeros(source.rows) + sum(column.log_odds for column in columns)
    low, high = -50.0, 50.0
    for _ in range(40):
        intercept = (low + high) / 2
        above = _sigmoid(log_odds + intercept).mean() > source.dataset.synthetic.base_rate
        low, high = (low, intercept) if above else (intercept, high)
    return _sigmoid(log_odds + low)


def _labels(source: _Source, positive: npt.NDArray[np.bool_], happened_s: Integers) -> dict[str, pa.Array]:
    """The label, and when it became known; blank where that lies ahead and the spec has rows without label."""
    dataset = source.dataset
    known_s = happened_s + source.rng.integers(1, LABEL_DAYS * DAY_S, source.rows)
    ahead = pa.array((known_s >= source.end_s) & dataset.unlabelled)
    columns = {dataset.label.name: _named([dataset.negative, dataset.positive], positive.astype(np.int64))}
    columns |= {column.name: _moments(known_s) for column in dataset.with_role("label_time")}
    return {name: _null_where(ahead, values) for name, values in columns.items()}


def _blanked(values: pa.Array, column: Column, source: _Source) -> pa.Array:
    if not column.missing or column.role in ("label", "label_time"):
        return values
    return _null_where(pa.array(source.rng.random(source.rows) < source.dataset.synthetic.missing_rate), values)


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


def _sigmoid(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
