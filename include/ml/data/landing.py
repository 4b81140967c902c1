"""Landing files as they came: CSV or Parquet, with every column the spec names and none besides, or a clear refusal."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from include.ml.container import bounded
from include.ml.data import cells, encoding, quotes
from include.specs.dataset import Dataset
from include.specs.errors import DataContractError

# A line longer than this is no header.
HEADER_LIMIT = 2**20
QUOTED = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """A line with more or fewer cells than the header, as text: a file may be full of such, and few are ever asked."""

    text: str
    header: Sequence[str]

    def cells(self) -> list[str]:
        """All that it has.

        >>> Malformed(text='1,"2,3",4', header=("a", "b")).cells()
        ['1', '2,3', '4']
        """
        return _cells(self.text)


@dataclass(frozen=True, kw_only=True)
class LandingFile:
    """One file: its rows as they came (CSV: all text), the spec's columns in the spec's order."""

    name: str
    rows: pa.Table
    malformed: tuple[Malformed, ...] = ()


def read(path: Path, name: str, dataset: Dataset) -> LandingFile:
    """The landing file at `path`, called `name` in messages.

    Raises:
        DataContractError: it is no CSV in UTF-8 or Parquet, has no rows, or its columns are not the spec's.
    """
    if path.stat().st_size == 0:
        raise DataContractError(f"{name}: the file is empty; expected a header and rows")
    if path.suffix not in (".csv", ".parquet"):
        raise DataContractError(f"{name}: expected a file named .csv or .parquet; rename it, or drop it elsewhere")
    found = (_read_parquet if path.suffix == ".parquet" else _read_csv)(path, name, dataset)
    if not found.rows.num_rows and not found.malformed:
        raise _without_rows(name)
    return found


def _without_rows(name: str) -> DataContractError:
    return DataContractError(f"{name}: holds a header and no rows; drop a file with rows, or none")


def _read_parquet(path: Path, name: str, dataset: Dataset) -> LandingFile:
    schema = _parquet(pq.read_schema, path, name)
    _require_columns(schema.names, name, dataset)
    for column in dataset.columns:
        type_ = schema.field(column.name).type
        if not cells.accepts(column.kind, type_):
            raise DataContractError(
                f"{name}: column {column.name!r} must hold {column.kind} values, its Parquet type is {type_}; "
                "write it with another type"
            )
    return _landed(name, _parquet(pq.read_table, path, name), dataset)


def _parquet[Found](read_from: Callable[[Path], Found], path: Path, name: str) -> Found:
    try:
        return read_from(path)
    except (pa.ArrowInvalid, OSError) as error:
        with path.open("rb") as stream:
            begins = stream.read(QUOTED // 2)
        raise DataContractError(
            f"{name}: expected Parquet, as its name says; the file begins with {begins!r} and cannot be read as that. "
            "Write it again, or name it .csv if that is what it is"
        ) from error


def _read_csv(path: Path, name: str, dataset: Dataset) -> LandingFile:
    header = _header(path, name)
    _require_columns(header, name, dataset)
    encoding.require_utf8(path, name, header)
    lines: list[str] = []

    def keep(row: pyarrow.csv.InvalidRow) -> str:
        lines.append(row.text)
        return "skip"

    try:
        rows = pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=keep, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        quotes.require_closed(path, name, len(header))
        raise _unreadable(name, str(error)) from error
    if quotes.holds_longer_rows(path, rows.num_rows + len(lines)):
        quotes.require_closed(path, name, len(header))
    # Parsing is parallel: sorted, so that the same file always gives the same quarantine.
    return _landed(name, rows, dataset, tuple(Malformed(text=line, header=header) for line in sorted(lines)))


def _landed(name: str, rows: pa.Table, dataset: Dataset, malformed: tuple[Malformed, ...] = ()) -> LandingFile:
    columns = [column.name for column in dataset.columns]
    return LandingFile(name=name, rows=rows.select(columns).combine_chunks(), malformed=malformed)


def _header(path: Path, name: str) -> list[str]:
    with path.open("rb") as stream:
        line = stream.readline(HEADER_LIMIT)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataContractError(
            f"{name}: expected UTF-8 text, the first line holds other bytes; save the file as UTF-8"
        ) from error
    try:
        header = _cells(text)
    except csv.Error as error:
        raise _unreadable(name, f"{error} in {bounded(text, QUOTED)!r}") from error
    if not header or "\0" in text:
        raise DataContractError(f"{name}: expected CSV with a header, the first line is {bounded(text, QUOTED)!r}")
    return header


def _unreadable(name: str, why: str) -> DataContractError:
    if "Empty CSV file" in why:
        return _without_rows(name)
    if "straddling" in why:
        return DataContractError(
            f"{name}: a row is longer than is read at once, some two million bytes; shorten it, or drop it as Parquet"
        )
    return DataContractError(
        f"{name}: expected CSV: {bounded(why, 2 * QUOTED)}. Write it as comma-separated UTF-8 text with a header"
    )


def _cells(line: str) -> list[str]:
    with quotes.long_cells():
        return next(csv.reader([line]), [])


def _require_columns(found: Sequence[str], name: str, dataset: Dataset) -> None:
    """Every column of the spec, none twice, no other: all that is wrong is said at once."""
    expected = [column.name for column in dataset.columns]
    missing = [column for column in expected if column not in found]
    if len(missing) == len(expected):
        first = bounded(",".join(found), QUOTED)
        raise DataContractError(
            f"{name}: expected CSV or Parquet with the columns {', '.join(expected)}; none is in the header {first!r}. "
            "Is it separated by commas, and is the header there?"
        )
    extra = [column for column in dict.fromkeys(found) if column not in expected]
    problems = [_missing(column, extra) for column in missing]
    renamed = {match for column in missing if (match := _similar(column, extra))}
    problems += [f"column {column!r} is not in the spec" for column in extra if column not in renamed]
    problems += [
        f"column {column!r} is there {found.count(column)} times" for column in expected if found.count(column) > 1
    ]
    if problems:
        raise DataContractError(
            f"{name}: {'; '.join(problems)}. Correct the file's header, or the model's columns in include/specs/catalog"
        )


def _missing(column: str, extra: Sequence[str]) -> str:
    match = _similar(column, extra)
    return f"column {column!r} is missing" + (f" (did you mean {column!r} by {match!r}?)" if match else "")


def _similar(column: str, names: Sequence[str]) -> str | None:
    """The name that is most likely `column` misspelt."""
    folded = {name.strip().casefold(): name for name in names}
    matches = difflib.get_close_matches(column.casefold(), folded, n=1, cutoff=0.7)
    return folded[matches[0]] if matches else None
