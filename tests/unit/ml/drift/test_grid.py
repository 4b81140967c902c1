"""Counts at the points of a grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from include.ml.drift.grid import CELLS, Counts, count, deciles_of, points_of, total

SAMPLES = arrays.arrays(np.float64, st.integers(1, 60), elements=st.integers(-8, 8).map(float))


@given(SAMPLES, SAMPLES)
def test_counts_are_those_of_a_loop(one: np.ndarray, other: np.ndarray) -> None:
    """Below each point and up to it, ties included."""
    points = points_of(np.sort(one))
    found = count(np.sort(other), points)
    assert found.below.tolist() == [int((other < point).sum()) for point in points]
    assert found.upto.tolist() == [int((other <= point).sum()) for point in points]


def test_no_cell_holds_more_than_its_share() -> None:
    """One part in CELLS of the baseline, whatever its shape: the error that a report states."""
    values = np.sort(np.random.default_rng(1).lognormal(sigma=3, size=100_000))
    found = count(values, points_of(values))
    assert (found.below[1:] - found.upto[:-1]).max() <= len(values) / CELLS
    assert found.below[0] == 0
    assert found.upto[-1] == len(values)


def test_few_values_are_all_points() -> None:
    """A grid finer than its sample knows everything about it."""
    values = np.sort(np.random.default_rng(1).normal(size=CELLS))
    assert points_of(values).tolist() == values.tolist()


def test_nothing_has_no_points() -> None:
    """A column that is all blank is no error here."""
    assert len(points_of(np.empty(0))) == 0


@pytest.mark.parametrize("rows", [10, 1_000, 54_321])
def test_deciles_are_points(rows: int) -> None:
    """Nine of them, each with a tenth of the baseline more at or below it."""
    values = np.sort(np.random.default_rng(rows).normal(size=rows))
    found = count(values, points_of(values))
    assert found.upto[deciles_of(found)].tolist() == [rows * tenth // 10 for tenth in range(1, 10)]


def test_samples_add_up() -> None:
    """Batches counted one by one are as good as all at once."""
    values = np.sort(np.random.default_rng(2).normal(size=999))
    points = points_of(values[::7])
    summed = total([count(np.sort(part), points) for part in np.array_split(values[::-1], 4)])
    whole = count(values, points)
    assert (summed.below.tolist(), summed.upto.tolist(), summed.total) == (
        whole.below.tolist(),
        whole.upto.tolist(),
        whole.total,
    )


def test_an_empty_sample_has_a_distribution_function_all_the_same() -> None:
    """Zero throughout: a column whose values all left has no division by zero."""
    assert Counts(below=np.array([0]), upto=np.array([0]), total=0).steps.tolist() == [0, 0, 0, 0]
