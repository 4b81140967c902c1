"""A body as SageMaker captured it: CSV and JSON as they were, all else in base64; here, text and what it is."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from dataclasses import dataclass
from typing import Any, Literal, cast

import pyarrow as pa
import pyarrow.compute as pc

from include.ml.capture.faults import BodyError
from include.ml.capture.layout import Cell

Form = Literal["csv", "json"]


@dataclass(frozen=True, kw_only=True)
class Body:
    """The text of a request or an answer."""

    text: str
    form: Form


def decoded(data: str, encoding: str | None, content_type: str | None) -> Body:
    """What `data` says.

    >>> decoded("MSwy", "BASE64", "text/csv; charset=utf-8")
    Body(text='1,2', form='csv')

    Raises:
        BodyError: an encoding that data capture does not have, no base64, or no text in it.
    """
    if encoding in ("CSV", "JSON"):
        return Body(text=data, form="csv" if encoding == "CSV" else "json")
    if encoding != "BASE64":
        raise BodyError("undecodable_body", "the encoding CSV, JSON or BASE64", encoding)
    try:
        text = base64.b64decode(data, validate=True).decode().removeprefix("\ufeff")
    except (binascii.Error, ValueError) as error:
        raise BodyError("undecodable_body", f"UTF-8 text in base64 ({error})", data) from error
    return Body(text=text, form=_form(text, content_type or ""))


def as_text(events: pa.Table) -> pa.Table:
    """`events` with the bodies in base64 as what they say, CSV or JSON; those that cannot be decoded as they are."""
    for side in ("input", "output"):
        if pc.any(pc.equal(events[f"{side}_encoding"], "BASE64")).as_py():
            names = (side, f"{side}_encoding", f"{side}_type")
            found = [_text(*body) for body in zip(*(events[name].to_pylist() for name in names), strict=True)]
            for name, values in zip(names, zip(*found, strict=True), strict=False):
                events = events.set_column(events.column_names.index(name), name, pa.array(values, pa.string()))
    return events


def _text(data: str, encoding: str | None, content_type: str | None) -> tuple[str, str | None]:
    if encoding != "BASE64":
        return data, encoding
    try:
        body = decoded(data, encoding, content_type)
    except BodyError:
        return data, encoding
    return body.text, body.form.upper()


def json_values(text: str) -> Any:
    """The value in `text`, or of JSON lines the list of their values.

    Raises:
        BodyError: it is neither.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        failure = error
    try:
        return [json.loads(line) for line in lines or [text]]
    except (ValueError, RecursionError):
        raise BodyError("undecodable_body", f"JSON or JSON lines ({failure})", text) from failure


def csv_rows(text: str) -> list[list[str]]:
    """The rows of `text`, blank lines left out.

    Raises:
        BodyError: a quote does not close where a cell ends.
    """
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise BodyError("undecodable_body", f"CSV ({error})", text) from error


def cell(value: Any) -> Cell:
    """A JSON value as the text that it would be in CSV.

    JSON has one kind of number: 1.0, as pandas writes the whole numbers of a column with blanks, is the level 1.

    >>> cell(1.0), cell(0.25), cell("No"), cell(None), cell(True)
    ('1', '0.25', 'No', None, 'true')

    Raises:
        BodyError: it is a list or an object, or text with half a character.
    """
    # By type, not isinstance: bool is an int to Python, and this runs for every cell of a day.
    kind = type(value)
    if value is None or (kind is str and (value.isascii() or _is_text(value))):
        return cast("Cell", value)
    if kind is float or kind is int:
        return repr(value).removesuffix(".0")
    if kind is bool:
        return "true" if value else "false"
    raise BodyError("wrong_cell", "text, a number, true, false or null", value)


def _is_text(value: str) -> bool:
    """Whether it can be written down: JSON allows half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _form(text: str, content_type: str) -> Form:
    for form in ("csv", "json"):
        if form in content_type:
            return "csv" if form == "csv" else "json"
    return "json" if text.lstrip()[:1] in ("{", "[") else "csv"
