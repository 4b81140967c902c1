"""A data set's description refuses what no file could satisfy."""

import math
from dataclasses import replace
from typing import Any

import pytest

from include.ml.baseline.statistics import SCORE
from include.ml.capture.joining import internal
from include.ml.capture.layout import layout
from include.ml.data.contract import REASON, SURPLUS
from include.ml.data.preprocessing import COMPARABLE
from include.specs import catalog
from include.specs.dataset import LABEL_IS_POSITIVE, RESERVED, Column, Dataset, Kind, Role, Synthetic
from include.specs.errors import SpecError

CHURN, FRAUD = catalog.model("churn").dataset, catalog.model("fraud").dataset


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"name": " ", "kind": "text"}, "columns.name must not be blank"),
        ({"name": "a", "kind": "number"}, r"columns\[a\]\.kind must be one of"),
        ({"name": "a", "kind": "text", "role": "target"}, r"columns\[a\]\.role must be one of"),
        ({"name": "a", "kind": "numeric", "role": "id"}, r"columns\[a\]\.kind must be id for the role id"),
        ({"name": "a", "kind": "text", "minimum": 0}, r"columns\[a\] must be numeric to have limits"),
        (
            {"name": "a", "kind": "numeric", "minimum": 2, "maximum": 1},
            r"columns\[a\]\.minimum must be at most maximum",
        ),
        ({"name": "a", "kind": "numeric", "levels": ("x",)}, r"columns\[a\] must be categorical to have levels"),
        ({"name": "a", "kind": "numeric", "minimum": math.nan}, r"columns\[a\]\.minimum, maximum must be finite"),
        ({"name": "a", "kind": "numeric", "maximum": math.inf}, r"columns\[a\]\.minimum, maximum must be finite"),
        ({"name": "a", "kind": "categorical", "levels": ()}, r"columns\[a\]\.levels must be a tuple of distinct"),
        ({"name": "a", "kind": "categorical", "levels": ("x", "x")}, r"columns\[a\]\.levels must be a tuple of dist"),
        ({"name": "a", "kind": "categorical", "levels": "Yes"}, r"columns\[a\]\.levels must be a tuple .*got 'Yes'"),
        ({"name": "a", "kind": "categorical", "levels": (0, 1)}, r"columns\[a\]\.levels must be .* texts.*\(0, 1\)"),
        ({"name": "a", "kind": "categorical", "levels": ("x", " ")}, r"columns\[a\]\.levels must .*none .* blank"),
        ({"name": "a", "kind": "id", "role": "id", "missing": True}, r"columns\[a\]\.missing must be False for .* id"),
        (
            {"name": "a", "kind": "timestamp", "role": "event_time", "missing": True},
            r"columns\[a\]\.missing must be False for the role event_time",
        ),
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
        ({"when_absent": "explode"}, r"when_absent must be one of \('fail', 'skip'\), got 'explode'"),
        ({"landing_wait_h": -1}, r"landing_wait_h must be within \[0, 48\], got -1"),
        ({"landing_wait_h": 49}, r"landing_wait_h must be within \[0, 48\], got 49"),
        ({"landing_wait_h": math.nan}, r"landing_wait_h must be within \[0, 48\], got nan"),
        ({"unlabelled": True}, r"columns\[Churn\]\.missing must be True where dataset\.unlabelled is, got False"),
        (
            {"columns": columns(without="label", extra=(replace(CHURN.label, missing=True),))},
            r"dataset\.unlabelled must be True, since the label Churn may be blank.*, got False",
        ),
        ({"label_delay_days": -1}, "label_delay_days must be at least 0"),
        ({"synthetic": Synthetic(rows=1, base_rate=0.5, effects={"nonsense": 1.0})}, "effects must name columns"),
    ],
)
def test_a_data_set_that_cannot_be_meant_is_refused(changes: dict[str, Any], message: str) -> None:
    """With what came."""
    with pytest.raises(SpecError, match=message):
        replace(CHURN, **changes)


@pytest.mark.parametrize(
    ("name", "kind", "role", "holds"),
    [
        ("score", "numeric", "feature", "what the model answered"),
        ("record", "id", "entity", "which captured request a row came in"),
        ("comparable", "timestamp", "event_time", "which rows of the hold-out"),
        ("label is positive", "categorical", "feature", "the label in a baseline's sample"),
        ("_reason", "text", "ignored", "why a row is in quarantine"),
    ],
)
def test_a_name_that_the_project_needs_itself_is_refused(name: str, kind: Kind, role: Role, holds: str) -> None:
    """When the file is imported, not after a training; with what is kept under it and what to do."""
    wanted = rf"columns\[{name}\]\.name must be another, here and in the landing files: .*{holds}.*, got '{name}'"
    with pytest.raises(SpecError, match=wanted):
        replace(CHURN, columns=columns(extra=(Column(name=name, kind=kind, role=role),)))


def test_an_ignored_column_may_be_called_as_it_is() -> None:
    """It is in no table that has columns of ours, but for the quarantine's."""
    replace(CHURN, columns=columns(extra=(Column(name="score", kind="numeric", role="ignored"),)))


def test_every_name_that_the_project_adds_is_reserved() -> None:
    """To what captured traffic becomes, to hold-out, baseline and quarantine; and no other is."""
    plan = layout(CHURN)
    added = {*internal(plan).names} - {*plan.names} | {SCORE, LABEL_IS_POSITIVE, COMPARABLE, REASON, SURPLUS}
    assert added == {name for reserved in RESERVED for name in reserved.names}


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
