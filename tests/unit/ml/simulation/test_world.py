"""Features drift by as much as the change says, and stay what they must be."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.ml.data.arrays import to_numpy
from include.ml.simulation import world
from include.ml.simulation.changes import Concept, MoreOf, NewLevel, Numbers
from include.specs.model import ModelSpec

ROWS = 20_000
UNIFORM = pa.array(np.random.default_rng(1).uniform(-10, 90, ROWS).round(2))
SD = 100 / np.sqrt(12)


def rng() -> np.random.Generator:
    return np.random.default_rng(2)


@pytest.mark.parametrize(
    ("change", "strength", "mean", "sd"),
    [
        (Numbers(column="size", shift=0.5), 1.0, 40 + SD / 2, SD),
        (Numbers(column="size", shift=-1.0), 0.5, 40 - SD / 2, SD),
        (Numbers(column="size", shift=0.2, unit="range"), 1.0, 60, SD),
        (Numbers(column="size", spread=1.5), 1.0, 40, SD * 1.5),
        (Numbers(column="size", spread=0.5), 1.0, 40, SD * 0.5),
        (Numbers(column="size", shift=0.4, spread=1.2), 0.5, 40 + SD * 0.2, SD * 1.1),
    ],
    ids=str,
)
def test_numbers_get_the_mean_and_the_spread(change: Numbers, strength: float, mean: float, sd: float) -> None:
    """Within their limits, and each keeps its rank."""
    found = to_numpy(world.moved(UNIFORM, (-10, 90), change, strength))
    assert (found.mean(), found.std()) == pytest.approx((mean, sd), abs=0.6)
    assert -10 <= found.min() < found.max() <= 90
    assert (np.diff(found[np.argsort(to_numpy(UNIFORM))]) >= 0).all()


def test_a_change_without_strength_leaves_numbers_as_they_are() -> None:
    """The uniform is a beta distribution too."""
    assert world.moved(UNIFORM, (-10, 90), Numbers(column="size", shift=1.0), 0.0).equals(UNIFORM)


def test_a_level_gains_points_from_all_others() -> None:
    """In proportion to what they had."""
    values = pa.array(["a", "b", "c", "c"] * 5000)
    found = world.with_level(values, "a", 0.3, rng())
    shares = [pc.mean(pc.equal(found, level)).as_py() for level in "abc"]
    assert shares == pytest.approx([0.55, 0.15, 0.3], abs=0.02)


def test_a_level_gains_no_more_than_there_is() -> None:
    """All rows have it then."""
    assert world.with_level(pa.array(["a"] * 90 + ["b"] * 10), "a", 0.5, rng()).to_pylist() == ["a"] * 100


def test_changes_add_up_and_touch_no_other_column(toy: ModelSpec) -> None:
    """Half of each at half strength."""
    values = {"size": pa.array([50.0] * 1000), "colour": pa.array(["red"] * 1000), "weight": pa.array([1.0] * 1000)}
    changes = (
        Numbers(column="size", shift=0.2, unit="range"),
        NewLevel(column="colour", share=0.4),
        MoreOf(column="colour", level="blue", points=0.4),
    )
    found = world.changed(values, toy.dataset, changes, 0.5, rng())
    assert found["weight"].equals(values["weight"])
    assert found["size"][0].as_py() > 55
    shares = {item["values"]: item["counts"] / 1000 for item in found["colour"].value_counts().to_pylist()}
    assert shares["never seen"] == pytest.approx(0.2 * 0.8, abs=0.05)
    assert shares["blue"] == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize(
    ("change", "strength", "effects"),
    [
        (Concept(column="size"), 1.0, {"size": -6.0, "colour": {"red": 1.0}}),
        (Concept(column="size"), 0.25, {"size": 3.0, "colour": {"red": 1.0}}),
        (Concept(column="colour", how="vanishes"), 0.5, {"size": 6.0, "colour": {"red": 0.5}}),
    ],
    ids=str,
)
def test_a_concept_is_another_recipe(
    change: Concept, strength: float, effects: dict[str, object], toy: ModelSpec
) -> None:
    """With its one effect turned or gone; the spec's own is left alone."""
    assert world.recipe(toy.dataset, (change,), strength).synthetic.effects == effects
    assert toy.dataset.synthetic.effects["size"] == 6.0
