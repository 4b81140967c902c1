"""Bodies as SageMaker keeps them."""

import base64

import pytest

from include.ml.capture.bodies import Body, cell, csv_rows, decoded, json_values
from include.ml.capture.faults import BodyError


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "content_type", "form"),
    [
        ("1,é", "text/csv; charset=utf-8", "csv"),
        ("[1]", "application/json", "json"),
        ('{"a": 1}\n{"a": 2}', "application/jsonlines", "json"),
        (' {"a": 1}', "application/octet-stream", "json"),
        ("1,2", None, "csv"),
    ],
)
def test_base64_is_what_its_content_type_says(text: str, content_type: str | None, form: str) -> None:
    """Or, where that says nothing, what it looks like."""
    assert decoded(b64(text), "BASE64", content_type) == Body(text=text, form=form)


def test_the_encoding_is_believed() -> None:
    """SageMaker has decided by the endpoint's configuration; content types may be anything."""
    assert decoded("[1]", "JSON", "text/x-own").form == "json"
    assert decoded("[1]", "CSV", "text/x-own").form == "csv"


@pytest.mark.parametrize(
    ("data", "encoding"), [("%%%", "BASE64"), ("/w==", "BASE64"), ("MQ", "BASE64"), ("MQ==", "GZIP"), ("MQ==", None)]
)
def test_what_cannot_be_decoded_says_so(data: str, encoding: str | None) -> None:
    """No base64, no UTF-8 in it, or an encoding that nobody knows."""
    with pytest.raises(BodyError) as caught:
        decoded(data, encoding, "text/csv")
    assert caught.value.reason == "undecodable_body"


def test_json_lines_are_a_list() -> None:
    """Of one line too; an array over several lines is one value."""
    assert json_values('{"a": 1}\n\n{"a": 2}\n') == [{"a": 1}, {"a": 2}]
    assert json_values("[1,\n2]") == [1, 2]


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}\n{"a":', "[" * 100_000])
def test_half_of_json_is_no_json(text: str) -> None:
    """The fault says where it ends."""
    with pytest.raises(BodyError, match="undecodable_body"):
        json_values(text)


def test_csv_cells_may_hold_anything_in_quotes() -> None:
    """Commas, quotes and line ends; a quote that stays open is an error."""
    assert csv_rows('a,"b,""c""\r\nd"\r\n\r\n1,2\n') == [["a", 'b,"c"\r\nd'], ["1", "2"]]
    with pytest.raises(BodyError, match="undecodable_body"):
        csv_rows('a,"b')


@pytest.mark.parametrize("value", [[1], {"a": 1}, "\ud800"])
def test_what_is_no_cell_is_at_fault(value: object) -> None:
    """A cell holds one value, and text that can be written down."""
    with pytest.raises(BodyError, match="wrong_cell"):
        cell(value)


@pytest.mark.parametrize(
    ("value", "text"), [(10**20, "1" + "0" * 20), (-0.0, "-0"), (1e300, "1e+300"), (False, "false")]
)
def test_numbers_keep_their_value(value: object, text: str) -> None:
    """As text they are read back to the last bit."""
    assert cell(value) == text
