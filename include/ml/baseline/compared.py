"""Features in the form in which drift compares them: the same for a baseline and for a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from include.specs.dataset import Column


def times_of_day(table: pa.Table, features: Sequence[Column]) -> pa.Table:
    """A moment that is a feature as its seconds since midnight (UTC): a later date is no drift."""
    for column in features:
        if column.kind == "timestamp":
            place, moments = table.column_names.index(column.name), table[column.name]
            seconds = pc.seconds_between(pc.floor_temporal(moments, unit="day"), moments).cast(pa.float64())
            table = table.set_column(place, column.name, seconds)
    return table


def named(columns: Sequence[Column], table: pa.Table) -> list[str]:
    """Those that callers name: where bodies are rows without names, there is none but the features."""
    return [column.name for column in columns if table[column.name].null_count < len(table)]


def as_compared(column: Column) -> Column:
    """The feature that `times_of_day` makes of `column`."""
    return replace(column, kind="numeric") if column.kind == "timestamp" else column
