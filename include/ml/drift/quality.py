"""Faults of the feed, looked for before anything is compared: a broken feed is no drift."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from include.ml.drift.columns import Family, Levels, family
from include.ml.drift.sample import Numeric
from include.specs.dataset import Column, Kind
from include.specs.drift import Violation

# What a column of some kind may be in a file; None where anything that can be written down will do.
FAMILIES: dict[Kind, tuple[Family, ...] | None] = {
    "numeric": ("number",),
    "timestamp": ("time",),
    "categorical": ("text", "number", "truth"),
    "text": ("text",),
    "id": None,
}

# A larger share of rows whose id came before is no accident of single rows.
DUPLICATES = 0.01


def of_schema(
    features: Sequence[Column], baseline: dict[str, pa.DataType], current: dict[str, pa.DataType], *, known: set[str]
) -> list[Violation]:
    """Columns that are missing, new, or of another type.

    Args:
        known: names of columns that are expected and are no features: ids, labels, scores.
    """
    names = [column.name for column in features]
    missing = [_missing(name) for name in names if name not in current]
    changed = [_changed(name, baseline[name], current[name]) for name in names if name in current]
    strangers = sorted(set(current) - set(baseline) - set(names) - known)
    return [*missing, *(found for found in changed if found), *(_new(name) for name in strangers)]


def of_numbers(column: Column, baseline: Numeric, current: Numeric) -> list[Violation]:
    """Infinities, values out of range, nothing but blank cells."""
    found = _all_missing(column.name, baseline.present, current)
    if current.infinite:
        message = f"{current.infinite} cells of {column.name} are infinite; left out; look for a division by 0"
        found.append(
            Violation(column=column.name, kind="infinite", rows=current.infinite, breaks=False, message=message)
        )
    if current.outside:
        limits = f"[{_written(column.minimum)}, {_written(column.maximum)}]"
        message = f"expected {column.name} within {limits}, got {current.outside} values outside; has its unit changed?"
        found.append(
            Violation(column=column.name, kind="out_of_range", rows=current.outside, breaks=False, message=message)
        )
    return found


def of_levels(column: Column, baseline: Levels, current: Levels) -> list[Violation]:
    """Nothing but blank cells."""
    return _all_missing(column.name, baseline.rows - baseline.missing, current)


def of_identifiers(column: str, repeated: int, rows: int) -> list[Violation]:
    """Rows whose id came before. Many of them are a file that came twice, and put everything else in doubt."""
    if not repeated:
        return []
    message = f"{repeated} of {rows} rows have a {column} that came before; was a file delivered twice?"
    many = repeated > DUPLICATES * rows
    return [Violation(column=column, kind="duplicates", rows=repeated, breaks=many, message=message)]


def no_identifier(column: str) -> Violation:
    """The column that tells rows apart is not there: nothing can be said of repetitions, and all else can."""
    message = f"the column {column}, which tells rows apart, is not in today's data; repetitions were not looked for"
    return Violation(column=column, kind="missing_column", rows=0, breaks=False, message=message)


def broken(violations: Iterable[Violation]) -> set[str]:
    """The columns that cannot be compared."""
    return {violation.column for violation in violations if violation.breaks}


def _missing(name: str) -> Violation:
    message = f"the column {name} is in the baseline and not in today's data; has it been renamed?"
    return Violation(column=name, kind="missing_column", rows=0, breaks=True, message=message)


def _new(name: str) -> Violation:
    message = f"the column {name} is not in the baseline; the model does not use it"
    return Violation(column=name, kind="new_column", rows=0, breaks=False, message=message)


def _changed(name: str, baseline: pa.DataType, current: pa.DataType) -> Violation | None:
    if family(baseline) == family(current):
        return None
    if pa.types.is_null(current):
        message = f"all cells of {name} are blank, so that the file does not even say their type; its feed has failed"
        return Violation(column=name, kind="all_missing", rows=0, breaks=True, message=message)
    message = f"expected {name} as {baseline}, as in the baseline, got {current}; look at how it is written"
    return Violation(column=name, kind="type_changed", rows=0, breaks=True, message=message)


def _all_missing(name: str, expected: int, current: Numeric | Levels) -> list[Violation]:
    """Where the baseline has values and the day has none."""
    absent = current.missing + (current.infinite if isinstance(current, Numeric) else 0)
    if not expected or absent < current.rows or not current.rows:
        return []
    message = f"all {current.rows} cells of {name} are blank, and not in the baseline; the feed of it has failed"
    return [Violation(column=name, kind="all_missing", rows=current.rows, breaks=True, message=message)]


def _written(limit: float | None) -> str:
    return "…" if limit is None else f"{limit:g}"
