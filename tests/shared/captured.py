"""A data set with a column of each kind, and the capture folder of an endpoint that serves it."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.ml.capture.layout import layout
from include.ml.capture.reading import Captured, read_capture
from include.specs.dataset import Column, Dataset, Synthetic

DAY = (dt.datetime(2026, 3, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
GOOD = "5,red,2026-01-01,1.5,hello"


# Three features that must be there, two that may be blank; an entity, and a column that no model sees.
DATASET = Dataset(
    columns=(
        Column(name="key", kind="id", role="id"),
        Column(name="customer", kind="id", role="entity"),
        Column(name="size", kind="numeric", minimum=0, maximum=100),
        Column(name="colour", kind="categorical", levels=("red", "1")),
        Column(name="since", kind="timestamp"),
        Column(name="weight", kind="numeric", missing=True),
        Column(name="note", kind="text", missing=True),
        Column(name="secret", kind="text", role="ignored"),
        Column(name="left", kind="categorical", role="label", levels=("no", "yes")),
    ),
    positive="yes",
    synthetic=Synthetic(rows=1, base_rate=0.5),
)
PLAN = layout(DATASET)


def side(data: object, encoding: object = "CSV", content_type: str = "text/csv") -> dict[str, object]:
    """An endpointInput or endpointOutput."""
    return {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}


def line(asked: object = GOOD, said: object = "0.25", *, event: object = "e", **fields: Any) -> bytes:
    """A line of a capture file; `time` is the inference time, other `fields` replace those of the record."""
    sides = (asked if isinstance(asked, dict) else side(asked), said if isinstance(said, dict) else side(said))
    record = {
        "captureData": dict(zip(("endpointInput", "endpointOutput"), sides, strict=True)),
        "eventMetadata": {"eventId": event, "inferenceTime": fields.pop("time", "2026-03-01T12:00:00Z")},
        "eventVersion": "0",
    }
    return json.dumps(record | fields).encode() + b"\n"


def events(*bodies: tuple[str, str]) -> pa.Table:
    """Requests with (input, output), CSV both."""
    asked, said = zip(*bodies, strict=True)
    count = len(bodies)
    return pa.table(
        {
            "line": pa.array(range(1, count + 1), pa.int64()),
            "event_id": [f"e{number}" for number in range(count)],
            "inference_id": pa.nulls(count, pa.string()),
            "inference_time": pa.repeat(pa.scalar(DAY[0], pa.timestamp("us", "UTC")), count),
            "input": pa.array(asked, pa.string()),
            "input_encoding": ["CSV"] * count,
            "input_type": ["text/csv"] * count,
            "output": pa.array(said, pa.string()),
            "output_encoding": ["CSV"] * count,
            "output_type": ["text/csv"] * count,
        }
    )


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The capture files of an endpoint."""

    root: Path

    def put(self, *content: bytes, name: str = "a.jsonl", hour: str = "2026/03/01/12", variant: str = "main") -> Path:
        """Write a file into an hour's folder."""
        path = self.root / f"capture/toy-test/{variant}/{hour}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(content))
        return path

    def read(self, files: Sequence[Path] | None = None, *, limit: float = 1.0) -> Captured:
        """What the files hold of the day, all files where none are given."""
        found = list(self.root.rglob("*.jsonl")) if files is None else files
        return read_capture(found, DATASET, DAY, limit=limit)
