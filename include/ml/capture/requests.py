"""Inputs: the rows that a request's body asks the model about, as text cells in the layout's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.ml.capture.bodies import Body, cell, csv_rows, json_values
from include.ml.capture.faults import BodyError, writable
from include.ml.capture.layout import Cell, Layout

# What clients wrap their rows in: SageMaker's common data formats and TensorFlow Serving's.
WRAPPERS = ("instances", "features")
_NESTED = frozenset({list, dict})


@dataclass(frozen=True, kw_only=True)
class Request:
    """The rows of one body, in its order; in place of a row that cannot be read, why not."""

    rows: Sequence[tuple[Cell, ...] | BodyError]
    unknown: Mapping[str, int] = field(default_factory=dict)


def read(body: Body, layout: Layout) -> Request:
    """The rows in `body`.

    Raises:
        BodyError: it is not what its form says, or holds no row.
    """
    request = (_csv if body.form == "csv" else _json)(body.text, layout)
    if not request.rows:
        raise BodyError("undecodable_body", "at least one row", body.text)
    return request


def _csv(text: str, layout: Layout) -> Request:
    rows = csv_rows(text)
    if not rows or not _is_header(rows[0], layout):
        return Request(rows=[_positioned(row, layout) for row in rows])
    header = [name.strip() for name in rows[0]]
    unknown = dict.fromkeys((name for name in header if name not in layout.known), len(rows) - 1)
    return Request(rows=[_under(header, row, layout) for row in rows[1:]], unknown=unknown)


def _is_header(row: Sequence[str], layout: Layout) -> bool:
    """Whether the first line of a CSV body names the columns: most of its cells are names of some."""
    return 2 * sum(name.strip() in layout.known for name in row) > len(row)


def _under(header: Sequence[str], row: Sequence[str], layout: Layout) -> tuple[Cell, ...] | BodyError:
    if len(row) != len(header):
        expected = f"{len(header)} cells, as the header has"
        return BodyError("wrong_columns", expected, f"{len(row)} cells: {', '.join(row)}")
    return _named(dict(zip(header, row, strict=True)), layout)


def _json(text: str, layout: Layout) -> Request:
    rows = _records(json_values(text), layout)
    unknown: dict[str, int] = {}
    for row in rows:
        for name in row if isinstance(row, dict) else ():
            if name not in layout.known:
                told = writable(name)
                unknown[told] = unknown.get(told, 0) + 1
    return Request(rows=[_record(row, layout) for row in rows], unknown=unknown)


def _records(value: Any, layout: Layout) -> list[Any]:
    """The rows in a JSON value: lists of cells, or objects by name.

    >>> from include.specs.catalog.churn import MODEL
    >>> layout = Layout(dataset=MODEL.dataset, positional=("tenure", "gender"))
    >>> for value in ({"instances": [{"features": [1, "Male"]}]}, {"features": [1, "Male"]}, [[1, "Male"]]):
    ...     _records(value, layout)
    [[1, 'Male']]
    [[1, 'Male']]
    [[1, 'Male']]
    """
    if isinstance(value, dict):
        wrapper = next((name for name in WRAPPERS if name in value and name not in layout.known), None)
        return [value] if wrapper is None else _records(value[wrapper], layout)
    if value == []:
        return []
    if isinstance(value, list) and not _NESTED.isdisjoint(map(type, value)):
        return [row for item in value for row in (_records(item, layout) if isinstance(item, list | dict) else [item])]
    return [value]


def _record(row: Any, layout: Layout) -> tuple[Cell, ...] | BodyError:
    try:
        if isinstance(row, dict):
            return layout.named({name: cell(row[name]) for name in row if name in layout.known})
        if isinstance(row, list):
            return layout.positioned([cell(value) for value in row])
    except BodyError as error:
        return error
    return BodyError("wrong_columns", "a list of cells, or an object by column name", row)


def _named(row: Mapping[str, Cell], layout: Layout) -> tuple[Cell, ...] | BodyError:
    try:
        return layout.named(row)
    except BodyError as error:
        return error


def _positioned(row: Sequence[Cell], layout: Layout) -> tuple[Cell, ...] | BodyError:
    try:
        return layout.positioned(row)
    except BodyError as error:
        return error
