"""The rows of a block's requests with their answers, body by body: reads all that can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.ml.capture import answers, bodies, requests
from include.ml.capture.answers import Answer
from include.ml.capture.faults import BodyError, Fault, fault
from include.ml.capture.layout import Cell, Layout
from include.ml.capture.requests import Request
from include.specs.dataset import Dataset

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The good rows of some requests.

    Args:
        event: (rows,) the request that each row came in. row: (rows,) its place among that one's.
        cells: column of the layout's inputs → (rows,) text.
        counts: (requests,) how many rows each had, good and bad; 0 where it could not be read.
        unknown: name that is no column of the spec → rows with it.
    """

    event: Integers
    row: Integers
    cells: Mapping[str, pa.Array]
    counts: Integers
    faults: Sequence[Fault] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What was said of every row, good or bad, of some requests: those of the first request, of the second, …

    Args:
        scores, called: (rows,) null where there is none.
        good: (rows,) whether there is an answer at all. read: (requests,) whether the output could be read.
    """

    scores: pa.Array
    called: pa.Array
    good: npt.NDArray[np.bool_]
    read: npt.NDArray[np.bool_]
    faults: Sequence[Fault] = ()


def asked(events: pa.Table, layout: Layout) -> Rows:
    """The rows in the inputs of `events`."""
    found: list[tuple[Cell, ...]] = []
    event, row, counts = [], [], []
    faults: list[Fault] = []
    unknown: Counter[str] = Counter()
    for number, (line, data, encoding, content_type) in enumerate(_bodies(events, "input")):
        request = _request(data, encoding, content_type, layout)
        if isinstance(request, BodyError):
            faults.append(fault(request, line))
            request = Request(rows=())
        counts.append(len(request.rows))
        unknown.update(request.unknown)
        for place, cells in enumerate(request.rows):
            if isinstance(cells, BodyError):
                faults.append(fault(cells, line))
                continue
            found.append(cells)
            event.append(number)
            row.append(place)
    columns = zip(*found, strict=True) if found else [()] * len(layout.names)
    return Rows(
        event=np.array(event, np.int64),
        row=np.array(row, np.int64),
        cells={name: pa.array(cells, pa.string()) for name, cells in zip(layout.names, columns, strict=True)},
        counts=np.array(counts, np.int64),
        faults=faults,
        unknown=unknown,
    )


def answered(events: pa.Table, counts: Integers, dataset: Dataset) -> Answers:
    """The answers in the outputs of `events`, whose inputs had `counts` rows; those with none are passed over."""
    said: list[Answer | BodyError] = []
    read: list[bool] = []
    faults: list[Fault] = []
    for rows, (line, data, encoding, content_type) in zip(counts.tolist(), _bodies(events, "output"), strict=True):
        found = _answers(data, encoding, content_type, rows, dataset)
        read.append(rows > 0 and not isinstance(found, BodyError))
        if isinstance(found, BodyError):
            faults.append(fault(found, line))
            said.extend([found] * rows)
        else:
            faults.extend(fault(one, line) for one in found if isinstance(one, BodyError))
            said.extend(found)
    return Answers(
        scores=pa.array([one.score if isinstance(one, Answer) else None for one in said], pa.float64()),
        called=pa.array([one.called if isinstance(one, Answer) else None for one in said], pa.string()),
        good=np.array([isinstance(one, Answer) for one in said], bool),
        read=np.array(read, bool),
        faults=faults,
    )


def _request(data: str, encoding: str | None, content_type: str | None, layout: Layout) -> Request | BodyError:
    try:
        return requests.read(bodies.decoded(data, encoding, content_type), layout)
    except BodyError as error:
        return error
    except RecursionError:
        return _too_deep(data)


def _answers(
    data: str, encoding: str | None, content_type: str | None, rows: int, dataset: Dataset
) -> Sequence[Answer | BodyError] | BodyError:
    if not rows:
        return ()
    try:
        return answers.read(bodies.decoded(data, encoding, content_type), rows, dataset)
    except BodyError as error:
        return error
    except RecursionError:
        return _too_deep(data)


def _too_deep(data: str) -> BodyError:
    """What Python's reader of JSON still takes may be too deep to be walked through."""
    return BodyError("undecodable_body", "JSON of a few levels", data)


def _bodies(events: pa.Table, side: str) -> Iterator[tuple[int, str, str | None, str | None]]:
    names = ("line", side, f"{side}_encoding", f"{side}_type")
    return zip(*(events[name].to_pylist() for name in names), strict=True)
