"""Whether a CSV file is UTF-8 text, and where it is not: looked at before Arrow reads it.

Arrow tells only the column of a cell, and nothing of a line with another number of cells: that one it cannot hand out.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from include.ml.data.quotes import CHUNK_BYTES, long_cells
from include.specs.errors import DataContractError

QUOTED_BYTES = 60


def require_utf8(path: Path, name: str, header: Sequence[str]) -> None:
    """Refuse a file that holds other bytes.

    Args:
        name: what messages call the file. header: names of its columns, in their order.

    Raises:
        DataContractError: the message names the first line and column that hold some, and quotes the cell.
    """
    if _is_utf8(path):
        return
    with long_cells(), path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        where = _first(stream, header)
    raise DataContractError(f"{name}: expected UTF-8 text, {where} holds other bytes; save the file as UTF-8")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            while chunk := stream.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _first(lines: Iterable[str], header: Sequence[str]) -> str:
    """The first cell in `lines` with an escaped byte, and the line that its row begins in."""
    reader, line = csv.reader(lines), 1
    with contextlib.suppress(csv.Error):  # an endless cell: the row is all that can be said
        for row in reader:
            for place, cell in enumerate(row):
                found = cell.encode(errors="surrogateescape")
                if found != cell.encode(errors="replace"):
                    column = repr(header[place]) if place < len(header) else f"no. {place + 1}"
                    return f"line {line}, column {column} ({found[:QUOTED_BYTES]!r})"
            line = reader.line_num + 1
    return f"the row that begins in line {line}"
