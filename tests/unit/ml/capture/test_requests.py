"""What clients send: rows with and without names, wrapped or not; the same cells come out of each."""

import json

import pytest

from include.ml.capture.bodies import Body
from include.ml.capture.faults import BodyError
from include.ml.capture.requests import read
from tests.shared.captured import PLAN

# key, customer, size, colour, since, weight, note
CELLS = ("5", "red", "2026-01-01", "1.5", "hello")
LIST = [5, "red", "2026-01-01", 1.5, "hello"]
RECORD = dict(zip(("size", "colour", "since", "weight", "note"), LIST, strict=True))


def as_json(value: object) -> Body:
    return Body(text=json.dumps(value), form="json")


@pytest.mark.parametrize(
    "body",
    [
        Body(text=",".join(CELLS), form="csv"),
        Body(text=",".join(CELLS) + "\r\n", form="csv"),
        Body(text="note,size,colour,since,weight\nhello,5,red,2026-01-01,1.5", form="csv"),
        as_json(LIST),
        as_json([LIST]),
        as_json(RECORD),
        as_json([RECORD]),
        as_json({"instances": [LIST]}),
        as_json({"instances": [RECORD]}),
        as_json({"instances": [{"features": LIST}]}),
        as_json({"features": LIST}),
        as_json({"features": [LIST]}),
        as_json({"features": RECORD}),
    ],
)
def test_every_way_to_send_a_row_gives_the_same(body: Body) -> None:
    """CSV, TensorFlow's instances, SageMaker's features, records; once and twice."""
    found = read(body, PLAN)
    assert [*found.rows] == [(None, None, *CELLS)]
    assert found.unknown == {}


def test_a_body_has_as_many_rows_as_it_has() -> None:
    """In its order, as CSV and as JSON lines."""
    lines = "\n".join(json.dumps({"features": [size, *LIST[1:]]}) for size in (1, 2, 3))
    for body in (Body(text=lines, form="json"), Body(text="1,a,,,\n2,a,,,\n3,a,,,\n", form="csv")):
        assert [row[2] for row in read(body, PLAN).rows] == ["1", "2", "3"]


def test_names_bring_the_id_and_the_entity() -> None:
    """What no model sees is passed over; what the spec does not have is counted."""
    record = RECORD | {"key": 7, "customer": "c", "secret": "s", "left": "yes", "new": [1]}
    found = read(as_json([record, record]), PLAN)
    assert [*found.rows] == [("7", "c", *CELLS)] * 2
    assert found.unknown == {"new": 2}
    header = Body(text="size,colour,since,weight,note,new\n" + ",".join((*CELLS, "1")), form="csv")
    assert read(header, PLAN).unknown == {"new": 1}


def test_what_may_be_blank_may_be_absent() -> None:
    """In a row with names; a feature that may not be blank must be named."""
    record = {name: RECORD[name] for name in ("size", "colour", "since")}
    assert [*read(as_json(record), PLAN).rows] == [(None, None, *CELLS[:3], None, None)]
    del record["colour"]
    [fault] = read(as_json(record), PLAN).rows
    assert isinstance(fault, BodyError)
    assert (fault.reason, fault.expected) == ("wrong_columns", "the columns colour")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ([*LIST, 1], "wrong_columns"),
        (LIST[1:], "wrong_columns"),
        (5, "wrong_columns"),
        (RECORD | {"size": [1]}, "wrong_cell"),
    ],
)
def test_a_bad_row_costs_itself_alone(bad: object, reason: str) -> None:
    """The others of its request are read, in their places."""
    first, fault, last = read(as_json({"instances": [LIST, bad, LIST]}), PLAN).rows
    assert first == last == (None, None, *CELLS)
    assert isinstance(fault, BodyError)
    assert fault.reason == reason


def test_a_header_is_one_whatever_it_lacks() -> None:
    """Its rows are at fault for the column, not the answers for their number."""
    header = Body(text="colour,since,weight\nred,2026-01-01,1.5\n", form="csv")
    [fault] = read(header, PLAN).rows
    assert isinstance(fault, BodyError)
    assert (fault.reason, fault.expected) == ("wrong_columns", "the columns size")


def test_a_row_has_as_many_cells_as_its_header() -> None:
    """Fewer or more cannot be told apart."""
    header = Body(text="size,colour,since\n1,red\n1,red,2026-01-01\n1,red,2026-01-01,2\n", form="csv")
    short, good, long = read(header, PLAN).rows
    assert isinstance(good, tuple)
    assert all(isinstance(row, BodyError) and row.reason == "wrong_columns" for row in (short, long))


def test_a_row_that_names_one_column_is_no_header() -> None:
    """A level may be called as a column is."""
    assert [row[6] for row in read(Body(text="5,red,2026-01-01,1.5,size", form="csv"), PLAN).rows] == ["size"]


@pytest.mark.parametrize("body", [as_json([]), as_json({"instances": []}), Body(text="\n", form="csv")])
def test_a_request_asks_something(body: Body) -> None:
    """One without rows is none."""
    with pytest.raises(BodyError, match="at least one row"):
        read(body, PLAN)
