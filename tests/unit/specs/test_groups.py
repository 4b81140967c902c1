"""Groups that a specification declares."""

import math
from dataclasses import replace
from typing import Any

import pytest

from include.specs.catalog import load
from include.specs.errors import SpecError
from include.specs.groups import Fairness, Group

CHURN = load()["churn"]


def test_cuts_name_their_groups() -> None:
    """One cut makes two, and each row is in one."""
    assert Group(column="age", cuts=(30.0,)).names() == ("age < 30", "age >= 30")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Group(column="age", cuts=(2.0, 1.0)), r"fairness\.groups\[age\]\.cuts must ascend"),
        (lambda: Group(column="age", cuts=(1.0, 1.0)), "must ascend"),
        (lambda: Group(column="age", cuts=(math.nan,)), "must be finite"),
        (lambda: Fairness(groups=()), r"fairness\.groups must name at least one column"),
        (lambda: Fairness(groups=(Group(column="a"), Group(column="a"))), "name each column once"),
        (lambda: Fairness(groups=(Group(column="a"),), minimum_rows=0), r"fairness\.minimum_rows must be positive"),
    ],
)
def test_what_cannot_be_meant_is_refused(make: Any, message: str) -> None:
    """When it is made."""
    with pytest.raises(SpecError, match=message):
        make()


@pytest.mark.parametrize(
    "group", [Group(column="tenure"), Group(column="gender", cuts=(1.0,)), Group(column="Churn"), Group(column="age")]
)
def test_groups_are_of_features(group: Group) -> None:
    """Numbers need cuts, levels have none, and what no row of traffic has cannot be watched."""
    with pytest.raises(SpecError, match=r"fairness\.groups must name categorical features, and numeric ones with cuts"):
        replace(CHURN, fairness=Fairness(groups=(group,)))


def test_both_kinds_can_be_meant() -> None:
    """Levels of one feature, ranges of another."""
    groups = (Group(column="gender"), Group(column="tenure", cuts=(12.0, 48.0)))
    assert replace(CHURN, fairness=Fairness(groups=groups)).fairness == Fairness(groups=groups)
