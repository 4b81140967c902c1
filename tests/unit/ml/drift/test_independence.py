"""Which captured rows count."""

import pyarrow as pa
import pytest

from include.ml.drift.independence import independent
from include.specs.catalog import load

CHURN, FRAUD = (load()[name].dataset for name in ("churn", "fraud"))


def captured(**columns: list) -> pa.Table:
    """Rows of requests of their own, by one variant, unless it is said otherwise."""
    rows = len(next(iter(columns.values())))
    own = {"event_id": [f"e{row}" for row in range(rows)], "row": [0] * rows, "variant": ["Live"] * rows}
    nobody = {name: [None] * rows for name in ("customerID", "EVENT_ID", "ENTITY_ID")}
    types = dict.fromkeys(("event_id", "variant", *nobody), pa.string())
    every = {**own, **nobody, **columns}
    return pa.table({name: pa.array(values, types.get(name)) for name, values in every.items()})


def test_of_an_id_the_last_row_counts() -> None:
    """Rows without one count each for itself."""
    found = independent(captured(customerID=["a", None, "b", "a", None]), CHURN, ["Live"])
    assert found.kept.tolist() == [False, True, True, True, True]
    assert (found.asked_again, found.answered_twice, found.without_entity) == (1, 0, 0)


@pytest.mark.parametrize(
    ("people", "kept", "without"),
    [
        (["x", "x", "y"], [False, True, True], 0),
        ([None, None, "y"], [True, True, True], 2),
        ([None, None, None], [True, True, True], 0),
    ],
)
def test_of_an_entity_the_newest_row_counts(people: list, kept: list[bool], without: int) -> None:
    """Rows without one count each for itself, and are counted where others have one."""
    found = independent(captured(ENTITY_ID=people), FRAUD, ["Live"])
    assert (found.kept.tolist(), found.without_entity) == (kept, without)


def test_a_row_that_two_variants_answered_counts_as_the_first_named_did() -> None:
    """Whichever comes first in the table; what only one of them answered counts as it is."""
    table = captured(
        event_id=["e1", "e1", "e2", "e1", "e3"],
        row=[0, 0, 0, 1, 0],
        variant=["Ahead", "Live", "Live", "Ahead", "Ahead"],
        customerID=["a", "a", "b", "c", "d"],
    )
    found = independent(table, CHURN, ["Live", "Ahead"])
    assert found.kept.tolist() == [False, True, True, True, True]
    assert (found.answered_twice, found.asked_again) == (1, 0)
    assert independent(table, CHURN, ["Ahead", "Live"]).kept.tolist() == [True, False, True, True, True]


def test_no_rows_are_none() -> None:
    """As on a day without traffic."""
    assert independent(captured(row=[]), FRAUD, ["Live"]).kept.tolist() == []
