"""Faults of the feed, looked for before anything is compared: a broken feed is no drift."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from include.ml.capture.faults import QUOTED
from include.ml.container import bounded
from include.ml.drift.columns import Family, Levels, family
from include.ml.drift.sample import Numeric
from include.specs.dataset import Column, Kind
from include.specs.drift import MissingDrift, Violation, ViolationKind

# What a column of some kind may be in a file; None where anything that can be written down will do.
FAMILIES: dict[Kind, tuple[Family, ...] | None] = {
    "numeric": ("number",),
    "timestamp": ("time",),
    "categorical": ("text", "number", "truth"),
    "text": ("text",),
    "id": None,
}

# Columns that nobody asked for: so many are named.
NAMED = 20
# A larger share of rows whose id came before is no accident of single rows.
DUPLICATES = 0.01
# The chance that a quiet day of such a column is as blank, below which its feed has failed: a column that is blank on
# most rows of the baseline has no value at all on many a small day.
FALSE_DEATH = 1e-6


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


def of_numbers(column: Column, baseline: Numeric, current: Numeric, *, limit: float) -> list[Violation]:
    """Infinities, values out of range, hardly any value at all (`limit`: see `DriftRule.dead_share`)."""
    absent = (baseline.missing + baseline.infinite) / max(1, baseline.rows)
    found = _dead(column.name, (absent, baseline.rows), current, limit)
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


def of_levels(column: Column, baseline: Levels, current: Levels, *, limit: float) -> list[Violation]:
    """Hardly any value at all."""
    return _dead(column.name, (baseline.missing / max(1, baseline.rows), baseline.rows), current, limit)


def of_texts(column: Column, baseline: tuple[MissingDrift, int], current: Levels, *, limit: float) -> list[Violation]:
    """The same; `baseline`: its share of blank cells, and how many rows it has."""
    return _dead(column.name, (baseline[0].baseline, baseline[1]), current, limit)


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


def unknown_columns(rows: Mapping[str, int]) -> list[Violation]:
    """Names that bodies give and the specification does not have, with the rows that have them; the most frequent."""
    ordered = sorted(rows, key=lambda name: (-rows[name], name))
    found = [_unknown(name, rows[name]) for name in ordered[:NAMED]]
    if len(ordered) > NAMED:
        message = f"{len(ordered) - NAMED} more columns are not in the specification; the model does not use them"
        rest = sum(rows[name] for name in ordered[NAMED:])
        found.append(Violation(column="", kind="new_column", rows=rest, breaks=False, message=message))
    return found


def broken(violations: Iterable[Violation]) -> set[str]:
    """The columns that cannot be compared."""
    return {violation.column for violation in violations if violation.breaks}


def _missing(name: str) -> Violation:
    message = f"the column {name} is in the baseline and not in today's data; has it been renamed?"
    return Violation(column=name, kind="missing_column", rows=0, breaks=True, message=message)


def _new(name: str) -> Violation:
    message = f"the column {name} is not in the baseline; the model does not use it"
    return Violation(column=name, kind="new_column", rows=0, breaks=False, message=message)


def _unknown(name: str, rows: int) -> Violation:
    # Whoever calls the endpoint chooses the name.
    said = bounded(name, QUOTED)
    message = f"the column {said!r} came in {rows} rows and is not in the specification; the model does not use it"
    return Violation(column=said, kind="new_column", rows=rows, breaks=False, message=message)


def _changed(name: str, baseline: pa.DataType, current: pa.DataType) -> Violation | None:
    if family(baseline) == family(current):
        return None
    if pa.types.is_null(current):
        message = f"all cells of {name} are blank, so that the file does not even say their type; its feed has failed"
        return Violation(column=name, kind="all_missing", rows=0, breaks=True, message=message)
    message = f"expected {name} as {baseline}, as in the baseline, got {current}; look at how it is written"
    return Violation(column=name, kind="type_changed", rows=0, breaks=True, message=message)


def _dead(name: str, baseline: tuple[float, int], current: Numeric | Levels, limit: float) -> list[Violation]:
    """Where the baseline has values, and the day next to none: a feed that fails after midnight leaves a few."""
    infinite = current.infinite if isinstance(current, Numeric) else 0
    absent = current.missing + infinite
    if not _failed(baseline, (absent, current.rows), limit):
        return []
    words = "blank or infinite" if infinite else "blank"
    message = (
        f"{absent} of {current.rows} cells of {name} are {words}, and {baseline[0]:.1%} of the baseline's; "
        "the feed of it has failed"
    )
    kind: ViolationKind = "all_missing" if absent == current.rows else "mostly_missing"
    return [Violation(column=name, kind=kind, rows=absent, breaks=True, message=message)]


def _failed(baseline: tuple[float, int], current: tuple[int, int], limit: float) -> bool:
    """Whether so many blank cells are a failure of the feed, and not how the column is, nor chance.

    Args:
        baseline: the share of blank cells, and rows. current: blank cells, and rows.

    >>> _failed((0.0, 5_000), (999, 1_000), 0.95), _failed((0.1, 5_000), (900, 1_000), 0.95)
    (True, False)
    >>> _failed((0.6, 5_000), (960, 1_000), 0.95), _failed((0.6, 5_000), (1_000, 1_000), 0.95)
    (False, True)
    >>> _failed((0.995, 5_000), (500, 500), 0.95), _failed((1.0, 5_000), (500, 500), 0.95)
    (False, False)
    """
    (before, of_baseline), (absent, rows) = baseline, current
    if not rows or (absent < rows and not (absent > limit * rows and before < absent / rows / 2)):
        return False
    # What the baseline lacks may be as frequent as what it has once.
    expected = (before * of_baseline + 1) / (of_baseline + 1)
    return rows * _divergence(absent / rows, expected) > -math.log(FALSE_DEATH)


def _divergence(share: float, expected: float) -> float:
    """By Chernoff's bound, `share` of n rows or more has a chance of exp(-n times this) where `expected` is the rule.

    >>> _divergence(1.0, 0.5) == math.log(2), _divergence(0.5, 0.5)
    (True, 0.0)
    """
    rest = (1 - share) * math.log((1 - share) / (1 - expected)) if share < 1 else 0.0
    return share * math.log(share / expected) + rest


def _written(limit: float | None) -> str:
    return "…" if limit is None else f"{limit:g}"
