"""A scenario begins on its day, comes as its onset says, and refuses what cannot be meant."""

import re
from collections.abc import Callable

import pytest

from include.ml.simulation.changes import Broken, Nulls, Prior
from include.ml.simulation.scenario import Gradual, Onset, Scenario, Seasonal, Sudden
from include.specs.errors import SpecError
from include.specs.model import ModelSpec


@pytest.mark.parametrize(
    ("onset", "strengths"),
    [
        (Sudden(), [0, 0, 0, 1, 1, 1, 1, 1]),
        (Gradual(days=2), [0, 0, 0, 0.5, 1, 1, 1, 1]),
        (Seasonal(period_days=4), [0, 0, 0, 0.5, 1, 0.5, 0, 0.5]),
    ],
    ids=str,
)
def test_nothing_changes_before_a_scenario_begins(onset: Onset, strengths: list[float]) -> None:
    """Then it comes at once, in steps, or as a wave that returns."""
    scenario = Scenario(changes=(Prior(share=0.5),), begins=3, onset=onset)
    assert [scenario.strength(index) for index in range(8)] == pytest.approx(strengths)


def test_without_changes_there_is_nothing_to_come() -> None:
    """On no day."""
    assert Scenario().strength(5) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Scenario(begins=-1), "scenario.begins must be at least 0, got -1"),
        (lambda: Gradual(days=0), "gradual.days must be positive"),
        (lambda: Seasonal(period_days=1), "seasonal.period_days must be at least 2"),
        (
            lambda: Scenario(changes=(Prior(share=0.1), Prior(share=0.2))),
            "scenario.changes must have at most one prior",
        ),
        (
            lambda: Scenario(changes=(Broken(how="duplicated"),), onset=Gradual(days=3)),
            "scenario.onset must be sudden: feeds break",
        ),
    ],
)
def test_a_scenario_that_cannot_be_meant_is_refused(make: Callable[[], object], message: str) -> None:
    """When it is made."""
    with pytest.raises(SpecError, match=re.escape(message)):
        make()


def test_a_scenario_is_refused_where_one_of_its_changes_is(toy: ModelSpec) -> None:
    """Whichever it is."""
    good, bad = Nulls(column="size", share=0.1), Nulls(column="height", share=0.1)
    with pytest.raises(SpecError, match="got 'height'"):
        Scenario(changes=(good, bad)).check(toy.dataset)
