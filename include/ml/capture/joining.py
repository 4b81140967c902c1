"""Requests, their rows and their answers put together: some lines of a file as rows of the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from include.ml.baseline.statistics import SCORE
from include.ml.capture import bodies, columnar, rows
from include.ml.capture.faults import Fault, fault
from include.ml.capture.layout import CALLED, Layout
from include.ml.data.arrays import from_numpy, kept, to_numpy
from include.specs.capture import ROW_REASONS

# Which line of which file a row came from, until repeated deliveries are found by it.
RECORD = "record"
LINE_BITS = 32


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file: its place among the others, what messages call it, the variant that answered, and the hour in which it
    was begun."""

    path: Path
    number: int
    name: str
    variant: str | None = None
    begun: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """Good rows, in the columns of `internal`; what was lost; how many requests were read, and how many of others."""

    table: pa.Table
    faults: Sequence[Fault] = ()
    requests: int = 0
    outside: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)


def internal(layout: Layout) -> pa.Schema:
    """The table's schema, and where each row came from."""
    return layout.schema.append(pa.field(RECORD, pa.int64()))


def parts(events: pa.Table, layout: Layout, source: Source) -> list[Part]:
    """The rows of `events`: of those with plain bodies by column, of the others body by body."""
    text = bodies.as_text(events)
    plain = columnar.plain(text, layout)
    found = []
    for mask, by_column in ((plain, True), (~plain, False)):
        if mask.any():
            chosen = kept(text, mask).combine_chunks()
            asked = (columnar.asked(chosen, layout) if by_column else None) or rows.asked(chosen, layout)
            answered = columnar.answered(chosen, asked.counts) or rows.answered(chosen, asked.counts, layout.dataset)
            found.append(joined(chosen, asked, answered, layout, source))
    return found


def joined(events: pa.Table, asked: rows.Rows, answered: rows.Answers, layout: Layout, source: Source) -> Part:
    """The rows that have an answer, and in each column a value of its kind.

    Args:
        events: the requests: event_id, inference_id, inference_time, line.
    """
    place = np.cumsum(asked.counts)[asked.event] - asked.counts[asked.event] + asked.row
    typed = layout.typed(asked.cells)
    lines = to_numpy(events["line"])
    good = answered.good[place]
    wrong = [fault(error, int(lines[asked.event[row]])) for row, error in typed.faults.items() if good[row]]
    good[list(typed.faults)] = False
    event = asked.event[good]
    request = events.take(from_numpy(event, pa.int64()))
    said = from_numpy(place[good], pa.int64())
    columns = {
        **{name: request[name] for name in ("event_id", "inference_id", "inference_time")},
        "row": from_numpy(asked.row[good], pa.int64()),
        "variant": pa.repeat(pa.scalar(source.variant, pa.string()), len(event)),
        **dict(zip(typed.columns, kept(pa.table(typed.columns), good).columns, strict=True)),
        SCORE: answered.scores.take(said),
        CALLED: answered.called.take(said),
        RECORD: from_numpy(lines[event] + (source.number << LINE_BITS), pa.int64()),
    }
    schema = internal(layout)
    return Part(
        table=pa.table([columns[name] for name in schema.names], schema=schema),
        faults=[*_of_read(asked.faults, lines[~answered.read]), *answered.faults, *wrong],
        requests=int(answered.read.sum()),
        unknown=asked.unknown,
    )


def _of_read(faults: Sequence[Fault], lost: rows.Integers) -> list[Fault]:
    """Those of `faults` that were not lost with their whole request."""
    lines = set(lost.tolist())
    return [found for found in faults if found.reason not in ROW_REASONS or found.line not in lines]
