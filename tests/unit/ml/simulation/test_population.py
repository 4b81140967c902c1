"""Labels follow what the features became: what stays the same under each kind of drift stays the same."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from include.ml.data.arrays import to_numpy
from include.ml.simulation.changes import Change, Concept, Numbers, Prior
from include.ml.simulation.population import Labelled, Population, sample
from include.specs.dataset import Column, Dataset, Synthetic
from include.specs.model import ModelSpec

ROWS = 20_000
DATE = dt.date(2026, 3, 1)


def drawn(model: ModelSpec, *changes: Change, strength: float = 1.0) -> Labelled:
    rng = np.random.default_rng(5)
    population = Population(dataset=model.dataset, changes=changes, strength=strength, date=DATE, seed=4, rng=rng)
    return sample(population, ROWS)


def sizes(found: Labelled) -> np.ndarray:
    return to_numpy(found.drawn.values["size"])


def rate_where(found: Labelled, low: float, high: float) -> float:
    size = sizes(found)
    return float(found.positive[(size >= low) & (size < high)].mean())


@pytest.mark.parametrize(("share", "strength", "expected"), [(0.6, 1.0, 0.6), (0.05, 1.0, 0.05), (0.6, 0.5, 0.45)])
def test_another_prior_is_reached(toy: ModelSpec, share: float, strength: float, expected: float) -> None:
    """From 0.3, upwards and downwards; half of the way at half strength."""
    found = drawn(toy, Prior(share=share), strength=strength)
    assert found.drawn.rows == len(found.positive) == ROWS
    assert found.positive.mean() == pytest.approx(expected, abs=0.012)


def test_another_prior_leaves_each_class_as_it_was(toy: ModelSpec) -> None:
    """The features of the positives, and those of the negatives; together they move."""
    before, after = drawn(toy), drawn(toy, Prior(share=0.6))
    for positive in (True, False):
        of_class = [sizes(found)[found.positive == positive].mean() for found in (before, after)]
        assert of_class[1] == pytest.approx(of_class[0], abs=1)
    assert sizes(after).mean() > sizes(before).mean() + 5


def test_covariates_that_move_leave_the_concept_as_it_was(toy: ModelSpec) -> None:
    """Rows of one size are positive as often as before; there are more of them."""
    before, after = drawn(toy), drawn(toy, Numbers(column="size", shift=1.0))
    for low in (20, 45, 70, 90):
        assert rate_where(after, low, low + 5) == pytest.approx(rate_where(before, low, low + 5), abs=0.05)
    assert after.positive.mean() > before.positive.mean() + 0.15
    assert after.rate == pytest.approx(after.positive.mean(), abs=0.01)


def test_a_concept_that_turns_leaves_the_features_and_the_prior(toy: ModelSpec) -> None:
    """The same rows, as many positives, but among the small now."""
    before, after = drawn(toy), drawn(toy, Concept(column="size"))
    assert (sizes(after) == sizes(before)).all()
    assert after.positive.mean() == pytest.approx(before.positive.mean(), abs=0.012)
    small, large = ([rate_where(found, low, low + 20) for found in (before, after)] for low in (0, 80))
    assert (small[0], large[0]) == (pytest.approx(0.05, abs=0.05), pytest.approx(0.7, abs=0.1))
    assert (small[1], large[1]) == (pytest.approx(0.7, abs=0.1), pytest.approx(0.05, abs=0.05))


def test_without_strength_nothing_differs(toy: ModelSpec) -> None:
    """Whatever the changes are."""
    before = drawn(toy)
    for change in (Prior(share=0.6), Numbers(column="size", shift=1.0), Concept(column="size")):
        after = drawn(toy, change, strength=0.0)
        assert (after.positive == before.positive).all()
        assert (sizes(after) == sizes(before)).all()


def test_one_row_can_be_drawn(toy: ModelSpec) -> None:
    """Also of a class that is rare."""
    rng = np.random.default_rng(5)
    population = Population(
        dataset=toy.dataset, changes=(Prior(share=0.999),), strength=1.0, date=DATE, seed=4, rng=rng
    )
    assert sample(population, 1).drawn.rows == 1


def test_a_model_of_times_alone_has_days_too(toy: ModelSpec) -> None:
    """A time as the first feature, and no effect of any."""
    columns = (toy.dataset.id, Column(name="since", kind="timestamp"), toy.dataset.label)
    dataset = Dataset(columns=columns, positive="yes", synthetic=Synthetic(rows=1, base_rate=0.3))
    found = drawn(replace(toy, dataset=dataset))
    assert found.drawn.values["since"][0].as_py().startswith("2026-03-01T")
    assert found.positive.mean() == pytest.approx(0.3, abs=0.012)
