"""Whether a CSV file's quotes all close where a cell ends: one that does not takes the rows after it into its cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.specs.errors import DataContractError

CHUNK_BYTES = 2**20
# More than Arrow reads as one row, and little enough to hold: an open quote takes in the rest of the file.
CELL_CHARACTERS = 2**24


@contextmanager
def long_cells() -> Iterator[None]:
    """Within, `csv` reads cells as long as Arrow does: its own limit is 131,072 characters."""
    before = csv.field_size_limit(CELL_CHARACTERS)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def require_closed(path: Path, name: str, cells: int) -> None:
    """Refuse a file in which a quoted cell is not closed as RFC 4180 says, or a row of many lines is malformed.

    Arrow reads on to the next quote, wherever that stands, and what lies between becomes one cell. It may even be a
    cell of a row that looks right. So the file is read once more, strictly.

    Args:
        name: what messages call the file. cells: how many the header has.

    Raises:
        DataContractError: the message names the line that the quote is opened in, or that an endless cell is in.
    """
    with long_cells(), path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        first = 1
        try:
            for row in reader:
                if reader.line_num > first and len(row) != cells:
                    raise _open(
                        name, first, f"the row ends in line {reader.line_num} with {len(row)} cells, not {cells}"
                    )
                first = reader.line_num + 1
        except csv.Error as error:
            raise (_endless(name, first) if "field limit" in str(error) else _open(name, first, str(error))) from error


def holds_longer_rows(path: Path, rows: int) -> bool:
    """Whether the file has more lines than its header and `rows`: some are blank, or a row is of several lines."""
    with path.open("rb") as stream:
        lines, last = 0, b"\n"
        while chunk := stream.read(CHUNK_BYTES):
            lines, last = lines + chunk.count(b"\n"), chunk[-1:]
    return lines + (last != b"\n") > rows + 1


def _open(name: str, line: int, why: str) -> DataContractError:
    return DataContractError(
        f"{name}: line {line} opens a quote that does not close where a cell ends ({why}), and the rows after it "
        "cannot be told apart. Remove the quote, or quote the whole cell and double the quotes in it"
    )


def _endless(name: str, line: int) -> DataContractError:
    return DataContractError(
        f"{name}: the row that begins in line {line} has a cell of more than {CELL_CHARACTERS:,} characters. Close its "
        "quote if it has one, else shorten it"
    )
