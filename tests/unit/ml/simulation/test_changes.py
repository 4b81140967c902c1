"""A change is refused where it cannot be meant, and where a data set has nothing that it could happen to."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from include.ml.simulation.changes import Broken, Change, Concept, MoreOf, NewLevel, Nulls, Numbers, Prior
from include.specs.errors import SpecError
from include.specs.model import ModelSpec

REFUSED: list[tuple[Callable[..., Change], dict[str, Any], str]] = [
    (Numbers, {"column": "size"}, "numbers must have a shift or a spread"),
    (Numbers, {"column": "size", "shift": float("nan")}, "numbers.shift must be finite"),
    (Numbers, {"column": "size", "shift": 1.0, "unit": "inch"}, "numbers.unit must be sd or range"),
    (Numbers, {"column": "size", "shift": 1.5}, "must leave the column within its range"),
    (Numbers, {"column": "size", "shift": -0.6, "unit": "range"}, "must leave the column within its range"),
    (Numbers, {"column": "size", "spread": 1.8}, "must leave the column within its range"),
    (Numbers, {"column": "size", "spread": 0.0}, "numbers.spread must be positive"),
    (MoreOf, {"column": "colour", "level": "red", "points": 20}, "more_of.points must be within (0, 1], got 20"),
    (NewLevel, {"column": "colour", "share": 0.0}, "new_level.share must be within (0, 1]"),
    (NewLevel, {"column": "colour", "share": 0.1, "level": " "}, "new_level.level must not be blank"),
    (Prior, {"share": 1.0}, "prior.share must be within (0, 1)"),
    (Concept, {"column": "size", "how": "fades"}, "concept.how must be turns or vanishes"),
    (Nulls, {"column": "size", "share": -0.1}, "nulls.share must be within (0, 1]"),
    (Broken, {"how": "late", "column": "size"}, "broken.how must be one of"),
    (Broken, {"how": "unit"}, "broken.column must name a feature"),
    (Broken, {"how": "duplicated", "column": "size"}, "broken.column must name a feature, or none for duplicated"),
    (Broken, {"how": "unit", "column": "size", "factor": 1}, "broken.factor must be positive, but not 1"),
    (Broken, {"how": "duplicated", "share": 2}, "broken.share must be within (0, 1]"),
]
STRANGERS = [
    (Numbers(column="colour", shift=0.5), "numbers.column must name a numeric feature, one of ['size', 'weight']"),
    (MoreOf(column="size", level="red", points=0.1), "more_of.column must name a categorical feature"),
    (MoreOf(column="colour", level="pink", points=0.1), "must be one of ('red', 'green', 'blue'): for another take"),
    (NewLevel(column="colour", share=0.1, level="red"), "new_level.level must be none of the spec's, got 'red'"),
    (Concept(column="weight"), "concept.column must name a column with an effect, one of ['colour', 'size']"),
    (Nulls(column="left", share=0.1), "nulls.column must name a feature, one of"),
    (Broken(how="text", column="colour"), "broken.column must name a numeric feature"),
    (Broken(how="missing", column="key"), "broken.column must name a feature"),
]
FITTING = [
    (Numbers(column="size", shift=1.4), "size: mean +1.4 sd"),
    (Numbers(column="size", shift=-0.2, unit="range"), "size: mean -0.2 of its range"),
    (Numbers(column="weight", spread=1.7), "weight: spread times 1.7"),
    (MoreOf(column="city", level="anywhere", points=0.1), "city: 10 points more of 'anywhere'"),
    (NewLevel(column="city", share=1.0), "city: 100% of a new level, 'never seen'"),
    (Prior(share=0.5), "50% of the rows positive"),
    (Concept(column="colour", how="vanishes"), "colour: its effect on the label vanishes"),
    (Nulls(column="size", share=1.0), "size: 100 points more blank"),
    (Broken(how="unit", column="size", factor=0.001), "size: 0.001 times what it was"),
    (Broken(how="all_null", column="city"), "city: blank in every row"),
    (Broken(how="missing", column="city"), "city: not sent"),
    (Broken(how="text", column="size"), "size: sent as text"),
    (Broken(how="duplicated", share=0.1), "10% of the rows sent twice"),
]


@pytest.mark.parametrize(("make", "fields", "message"), REFUSED)
def test_a_change_that_cannot_be_meant_is_refused(
    make: Callable[..., Change], fields: dict[str, Any], message: str
) -> None:
    """When it is made, with the field and what it takes."""
    with pytest.raises(SpecError, match=re.escape(message)):
        make(**fields)


@pytest.mark.parametrize(("change", "message"), STRANGERS)
def test_a_change_is_refused_by_a_data_set_that_it_cannot_happen_to(
    change: Change, message: str, toy: ModelSpec
) -> None:
    """With the columns that it could name."""
    with pytest.raises(SpecError, match=re.escape(message)):
        change.check(toy.dataset)


@pytest.mark.parametrize(("change", "words"), FITTING, ids=str)
def test_every_kind_of_change_can_happen(change: Change, words: str, toy: ModelSpec) -> None:
    """Up to its limits; and says what it does."""
    change.check(toy.dataset)
    assert change.words == words
