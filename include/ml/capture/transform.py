"""A batch transform's output as the same table: one line a row, the input first (join_source=Input).

The format is that of the SageMaker AI Developer Guide, "Associate Prediction Results with Input Records": to a line of
CSV the model's answer is appended; to a JSON object it is added as SageMakerOutput, and what is no object is put beside
it as SageMakerInput.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from include.ml.capture import envelope, joining
from include.ml.capture.faults import BodyError, Fault, fault
from include.ml.capture.joining import Part, Source
from include.ml.capture.layout import Layout, layout
from include.ml.capture.reading import Captured, gathered, together
from include.ml.capture.writing import csv_text
from include.specs.dataset import Dataset

INPUT, OUTPUT = "SageMakerInput", "SageMakerOutput"
_BODIES = ("input", "input_encoding", "output", "output_encoding")


def read_predictions(
    files: Sequence[Path], dataset: Dataset, at: dt.datetime, *, limit: float, positional: Sequence[str] | None = None
) -> Captured:
    """The rows of `files`, the `.out` files of one transform job. Each line is a request: `<file>#<line>`.

    Args:
        at: the inference time of all rows. limit: the largest share of lines that may be lost.
        positional: the columns of the job's input, in order, where its cells have no names; None for the features.

    Raises:
        DataContractError: more was lost. SpecError: a column of the data set has the name of one of the table's own.
    """
    found = layout(dataset, positional)
    root = os.path.commonpath([path.parent for path in files]) if files else ""
    sources = [
        Source(path=path, number=number, name=path.relative_to(root).as_posix())
        for number, path in enumerate(sorted(files, key=Path.as_posix))
    ]
    return gathered(
        ((source, _part(block, found, source, at)) for source in sources for block in envelope.blocks(source.path)),
        found,
        files=len(files),
        limit=limit,
    )


def _part(block: envelope.Block, layout: Layout, source: Source, at: dt.datetime) -> Part:
    events, faults = _events(block, layout, source, at)
    return together(joining.parts(events, layout, source), layout, faults)


def _events(block: envelope.Block, layout: Layout, source: Source, at: dt.datetime) -> tuple[pa.Table, list[Fault]]:
    """Each line as a request and its answer."""
    found: list[tuple[str, str, str, str]] = []
    lines: list[int] = []
    faults: list[Fault] = []
    for number, line in enumerate(block.content.split(b"\n"), start=block.first_line):
        if not line.strip():
            continue
        try:
            found.append(_parted(line, layout))
            lines.append(number)
        except BodyError as error:
            faults.append(fault(error, number))
    bodies = dict(zip(_BODIES, zip(*found, strict=True) if found else [()] * len(_BODIES), strict=True))
    columns = {
        **bodies,
        "event_id": [f"{source.name}#{line:09d}" for line in lines],
        "inference_time": pa.repeat(pa.scalar(at, pa.timestamp("us", "UTC")), len(lines)),
        "line": lines,
    }
    nothing = pa.nulls(len(lines), pa.string())
    schema = envelope.EVENTS
    return pa.table([columns.get(name, nothing) for name in schema.names], schema=schema), faults


def _parted(line: bytes, layout: Layout) -> tuple[str, str, str, str]:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise BodyError("undecodable_body", "UTF-8 text", line.decode(errors="replace")) from error
    return _json(text) if text.lstrip().startswith("{") else _csv(text, len(layout.positional))


def _csv(text: str, width: int) -> tuple[str, str, str, str]:
    if '"' not in text:
        cells = text.split(",")
        asked, said = ",".join(cells[:width]), ",".join(cells[width:])
    else:
        cells = _cells(text)
        asked, said = csv_text([cells[:width]]), csv_text([cells[width:]])
    if len(cells) <= width:
        raise BodyError("wrong_columns", f"{width} cells of the input and the answer", f"{len(cells)} cells: {text}")
    return asked, "CSV", said, "CSV"


def _cells(text: str) -> list[str]:
    try:
        return next(csv.reader([text]), [])
    except csv.Error as error:
        raise BodyError("undecodable_body", f"a line of CSV ({error})", text) from error


def _json(text: str) -> tuple[str, str, str, str]:
    try:
        value = json.loads(text)
        if OUTPUT not in value:
            raise BodyError("input_without_output", f"an object with {OUTPUT}, as join_source=Input makes it", text)
        said = value.pop(OUTPUT)
        return json.dumps(value.get(INPUT, value)), "JSON", json.dumps(said), "JSON"
    except (ValueError, RecursionError) as error:
        raise BodyError("not_json", f"a JSON object ({error})", text) from error
