"""Labels as they come: late, again, and sometimes taken back. Of each id, the newest that was known in time, and which
predictions were made early enough for it to be theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.ml.data import cells
from include.ml.data.arrays import from_numpy, one_chunk, to_numpy
from include.ml.evaluation.predictions import Booleans
from include.specs.dataset import Column, Dataset
from include.specs.errors import DataContractError
from include.specs.performance import BadLabels, LabelFault, LabelsReport

ID, LABEL, TIME = "id", "label", "label_time"
# Microseconds since 1970 (UTC), as `cells.TIMESTAMP` counts them.
Moments = npt.NDArray[np.int64]
DAY_US = 86_400_000_000
# What came is quoted no longer than this.
QUOTED = 80


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What is known of each id.

    Args:
        ids: each once. positive: (ids,) True where its newest label is the positive one.
        latest: (ids,) the last moment at which a prediction can have been made whose label that is: the spec's delay
            before it was told.
    """

    ids: pa.Array
    positive: Booleans
    latest: Moments
    report: LabelsReport


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Typed rows of a file, those with a fault still among them."""

    table: pa.Table
    faults: dict[LabelFault, Booleans]


def read_labels(files: Sequence[Path], dataset: Dataset, until: dt.datetime) -> Labels:
    """The newest label of each id in `files` (Parquet: id, label, label_time), whatever their order.

    Of two labels of one moment the one in the later file (by name) counts, of one file the one in the later row: the
    same files always say the same thing.

    Args:
        until: labels of this moment and later are not known yet: a report of a day in the past says what it would have
            said then.

    Raises:
        DataContractError: a file is no Parquet, lacks a column, or has one of a type that cannot be what it must.
        ValueError: `until` has no offset.
    """
    if until.tzinfo is None:
        raise ValueError(f"expected a moment with its offset, got {until}")
    report, tables = LabelsReport(files=len(files)), [_SCHEMA.empty_table()]
    for path in sorted(files, key=Path.as_posix):
        rows = _read(path, dataset)
        report = _counted(report, rows, path)
        good = ~np.logical_or.reduce(list(rows.faults.values()))
        tables.append(rows.table.filter(from_numpy(good, pa.bool_())))
    every = pa.concat_tables(tables)
    known = every.filter(pc.less(every[TIME], pa.scalar(until, cells.TIMESTAMP)))
    return _newest(known, dataset, report, later=len(every) - len(known))


def _newest(rows: pa.Table, dataset: Dataset, report: LabelsReport, *, later: int) -> Labels:
    ordered = rows.append_column("place", from_numpy(np.arange(len(rows)), pa.int64())).sort_by(
        [(ID, "ascending"), (TIME, "ascending"), ("place", "ascending")]
    )
    ids, positive = one_chunk(ordered[ID]), to_numpy(pc.equal(ordered[LABEL], dataset.positive))
    last = np.ones(len(ids), dtype=np.bool_)
    last[:-1] = to_numpy(pc.not_equal(ids[1:], ids[:-1]))
    # The winner of each row's id: the next row that is the last of one.
    winner = np.flatnonzero(last)[np.cumsum(np.concatenate(([0], last[:-1])))] if len(ids) else np.empty(0, np.int64)
    agrees = positive == positive[winner]
    return Labels(
        ids=ids.filter(from_numpy(last, pa.bool_())),
        positive=positive[last],
        latest=to_numpy(ordered[TIME])[last] - dataset.label_delay_days * DAY_US,
        report=replace(
            report,
            later=later,
            ids=int(last.sum()),
            repeated=int(np.count_nonzero(~last & agrees)),
            contradicted=int(np.count_nonzero(~agrees)),
        ),
    )


def _read(path: Path, dataset: Dataset) -> _Rows:
    try:
        with pq.ParquetFile(path) as file:
            found = file.read()
    except (pa.ArrowException, OSError) as error:
        raise DataContractError(f"{path}: expected labels as a Parquet file: {error}") from error
    absent = [name for name in _SCHEMA.names if name not in found.column_names]
    if absent:
        raise DataContractError(
            f"{path}: expected the columns {', '.join(_SCHEMA.names)}, got none called {', '.join(absent)}; "
            f"it has {', '.join(found.column_names)}"
        )
    label = Column(name=LABEL, kind="categorical", levels=dataset.label.levels)
    ids, times = Column(name=ID, kind="id"), Column(name=TIME, kind="timestamp")
    typed = {column.name: _typed(one_chunk(found[column.name]), column, path) for column in (ids, label, times)}
    blank = to_numpy(pc.is_null(typed[LABEL].values))
    unknown = to_numpy(typed[LABEL].faults["unknown level"])
    return _Rows(
        table=pa.table([typed[name].values for name in _SCHEMA.names], schema=_SCHEMA),
        faults={
            "no_id": to_numpy(pc.is_null(typed[ID].values)),
            # Text that is no time is null by now, like a blank.
            "no_time": to_numpy(pc.is_null(typed[TIME].values)),
            "no_label": blank,
            "unknown_level": unknown,
        },
    )


def _typed(found: pa.Array, column: Column, path: Path) -> cells.Cells:
    values = _whole_numbers(found) if column.kind == "categorical" else found
    if not cells.accepts(column.kind, values.type) and not pa.types.is_null(values.type):
        raise DataContractError(f"{path}: expected {_EXPECTED[column.name]} in {column.name}, got {found.type}")
    try:
        return cells.read(values.cast(pa.string()) if pa.types.is_null(values.type) else values, column)
    except (ValueError, pa.ArrowException) as error:
        raise DataContractError(f"{path}: expected {_EXPECTED[column.name]} in {column.name}: {error}") from error


def _whole_numbers(values: pa.Array) -> pa.Array:
    """pandas writes a column of 0, 1 and blanks as floating-point numbers."""
    if not pa.types.is_floating(values.type):
        return values
    present = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    try:
        return present.cast(pa.int64())
    except pa.ArrowInvalid:
        return values


def _counted(report: LabelsReport, rows: _Rows, path: Path) -> LabelsReport:
    """The report with this file's rows; a row with several faults counts for the first of them."""
    bad, met = dict(report.bad), np.zeros(len(rows.table), dtype=np.bool_)
    for reason, mask in rows.faults.items():
        places = np.flatnonzero(mask & ~met)
        met |= mask
        if len(places):
            before = bad.get(reason)
            example = before.example if before else _example(rows, int(places[0]), path)
            bad[reason] = BadLabels(count=len(places) + (before.count if before else 0), example=example)
    return replace(report, rows=report.rows + len(rows.table), bad=bad)


def _example(rows: _Rows, place: int, path: Path) -> str:
    said = ", ".join(f"{name} {rows.table[name][place].as_py()!s}" for name in _SCHEMA.names)
    return f"{path.name}, row {place + 1}: {said[:QUOTED]}"


_SCHEMA = pa.schema([(ID, pa.string()), (LABEL, pa.string()), (TIME, cells.TIMESTAMP)])
_EXPECTED = {ID: "text or whole numbers", LABEL: "a level of the label", TIME: "times"}
