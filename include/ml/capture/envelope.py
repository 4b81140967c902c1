"""A capture file's lines: which request each is, when it was, and its two bodies, not looked into yet.

The format is that of the SageMaker AI Developer Guide, "Capture data from real-time endpoint": JSON lines with
`captureData.endpointInput|endpointOutput` {observedContentType, mode, data, encoding}, `eventMetadata` {eventId,
inferenceTime, and where the client gave them inferenceId and customAttributes} and `eventVersion`.

Arrow reads a block of lines at once. It refuses the block for one bad line: then the block is halved, until the lines
around the bad one are few enough to be read one by one. A block that does not begin with an object is not shown to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from include.ml.capture.faults import BodyError, Fault, fault
from include.ml.data import cells
from include.ml.data.arrays import from_numpy, kept, one_chunk, to_numpy
from include.specs.capture import Reason
from include.specs.dataset import Column

BLOCK_BYTES = 2**24
FEW_LINES = 16
# Of all that Arrow reads: a block whose first value is `null` ends the process by a segmentation fault, and that is no
# exception (apache/arrow#47409). It refuses every other first value that is no object anyway.
_OBJECT_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")
_TIME = Column(name="inferenceTime", kind="timestamp", missing=True)
_SIDE = pa.struct([(name, pa.string()) for name in ("data", "encoding", "observedContentType")])
_METADATA = pa.struct([(name, pa.string()) for name in ("eventId", "inferenceId", "inferenceTime")])
_RECORD = pa.schema(
    [
        ("captureData", pa.struct([("endpointInput", _SIDE), ("endpointOutput", _SIDE)])),
        ("eventMetadata", _METADATA),
    ]
)
# Column of the events → where it lies in a record.
_PATHS = {
    "event_id": ("eventMetadata", "eventId"),
    "inference_id": ("eventMetadata", "inferenceId"),
    "inference_time": ("eventMetadata", "inferenceTime"),
    "input": ("captureData", "endpointInput", "data"),
    "input_encoding": ("captureData", "endpointInput", "encoding"),
    "input_type": ("captureData", "endpointInput", "observedContentType"),
    "output": ("captureData", "endpointOutput", "data"),
    "output_encoding": ("captureData", "endpointOutput", "encoding"),
    "output_type": ("captureData", "endpointOutput", "observedContentType"),
}
_READ = pa.schema([*((name, pa.string()) for name in _PATHS), ("line", pa.int64())])
EVENTS = _READ.set(_READ.get_field_index("inference_time"), pa.field("inference_time", cells.TIMESTAMP))


@dataclass(frozen=True, kw_only=True)
class Block:
    """Whole lines of a file, of which `first_line` is the number of the first."""

    first_line: int
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Events:
    """The requests in a block: in the columns of `EVENTS`."""

    table: pa.Table
    faults: tuple[Fault, ...]


def blocks(path: Path, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """The file's lines, some `size` bytes at a time."""
    first, rest = 1, b""
    with path.open("rb") as stream:
        while chunk := stream.read(size):
            whole, newline, rest_of_chunk = chunk.rpartition(b"\n")
            if not newline:
                rest += chunk
                continue
            content, rest = rest + whole + newline, rest_of_chunk
            yield Block(first_line=first, content=content)
            first += content.count(b"\n")
    if rest:
        yield Block(first_line=first, content=rest)


def read(block: Block) -> Events:
    """The requests in `block`; a line that is none, or has only one body, is a fault."""
    tables, faults = [], []
    for table, bad in _halves(block):
        tables.append(table)
        faults.extend(bad)
    checked = _checked(pa.concat_tables(tables))
    return Events(table=checked.table, faults=(*faults, *checked.faults))


