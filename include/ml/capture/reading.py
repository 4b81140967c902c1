"""A day's data-capture files as one table: every row that the endpoint was asked about, with what it answered."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from include.ml.capture import deliveries, envelope, joining
from include.ml.capture.faults import Fault, counted, require_few
from include.ml.capture.joining import Part, Source
from include.ml.capture.layout import Layout, layout
from include.ml.data.arrays import kept, to_numpy
from include.specs import s3_layout
from include.specs.capture import CaptureReport
from include.specs.dataset import Dataset

Window = tuple[dt.datetime, dt.datetime]
# capture/<endpoint>/<variant>/YYYY/MM/DD/HH/<file>; a container may see a part of it.
_KEY = re.compile(r"(?:[^/]+/)?([^/]+)/\d{4}/\d{2}/\d{2}/\d{2}/[^/]+$")


@dataclass(frozen=True, kw_only=True)
class Captured:
    """The rows, ordered by time, request and place in it, in the columns of `Layout.schema`; and what was lost."""

    table: pa.Table
    report: CaptureReport


def read_capture(
    files: Sequence[Path], dataset: Dataset, window: Window, *, limit: float, positional: Sequence[str] | None = None
) -> Captured:
    """The requests of `files` whose inference time lies in `window`, whichever hour's folder they are in.

    SageMaker delivers minutes late, and a file that was begun before the window goes on in it: list some hours more
    than the window's, and the one before. What is no request, and so has no time, is counted unless its file was begun
    before the window. The order of `files` does not matter. A request that was delivered again counts once. No file, or
    no request in the window, gives an empty table.

    Args:
        window: start and end, each with an offset; the end is outside.
        limit: the largest share of requests, or of rows in those that can be read, that may be lost.
        positional: the columns of a row whose cells have no names, in order; None for the features.

    Raises:
        DataContractError: more was lost. SpecError: a column of the data set has the name of one of the table's own.
        ValueError: the window is none.
    """
    found = layout(dataset, positional)
    if not all(moment.tzinfo for moment in window) or window[0] >= window[1]:
        raise ValueError(
            f"expected a window of two moments with their offsets, the first before the second, got {window}"
        )
    sources = [source_of(path, number) for number, path in enumerate(sorted(files, key=Path.as_posix))]
    return gathered(
        ((source, _part(block, found, window, source)) for source in sources for block in envelope.blocks(source.path)),
        found,
        files=len(files),
        limit=limit,
    )


def source_of(path: Path, number: int) -> Source:
    """A capture file by its place: `…/<endpoint>/<variant>/YYYY/MM/DD/HH/<file>`. Elsewhere, no variant is known.

    >>> source_of(Path("capture/churn-prod/AllTraffic/2026/03/01/07/a.jsonl"), 0)
    Source(path=PosixPath('capture/churn-prod/AllTraffic/2026/03/01/07/a.jsonl'), number=0,
           name='churn-prod/AllTraffic/2026/03/01/07/a.jsonl', variant='AllTraffic',
           begun=datetime.datetime(2026, 3, 1, 7, 0, tzinfo=datetime.timezone.utc))
    """
    key = _KEY.search(path.as_posix())
    name, variant = (key[0], key[1]) if key else (path.name, None)
    begun = s3_layout.captured_in(path.as_posix())
    return Source(path=path, number=number, name=name, variant=variant, begun=begun)


def gathered(parts: Iterable[tuple[Source, Part]], layout: Layout, *, files: int, limit: float) -> Captured:
    """The rows of all `parts` in their order, without repeated deliveries, and the report of it.

    Raises:
        DataContractError: more than `limit` was lost.
    """
    tables, report = [joining.internal(layout).empty_table()], CaptureReport(files=files)
    for source, part in parts:
        tables.append(part.table)
        report = _added(report, part, source)
    ordered, duplicates = deliveries.once(_popped(tables))
    done = replace(report, rows=len(ordered), duplicates=duplicates, variants=_counts(ordered["variant"].drop_null()))
    require_few(done, limit)
    return Captured(table=ordered, report=done)


def _popped(tables: list[pa.Table]) -> pa.Table:
    """`tables` as one, and no longer there one by one: who lets go of a column of it frees that."""
    whole = pa.concat_tables(tables)
    tables.clear()
    return whole


def _added(report: CaptureReport, part: Part, source: Source) -> CaptureReport:
    return replace(
        report,
        requests=report.requests + part.requests,
        rows_read=report.rows_read + len(part.table),
        outside=report.outside + part.outside,
        bad=counted(report.bad, part.faults, source.name),
        unknown_columns=dict(Counter(report.unknown_columns) + Counter(part.unknown)),
    )


def together(parts: Sequence[Part], layout: Layout, faults: Sequence[Fault]) -> Part:
    """`parts` and the `faults` that were met before them as one."""
    return Part(
        table=pa.concat_tables([joining.internal(layout).empty_table(), *(part.table for part in parts)]),
        faults=[*faults, *(found for part in parts for found in part.faults)],
        requests=sum(part.requests for part in parts),
        unknown=sum((Counter(part.unknown) for part in parts), Counter()),
    )


def _counts(variants: pa.ChunkedArray) -> dict[str, int]:
    found = pc.value_counts(variants)
    return dict(sorted(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)))


def _part(block: envelope.Block, layout: Layout, window: Window, source: Source) -> Part:
    read = envelope.read(block)
    start, end = (pa.scalar(moment, pa.timestamp("us", "UTC")) for moment in window)
    times = read.table["inference_time"]
    inside = kept(read.table, to_numpy(pc.and_(pc.greater_equal(times, start), pc.less(times, end))))
    ours = source.begun is None or source.begun >= window[0]
    part = together(joining.parts(inside, layout, source), layout, read.faults if ours else ())
    return replace(part, outside=len(read.table) - len(inside))
