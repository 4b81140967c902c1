"""Each preset does to each model of the catalog what its name says, so much that it can be seen, and nothing else."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.ml.data.arrays import to_numpy
from include.ml.simulation.presets import PRESETS, preset
from include.ml.simulation.traffic import Day, day
from include.specs import catalog
from include.specs.dataset import Column, Dataset, Synthetic
from include.specs.errors import SpecError
from include.specs.model import ModelSpec

MODELS = sorted(catalog.load())
# Model → the number and the level set that matter most in its recipe, and which way positives lie.
NUMBER = {"churn": ("tenure", -1), "fraud": ("order_price", 1)}
LEVEL = {"churn": ("Contract", "Month-to-month"), "fraud": ("product_category", "shopping_net")}
ROWS = 5000
BEGINS = 4


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> ModelSpec:
    return catalog.model(request.param)


def drifted(model: ModelSpec, name: str, index: int = BEGINS) -> Day:
    scenario = preset(name, model.dataset, begins=BEGINS)
    date = dt.date(2026, 3, 1) + dt.timedelta(days=index)
    return day(model.dataset, scenario, date=date, index=index, rows=ROWS, seed=3)


def differing(model: ModelSpec, found: Day, index: int = BEGINS) -> set[str]:
    """The features that are not those of the day without drift."""
    quiet = drifted(model, "none", index).features
    sent = found.features
    return {name for name in quiet.column_names if name not in sent.column_names or sent[name] != quiet[name]}


def shift_sd(model: ModelSpec, found: Day, index: int = BEGINS) -> float:
    """By how many standard deviations the mean of the number that matters most has moved."""
    name, _ = NUMBER[model.name]
    before, after = (to_numpy(of.features[name]) for of in (drifted(model, "none", index), found))
    return float((after.mean() - before.mean()) / before.std())


def share(values: pa.ChunkedArray | pa.Array, level: str) -> float:
    return float(pc.mean(pc.equal(values, level)).as_py())


def positives(model: ModelSpec, found: Day) -> float:
    return share(found.labels, model.dataset.positive)


@pytest.mark.parametrize("name", PRESETS)
def test_nothing_happens_before_the_day_it_begins(name: str, model: ModelSpec) -> None:
    """From that day on something does, but for `none`."""
    assert drifted(model, name, BEGINS - 1) == drifted(model, "none", BEGINS - 1)
    assert (drifted(model, name) == drifted(model, "none")) == (name == "none")


def test_sudden_moves_what_matters_most_towards_the_positives(model: ModelSpec) -> None:
    """One number by 0.75 sd, one level by 20 points, at once; more rows are positive for it."""
    found, quiet = drifted(model, "sudden"), drifted(model, "none")
    (number, sign), (column, level) = NUMBER[model.name], LEVEL[model.name]
    assert differing(model, found) == {number, column}
    assert shift_sd(model, found) == pytest.approx(sign * 0.75, abs=0.05)
    assert share(found.features[column], level) - share(quiet.features[column], level) == pytest.approx(0.2, abs=0.02)
    assert positives(model, found) > positives(model, quiet) + 0.08


def test_gradual_comes_in_seven_steps_and_stays(model: ModelSpec) -> None:
    """The same drift as the sudden one in the end."""
    shifts = [abs(shift_sd(model, drifted(model, "gradual", index), index)) for index in (4, 7, 10, 20)]
    assert shifts == pytest.approx([0.75 / 7, 0.75 * 4 / 7, 0.75, 0.75], abs=0.05)


def test_seasonal_returns_each_week(model: ModelSpec) -> None:
    """It is gone on the seventh day, and there again after it."""
    strengths = [drifted(model, "seasonal", index).strength for index in range(BEGINS, BEGINS + 14)]
    assert strengths[6] == strengths[13] == pytest.approx(0, abs=1e-9)
    assert strengths[2] == strengths[9] == pytest.approx(0.95, abs=0.01)
    assert abs(shift_sd(model, drifted(model, "seasonal", BEGINS + 2), BEGINS + 2)) == pytest.approx(0.71, abs=0.05)


def test_spread_widens_a_number_and_leaves_its_mean(model: ModelSpec) -> None:
    """By half."""
    found = drifted(model, "spread")
    name, _ = NUMBER[model.name]
    before, after = (to_numpy(of.features[name]).std() for of in (drifted(model, "none"), found))
    assert differing(model, found) == {name}
    assert after / before == pytest.approx(1.5, abs=0.03)
    assert shift_sd(model, found) == pytest.approx(0, abs=0.05)


def test_prior_doubles_the_positives(model: ModelSpec) -> None:
    """The features follow: more rows look as positives do."""
    found = drifted(model, "prior")
    assert positives(model, found) == pytest.approx(2 * model.dataset.synthetic.base_rate, abs=0.02)
    assert shift_sd(model, found) * NUMBER[model.name][1] > 0.04


def test_concept_turns_what_the_labels_depend_on(model: ModelSpec) -> None:
    """Features and the share of positives are as before; the number that matters most says the opposite."""
    found, quiet = drifted(model, "concept"), drifted(model, "none")
    name, sign = NUMBER[model.name]
    before, after = (
        np.corrcoef(to_numpy(of.features[name]), to_numpy(pc.equal(of.labels, model.dataset.positive)))[0, 1]
        for of in (quiet, found)
    )
    assert differing(model, found) == set()
    assert positives(model, found) == pytest.approx(positives(model, quiet), abs=0.02)
    assert before * sign > 0.2
    assert after * sign < -0.2


def test_new_level_takes_five_points(model: ModelSpec) -> None:
    """Of a level that the spec and the made-up data do not have."""
    found = drifted(model, "new_level")
    column, _ = LEVEL[model.name]
    assert differing(model, found) == {column}
    assert share(found.features[column], "never seen") == pytest.approx(0.05, abs=0.012)


def test_nulls_rise_by_twenty_points(model: ModelSpec) -> None:
    """In a column that may be blank, if the model has one."""
    found, quiet = drifted(model, "nulls"), drifted(model, "none")
    (name,) = differing(model, found)
    assert name == {"churn": "TotalCharges", "fraud": "order_price"}[model.name]
    rise = (found.features[name].null_count - quiet.features[name].null_count) / ROWS
    assert rise == pytest.approx(0.2, abs=0.02)


def test_broken_feeds_break_what_matters_most(model: ModelSpec) -> None:
    """It is gone, blank, text, or in another unit; the labels are those of a feed that works."""
    name, _ = NUMBER[model.name]
    quiet = drifted(model, "none")
    found = {name: drifted(model, name) for name in ("broken", "all_null", "text", "unit")}
    assert all(differing(model, of) == {name} and of.labels == quiet.labels for of in found.values())
    assert name not in found["broken"].features.column_names
    assert found["all_null"].features[name].null_count == ROWS
    assert found["text"].features.schema.field(name).type == pa.string()
    ratio = to_numpy(found["unit"].features[name]) / np.maximum(to_numpy(quiet.features[name]), 1e-9)
    assert np.median(ratio) == pytest.approx(100)


def test_duplicated_sends_three_rows_in_ten_twice(model: ModelSpec) -> None:
    """No other rows come."""
    found = drifted(model, "duplicated")
    assert len(found.ids) == pytest.approx(1.3 * ROWS, rel=0.02)
    assert set(found.ids.to_pylist()) == set(drifted(model, "none").ids.to_pylist())


def test_a_name_that_is_none_is_refused(toy: ModelSpec) -> None:
    """With those there are."""
    with pytest.raises(SpecError, match=r"scenario must be one of \['all_null', .*'unit'\], got 'apocalypse'"):
        preset("apocalypse", toy.dataset, begins=0)


def test_a_preset_is_refused_where_no_column_fits(toy: ModelSpec) -> None:
    """A model of times alone has no number to move, and no level to add."""
    columns = (toy.dataset.id, Column(name="at", kind="timestamp"), toy.dataset.label)
    dataset = Dataset(columns=columns, positive="yes", synthetic=Synthetic(rows=1, base_rate=0.7))
    for name, message in (("sudden", "have a numeric or a categorical feature"), ("spread", "no numeric feature")):
        with pytest.raises(SpecError, match=message):
            preset(name, dataset, begins=0)
    assert preset("prior", dataset, begins=0).changes[0].share == pytest.approx(0.35)


def test_without_effects_the_first_column_drifts(toy: ModelSpec) -> None:
    """The pick is the same each time."""
    dataset = replace(toy.dataset, synthetic=Synthetic(rows=1, base_rate=0.3))
    number, level = preset("sudden", dataset, begins=0).changes
    assert (number.column, level.column, level.level) == ("size", "colour", "red")
