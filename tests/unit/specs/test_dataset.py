"""A data set's description refuses what no file could satisfy."""

from dataclasses import replace
from typing import Any

import pytest

from include.specs import catalog
from include.specs.dataset import Column, Dataset, Synthetic
from include.specs.errors import SpecError

CHURN, FRAUD = catalog.model("churn").dataset, catalog.model("fraud").dataset


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"name": " ", "kind": "text"}, "columns.name must not be blank"),
        ({"name": "label is positive", "kind": "text"}, "must leave this name to the baseline's sample"),
        ({"name": "a", "kind": "number"}, r"columns\[a\]\.kind must be one of"),
        ({"name": "a", "kind": "text", "role": "target"}, r"columns\[a\]\.role must be one of"),
        ({"name": "a", "kind": "numeric", "role": "id"}, r"columns\[a\]\.kind must be id for the role id"),
        ({"name": "a", "kind": "text", "minimum": 0}, r"columns\[a\] must be numeric to have limits"),
        (
            {"name": "a", "kind": "numeric", "minimum": 2, "maximum": 1},
            r"columns\[a\]\.minimum must be at most maximum",
        ),
        ({"name": "a", "kind": "numeric", "levels": ("x",)}, r"columns\[a\] must be categorical to have levels"),
        ({"name": "a", "kind": "categorical", "levels": ()}, r"columns\[a\]\.levels must be a non-empty set"),
        ({"name": "a", "kind": "categorical", "levels": ("x", "x")}, r"columns\[a\]\.levels must be a non-empty set"),
    ],
)
def test_a_column_that_cannot_be_meant_is_refused(column: dict[str, Any], message: str) -> None:
    """By name and field."""
    with pytest.raises(SpecError, match=message):
        Column(**column)


def columns(*, without: str = "", extra: tuple[Column, ...] = ()) -> tuple[Column, ...]:
    return (*(column for column in CHURN.columns if column.role != without), *extra)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": columns(without="id")}, "exactly one id"),
        ({"columns": columns(without="label")}, "exactly one label"),
        ({"columns": columns(without="feature")}, "at least one feature"),
        ({"columns": columns(extra=(Column(name="gender", kind="text"),))}, r"distinct names, got \['gender'\]"),
        ({"columns": columns(extra=FRAUD.with_role("event_time") * 2)}, "distinct names"),
        ({"positive": "Maybe"}, r"dataset\.positive must be one of \('No', 'Yes'\), got 'Maybe'"),
        ({"quarantine_limit": 1.5}, r"quarantine_limit must be within \[0, 1\]"),
        ({"window_days": 0}, "window_days must be positive"),
        ({"synthetic": Synthetic(rows=1, base_rate=0.5, effects={"nonsense": 1.0})}, "effects must name columns"),
    ],
)
def test_a_data_set_that_cannot_be_meant_is_refused(changes: dict[str, Any], message: str) -> None:
    """With what came."""
    with pytest.raises(SpecError, match=message):
        replace(CHURN, **changes)


def test_a_label_has_two_classes() -> None:
    """Its levels are known beforehand."""
    label = replace(CHURN.label, levels=("No", "Yes", "Perhaps"))
    with pytest.raises(SpecError, match=r"label\.levels must be the two classes"):
        replace(CHURN, columns=columns(without="label", extra=(label,)))


@pytest.mark.parametrize("recipe", [{"rows": 0}, {"base_rate": 1.0}, {"missing_rate": 1.0}])
def test_a_recipe_that_cannot_be_followed_is_refused(recipe: dict[str, Any]) -> None:
    """As the others are."""
    with pytest.raises(SpecError, match=rf"dataset\.synthetic\.{next(iter(recipe))} must be"):
        Synthetic(**{"rows": 1, "base_rate": 0.5, **recipe})


def test_columns_are_found_by_role_and_by_name() -> None:
    """And one that is not there is refused with those that are."""
    assert (CHURN.id.name, CHURN.label.name, CHURN.negative, CHURN.event_time) == ("customerID", "Churn", "No", None)
    assert FRAUD.event_time is not None
    assert FRAUD.event_time.name == "EVENT_TIMESTAMP"
    assert isinstance(CHURN, Dataset)
    with pytest.raises(SpecError, match=r"must name one of .*'customerID'.*got 'nonsense'"):
        CHURN.column("nonsense")