def _halves(block: Block) -> Iterator[tuple[pa.Table, list[Fault]]]:
    table = _whole(block)
    if table is not None:
        yield table, []
        return
    cut = block.content.find(b"\n", len(block.content) // 2) + 1
    head = block.content[:cut]
    lines = head.count(b"\n")
    if lines <= FEW_LINES or cut == len(block.content):
        yield _line_by_line(block)
        return
    yield from _halves(Block(first_line=block.first_line, content=head))
    yield from _halves(Block(first_line=block.first_line + lines, content=block.content[cut:]))


def _whole(block: Block) -> pa.Table | None:
    """The block by Arrow's reader, None where that cannot read all of it or would not tell which line a row is."""
    content = block.content
    if not _OBJECT_FIRST.match(content):
        return None
    options = pa.json.ReadOptions(use_threads=False, block_size=len(content) + 1)
    parsing = pa.json.ParseOptions(explicit_schema=_RECORD, unexpected_field_behavior="ignore")
    try:
        content.decode()  # Arrow takes any bytes for text
        table = pa.json.read_json(pa.BufferReader(content), read_options=options, parse_options=parsing)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    if len(table) != content.count(b"\n") + (not content.endswith(b"\n")):
        return None
    columns = [pc.struct_field(table[path[0]], list(path[1:])) for path in _PATHS.values()]
    lines = from_numpy(np.arange(len(table), dtype=np.int64) + block.first_line, pa.int64())
    return pa.table([*columns, lines], schema=_READ)


def _line_by_line(block: Block) -> tuple[pa.Table, list[Fault]]:
    lines = block.content.split(b"\n")
    found: list[dict[str, Any]] = []
    faults = []
    for number, line in enumerate(lines, start=block.first_line):
        if not line.strip():
            continue
        try:
            found.append({**_flat(json.loads(line.decode())), "line": number})
        except BodyError as error:
            faults.append(fault(error, number))
        except (ValueError, RecursionError):
            # Whole lines end in a line feed: what follows the last of them is a line that somebody still writes.
            last = number == block.first_line + len(lines) - 1
            faults.append(_no_json(line, number, unfinished=last))
    return pa.Table.from_pylist(found, schema=_READ), faults


def _flat(record: Any) -> dict[str, str | None]:
    return {name: _text(record, path) for name, path in _PATHS.items()}


def _text(record: Any, path: tuple[str, ...]) -> str | None:
    value = record
    for depth, name in enumerate(path):
        if not isinstance(value, dict):
            raise BodyError("not_a_record", f"an object {'.'.join(path[:depth])} with {name}", value)
        value = value.get(name)
        if value is None:
            return None
    if not isinstance(value, str):
        raise BodyError("not_a_record", f"text as {'.'.join(path)}", value)
    value.encode()  # half of a surrogate pair is JSON, and no text
    return value


def _no_json(line: bytes, number: int, *, unfinished: bool) -> Fault:
    reason: Reason = "half_written" if unfinished else "not_json"
    expected = "the rest of the record and the end of the line" if unfinished else "one JSON object, in UTF-8"
    return fault(BodyError(reason, expected, line.decode(errors="replace")), number)


def _checked(table: pa.Table) -> Events:
    """The requests that have all that they need, their times as times."""
    times = cells.read(one_chunk(table["inference_time"]), _TIME)
    without_input, without_output = pc.is_null(table["input"]), pc.is_null(table["output"])
    lacks: list[tuple[Reason, str, pa.Array, str]] = [
        ("not_a_record", "an eventMetadata.eventId", pc.is_null(table["event_id"]), "event_id"),
        ("not_a_record", "an ISO 8601 time as eventMetadata.inferenceTime", pc.is_null(times.values), "inference_time"),
        ("not_a_record", "an endpointInput and an endpointOutput", pc.and_(without_input, without_output), "input"),
        ("input_without_output", "the endpointOutput of the endpointInput", without_output, "output"),
        ("output_without_input", "the endpointInput of the endpointOutput", without_input, "input"),
    ]
    good = np.ones(len(table), bool)
    faults = []
    for reason, expected, mask, column in lacks:
        bad = good & to_numpy(mask)
        for row in np.flatnonzero(bad).tolist():
            found = table[column][row].as_py()
            faults.append(fault(BodyError(reason, expected, found), table["line"][row].as_py()))
        good &= ~bad
    timed = table.set_column(EVENTS.get_field_index("inference_time"), "inference_time", times.values)
    return Events(table=kept(timed, good), faults=tuple(faults))
