"""The table's columns, and text as values of their kinds: everything the model saw is kept."""

import datetime as dt
import math

import pyarrow as pa
import pytest

from include.ml.capture.layout import layout
from include.specs.errors import SpecError
from tests.shared.captured import DATASET, PLAN


def typed(**cells: list[str | None]) -> dict[str, list[object]]:
    rows = len(next(iter(cells.values())))
    columns = {name: pa.array(cells.get(name, [None] * rows), pa.string()) for name in PLAN.names}
    found = PLAN.typed(columns)
    return {name: values.to_pylist() for name, values in found.columns.items()} | {"faults": sorted(found.faults)}


def test_the_schema_is_the_request_the_inputs_and_the_answer() -> None:
    """Typed as the lake is; no label, nothing that the model does not see."""
    assert {field.name: str(field.type) for field in PLAN.schema} == {
        "event_id": "string",
        "row": "int64",
        "inference_id": "string",
        "inference_time": "timestamp[us, tz=UTC]",
        "variant": "string",
        "key": "string",
        "customer": "string",
        "size": "double",
        "colour": "string",
        "since": "timestamp[us, tz=UTC]",
        "weight": "double",
        "note": "string",
        "score": "double",
        "called": "string",
    }


def test_what_drift_must_see_is_kept() -> None:
    """Out of range, infinite, a new level, a blank where none may be."""
    found = typed(size=["101", "-inf", None, " "], colour=["green", "red", "", None])
    assert found["size"] == [101, -math.inf, None, None]
    assert found["colour"] == ["green", "red", None, None]
    assert found["faults"] == []


def test_nan_is_a_blank() -> None:
    """NumPy and pandas write one so."""
    assert typed(weight=["nan", "NaN", "1"])["weight"] == [None, None, 1]


def test_text_in_a_number_is_a_fault_of_its_row() -> None:
    """The first fault of a row is the one that counts; the other rows have their values."""
    found = typed(size=["1", "x", "y", "2"], since=["2026-01-01", "2026-01-01", "soon", "2026-01-01T01:00:00+02:00"])
    assert found["faults"] == [1, 2]
    assert found["size"][::3] == [1, 2]
    assert found["since"][3] == dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC)
    wrong = PLAN.typed({name: pa.array(["x"], pa.string()) for name in PLAN.names}).faults[0]
    assert (wrong.reason, wrong.expected, wrong.found) == ("wrong_cell", "a numeric value as size", "x")


def test_positional_rows_may_hold_more_than_features() -> None:
    """A transform job's input has its id in front, and perhaps the label."""
    found = layout(DATASET, ("key", "size", "colour", "left", "since", "weight", "note"))
    assert found.positioned(["k", "1", "red", "yes", "t", "2", "n"]) == ("k", None, "1", "red", "t", "2", "n")


def test_a_positional_name_that_the_data_set_does_not_have_is_refused() -> None:
    """Its cells would be nobody's."""
    with pytest.raises(SpecError, match="nobody"):
        layout(DATASET, ("nobody",))
