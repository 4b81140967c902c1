"""Traffic as SageMaker would have captured it: what a simulator or a test writes, and `read_capture` reads.

The record and the file's place are those of the SageMaker AI Developer Guide, "Capture data from real-time endpoint";
which body is kept as it is, and which in base64, is what the API reference says of CaptureContentTypeHeader.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hashlib
import io
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from include.ml.baseline.statistics import SCORE
from include.ml.capture.layout import CALLED, names_of
from include.specs import s3_layout
from include.specs.dataset import Dataset

Row = Mapping[str, Any]
Input = Literal["csv", "csv_with_header", "instances", "features", "records", "json_lines"]
Output = Literal["numbers", "one_line", "classes", "json_numbers", "probabilities", "objects"]


@dataclass(frozen=True, kw_only=True)
class Payload:
    """The body of a request or of an answer."""

    text: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer, at `time` (with an offset)."""

    event_id: str
    time: dt.datetime
    request: Payload
    answer: Payload
    inference_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How clients and the serving code talk, and what the endpoint's CaptureContentTypeHeader lists.

    Args:
        csv_types, json_types: content types whose bodies are kept as they are; those of the SageMaker SDK where None.
    """

    input: Input = "csv"
    output: Output = "numbers"
    csv_types: tuple[str, ...] = ("text/csv",)
    json_types: tuple[str, ...] = ("application/json",)


def write_capture(
    root: Path, table: pa.Table, dataset: Dataset, *, endpoint: str, dialect: Dialect | None = None
) -> tuple[Path, ...]:
    """Capture files below `root` for the rows of `table`, one for each variant and hour; their paths.

    Args:
        table: in the columns that `read_capture` gives; the rows of a request are neighbours.
    """
    spoken = dialect or Dialect()
    lines: dict[Path, list[bytes]] = {}
    for _, rows in groupby(table.to_pylist(), key=lambda row: (row["variant"], row["event_id"])):
        of_request = list(rows)
        exchange = _exchange(of_request, dataset, spoken)
        folder = s3_layout.capture_hour(endpoint, of_request[0]["variant"], exchange.time)
        lines.setdefault(root / folder, []).append(record(exchange, spoken))
    return tuple(_write(folder, content) for folder, content in lines.items())


def record(exchange: Exchange, dialect: Dialect) -> bytes:
    """The line of a capture file for `exchange`."""
    metadata = {"eventId": exchange.event_id}
    if exchange.inference_id is not None:
        metadata["inferenceId"] = exchange.inference_id
    metadata["inferenceTime"] = exchange.time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    captured = {
        "captureData": {
            "endpointInput": _captured(exchange.request, "INPUT", dialect),
            "endpointOutput": _captured(exchange.answer, "OUTPUT", dialect),
        },
        "eventMetadata": metadata,
        "eventVersion": "0",
    }
    return json.dumps(captured, separators=(",", ":")).encode() + b"\n"


def request(rows: Sequence[Row], dataset: Dataset, form: Input) -> Payload:
    """The body with which a client asks about `rows`. With names, it gives the id and the entity too."""
    features = names_of(dataset.features)
    named = (*names_of((dataset.id, *dataset.with_role("entity"))), *features)
    if form in ("csv", "csv_with_header"):
        header, names = ([list(named)], named) if form == "csv_with_header" else ([], features)
        return Payload(
            text=csv_text([*header, *([row[name] for name in names] for row in rows)]), content_type="text/csv"
        )
    lists = [[_plain(row[name]) for name in features] for row in rows]
    objects = [{name: _plain(row[name]) for name in named} for row in rows]
    if form == "json_lines":
        lines = (json.dumps({"features": row}) + "\n" for row in lists)
        return Payload(text="".join(lines), content_type="application/jsonlines")
    value = {"instances": {"instances": lists}, "features": {"features": lists}, "records": objects}[form]
    return Payload(text=json.dumps(value), content_type="application/json")


def answer(rows: Sequence[Row], form: Output) -> Payload:
    """The body in which an endpoint says the score of each of `rows`, and its class where the form has one."""
    scores = [row[SCORE] for row in rows]
    if form in ("numbers", "one_line", "classes"):
        cells = {
            "numbers": [[score] for score in scores],
            "one_line": [scores],
            "classes": [[row[CALLED], row[SCORE]] for row in rows],
        }
        return Payload(text=csv_text(cells[form]), content_type="text/csv; charset=utf-8")
    value = {
        "json_numbers": scores,
        "probabilities": {"predictions": [[1 - score, score] for score in scores]},
        "objects": {"predictions": [{"score": row[SCORE], "predicted_label": row[CALLED]} for row in rows]},
    }[form]
    return Payload(text=json.dumps(value), content_type="application/json")


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """`rows` as CSV, blank where None.

    >>> csv_text([[1.5, None, "a,b"], ["c", "d\\r", "e"]])
    '"1.5","","a,b"\\n"c","d\\r","e"\\n'
    """
    cells = [[_plain(cell) for cell in row] for row in rows]
    # A carriage return ends a line, and Python quotes it only where its own lines end in one.
    returns = any(isinstance(cell, str) and "\r" in cell for row in cells for cell in row)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL).writerows(cells)
    return text.getvalue()


def _exchange(rows: Sequence[Row], dataset: Dataset, dialect: Dialect) -> Exchange:
    return Exchange(
        event_id=rows[0]["event_id"],
        inference_id=rows[0]["inference_id"],
        time=rows[0]["inference_time"],
        request=request(rows, dataset, dialect.input),
        answer=answer(rows, dialect.output),
    )


def _captured(payload: Payload, mode: str, dialect: Dialect) -> dict[str, str]:
    media = payload.content_type.partition(";")[0]
    encoding, data = "BASE64", base64.b64encode(payload.text.encode()).decode()
    if media in (*dialect.csv_types, *dialect.json_types):
        encoding, data = "CSV" if media in dialect.csv_types else "JSON", payload.text
    return {"observedContentType": payload.content_type, "mode": mode, "data": data, "encoding": encoding}


def _plain(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, dt.datetime) else cell


def _write(folder: Path, lines: Sequence[bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = b"".join(lines)
    # SageMaker: <minute>-<second>-<millisecond>-<uuid>.jsonl; here, the same content always has the same name.
    path = folder / f"00-00-000-{uuid.UUID(hashlib.sha256(content).hexdigest()[:32])}.jsonl"
    path.write_bytes(content)
    return path
