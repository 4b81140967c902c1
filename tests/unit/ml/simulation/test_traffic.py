"""A day is its seed's and its date's alone, and one without drift is as the made-up data that a model learns from."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy import stats

from include.ml.data import contract
from include.ml.data.arrays import to_numpy
from include.ml.data.landing import LandingFile
from include.ml.data.synthetic import synthesise
from include.ml.simulation.changes import Broken, Concept, Nulls, Numbers
from include.ml.simulation.scenario import Gradual, Scenario
from include.ml.simulation.traffic import Day, day
from include.specs import catalog
from include.specs.dataset import Column, Dataset
from include.specs.errors import SpecError
from include.specs.model import ModelSpec

DATE = dt.date(2026, 3, 1)
QUIET = Scenario()


def of(model: ModelSpec, scenario: Scenario = QUIET, *, index: int = 0, rows: int = 500, seed: int = 1) -> Day:
    date = DATE + dt.timedelta(days=index)
    return day(model.dataset, scenario, date=date, index=index, rows=rows, seed=seed)


def test_the_same_day_is_the_same(events: ModelSpec) -> None:
    """In every cell; another seed and another date make others, ids included."""
    scenario = Scenario(changes=(Nulls(column="size", share=0.2), Numbers(column="size", shift=0.5)))
    one, same, seed, date = (
        of(events, scenario, index=index, seed=seed) for index, seed in ((2, 1), (2, 1), (2, 2), (3, 1))
    )
    assert one == same
    for other in (seed, date):
        assert not set(one.ids.to_pylist()) & set(other.ids.to_pylist())
        assert not one.features.equals(other.features)


def test_a_day_before_the_drift_is_that_of_no_scenario(events: ModelSpec) -> None:
    """And what a drifted day does not say it changes, it leaves."""
    scenario = Scenario(changes=(Numbers(column="size", shift=0.5),), begins=3, onset=Gradual(days=2))
    assert of(events, scenario, index=2) == of(events, index=2)
    drifted, quiet = of(events, scenario, index=3), of(events, index=3)
    assert drifted.strength == 0.5
    assert not drifted.features["size"].equals(quiet.features["size"])
    assert drifted.features.drop_columns(["size"]).equals(quiet.features.drop_columns(["size"]))
    assert (drifted.ids, drifted.event_times) == (quiet.ids, quiet.event_times)


def test_a_concept_changes_labels_alone(events: ModelSpec) -> None:
    """Nobody sees it until they come."""
    turned, quiet = of(events, Scenario(changes=(Concept(column="size"),))), of(events)
    assert turned.labels != quiet.labels
    assert replace(turned, labels=quiet.labels, strength=quiet.strength) == replace(quiet)


def test_rows_come_in_the_order_of_the_clock(events: ModelSpec) -> None:
    """Within the day, UTC; labels are known after the event, within fifteen days."""
    found = of(events)
    times = found.event_times.to_pylist()
    assert times == sorted(times)
    assert {time.date() for time in times} == {DATE}
    delays = [
        (known - time) / dt.timedelta(days=1) for known, time in zip(found.label_times.to_pylist(), times, strict=True)
    ]
    assert 0 < min(delays) < 1
    assert 14 < max(delays) <= 15


@pytest.mark.parametrize("name", sorted(catalog.load()))
def test_features_are_those_of_the_spec(name: str) -> None:
    """In its order, with blanks where they are allowed, and every row passes the contract."""
    model = catalog.model(name)
    found = of(model, rows=2000)
    assert found.features.column_names == [column.name for column in model.dataset.features]
    label = replace(model.dataset.label, missing=False)
    columns = (model.dataset.id, *model.dataset.features, label)
    effects = model.dataset.synthetic
    dataset = Dataset(columns=columns, positive=model.dataset.positive, synthetic=effects)
    rows = found.features.append_column(dataset.id.name, found.ids).append_column(dataset.label.name, found.labels)
    assert contract.check([LandingFile(name="a day", rows=rows)], dataset).quarantined == {}
    blank = {column.name for column in model.dataset.features if found.features[column.name].null_count}
    assert blank == {column.name for column in model.dataset.features if column.missing}


def test_rows_that_come_twice_are_whole(events: ModelSpec) -> None:
    """The same key with the same cells, label and times."""
    found = of(events, Scenario(changes=(Broken(how="duplicated", share=0.5),)))
    rows = found.features.append_column("id", found.ids).append_column("label", found.labels)
    rows = rows.append_column("at", found.event_times).append_column("known", found.label_times)
    distinct = {tuple(row.values()) for row in rows.to_pylist()}
    assert len(rows) > 700
    assert len(distinct) == len(set(found.ids.to_pylist())) == 500


@pytest.mark.parametrize(("rows", "index", "message"), [(0, 0, "rows must be positive"), (1, -1, "index must be at")])
def test_no_day_is_made_of_nothing(rows: int, index: int, message: str, toy: ModelSpec) -> None:
    """The message says which number."""
    with pytest.raises(SpecError, match=message):
        day(toy.dataset, QUIET, date=DATE, index=index, rows=rows, seed=1)


def test_a_scenario_for_other_columns_is_refused(toy: ModelSpec) -> None:
    """Also on the days before it begins."""
    with pytest.raises(SpecError, match=r"nulls\.column must name a feature"):
        of(toy, Scenario(changes=(Nulls(column="height", share=0.1),), begins=5))


@pytest.mark.parametrize("name", sorted(catalog.load()))
def test_days_without_drift_are_drawn_from_what_a_model_learns_from(name: str) -> None:
    """Over 200 days, the p-values of two-sample tests of each feature and of the label are spread evenly."""
    model = catalog.model(name)
    dataset = model.dataset
    learnt = synthesise(dataset, rows=50_000, seed=7, until=DATE)
    days = [of(model, index=index, rows=400) for index in range(200)]
    for column in (*dataset.features, dataset.label):
        known = learnt[column.name].combine_chunks().drop_null()
        p_values = _p_values(known, [_values(of_day, column).drop_null() for of_day in days])
        assert stats.kstest(p_values, "uniform").pvalue > 0.001, column.name
        assert np.mean(np.array(p_values) < 0.05) < 0.11, column.name


def _values(of_day: Day, column: Column) -> pa.Array:
    return of_day.labels if column.role == "label" else of_day.features[column.name].combine_chunks()


def _p_values(known: pa.Array, days: list[pa.Array]) -> list[float]:
    if pa.types.is_floating(known.type):
        return [stats.ks_2samp(to_numpy(known), to_numpy(found), method="asymp").pvalue for found in days]
    level = pc.mode(pc.index_in(known, pc.unique(known)))[0]["mode"].as_py()
    name = pc.unique(known)[level]
    share = pc.mean(pc.equal(known, name)).as_py()
    rows = np.array([len(found) for found in days])
    counts = np.array([pc.sum(pc.equal(found, name)).as_py() for found in days])
    # A count takes few values, and so would its p-value: chance makes it even between them.
    even = np.random.default_rng(1).random(len(days))
    below = stats.binom.cdf(counts - 1, rows, share) + even * stats.binom.pmf(counts, rows, share)
    return list(2 * np.minimum(below, 1 - below))
