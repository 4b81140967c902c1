"""Parquet files as columns that are read one at a time, and the rows of them that count as independent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.ml.data.arrays import to_numpy
from include.ml.evaluation.predictions import Booleans
from include.specs.errors import DataContractError

# Bytes of a column that are read at once where it goes by in batches.
BUFFER = 2**20


class Columnar(Protocol):
    """Rows that are read one column at a time."""

    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def independent(self) -> int: ...
    @property
    def schema(self) -> pa.Schema: ...
    def chunks(self, column: str) -> Iterator[pa.Array]:
        """The values of a column that count as independent, in the order of the rows."""


@dataclass(frozen=True, kw_only=True)
class TableSource:
    """Rows in memory.

    Args:
        table: those that count as independent. rows: how many there are with the others.
    """

    name: str
    table: pa.Table
    rows: int

    @property
    def independent(self) -> int:
        """Rows that count as independent."""
        return len(self.table)

    @property
    def schema(self) -> pa.Schema:
        """Of the columns."""
        return self.table.schema

    def chunks(self, column: str) -> Iterator[pa.Array]:
        """The values as they lie in memory."""
        yield from self.table[column].chunks


@dataclass(frozen=True, kw_only=True)
class Part:
    """One Parquet file, and what its footer says."""

    path: Path
    footer: pq.FileMetaData


@dataclass(frozen=True, kw_only=True)
class Source:
    """The rows of one or several Parquet files of one schema, in the order of their names.

    Args:
        kept: (rows,) True where a row counts as independent of the others; None where all do.
        without_entity: rows that name no entity, where others do.
        batch_rows: rows at a time; None for a whole row group, which is faster and as large as its writer chose.
    """

    name: str
    parts: tuple[Part, ...]
    schema: pa.Schema
    kept: Booleans | None = None
    without_entity: int = 0
    batch_rows: int | None = None

    @property
    def rows(self) -> int:
        """All rows there are."""
        return sum(part.footer.num_rows for part in self.parts)

    @property
    def independent(self) -> int:
        """Rows that count as independent."""
        return self.rows if self.kept is None else int(np.count_nonzero(self.kept))

    def chunks(self, column: str) -> Iterator[pa.Array]:
        """The kept values of a column, one row group or batch after the other; text as dictionaries of its levels.

        A file of its own for each call: threads share nothing, and memory is that of one chunk.
        """
        first = 0
        for part in self.parts:
            for chunk in self._read(part, column):
                yield self._only_kept(chunk, first)
                first += len(chunk)

    def _read(self, part: Part, column: str) -> Iterator[pa.Array]:
        coded = [column] if is_text(self.schema.field(column).type) else None
        if self.batch_rows is None:
            with pq.ParquetFile(part.path, metadata=part.footer, read_dictionary=coded, memory_map=True) as file:
                for group in range(part.footer.num_row_groups):
                    yield from file.read_row_group(group, columns=[column], use_threads=False)[column].chunks
            return
        # A mapped file would stay in memory as far as it has been read.
        with pq.ParquetFile(part.path, metadata=part.footer, read_dictionary=coded, buffer_size=BUFFER) as file:
            for group in range(part.footer.num_row_groups):
                # One group after the other: the reader of a whole file keeps what it has read of each until its end.
                for batch in file.iter_batches(self.batch_rows, [group], columns=[column], use_threads=False):
                    yield batch.column(0)

    def _only_kept(self, chunk: pa.Array, first: int) -> pa.Array:
        if self.kept is None:
            return chunk
        return chunk.filter(pa.array(self.kept[first : first + len(chunk)]))


def open_source(path: Path) -> Source:
    """The Parquet file `path`, or all in the folder `path`.

    Raises:
        DataContractError: there is none, one is no Parquet file, they have no rows, or their columns differ.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise DataContractError(f"{path}: expected Parquet files in this folder, found none called *.parquet")
    parts = [_part(file) for file in files]
    schemas = [part.footer.schema.to_arrow_schema() for part in parts]
    for part, schema in zip(parts, schemas, strict=True):
        if schema.names != schemas[0].names or schema.types != schemas[0].types:
            raise DataContractError(f"{part.path}: expected the columns of {parts[0].path}, got {_described(schema)}")
    source = Source(name=str(path), parts=tuple(parts), schema=schemas[0])
    if not source.rows:
        raise DataContractError(f"{path}: expected rows, got a file without any; has the feed been empty?")
    return source


def one_row_an_entity(source: Source, entity: str) -> Source:
    """The same source, of which the last row of each entity counts: rows of one entity say the same thing again.

    Five rows for each customer, taken as independent, raise an alarm on every quiet day. Rows without an entity count
    each for itself: nobody can say whose they are, and one caller that names an entity must not make the rest one row.

    Raises:
        DataContractError: there is no such column.
    """
    require_column(source, entity)
    # One dictionary for all chunks.
    encoded = pa.chunked_array([_plain(chunk) for chunk in source.chunks(entity)]).dictionary_encode()
    numbers = np.concatenate([to_numpy(chunk.indices.fill_null(-1)) for chunk in encoded.chunks])
    kept = numbers < 0
    without_entity, somebody = int(np.count_nonzero(kept)), np.flatnonzero(~kept)
    last = np.zeros(int(numbers.max()) + 1, dtype=np.int64)
    # Of several assignments to one place NumPy keeps the last.
    last[numbers[somebody]] = somebody
    kept[last] = True
    return replace(source, kept=kept, without_entity=without_entity if len(somebody) else 0)


def require_column(source: Source, name: str) -> None:
    """Raise `DataContractError` unless `source` has the column `name`."""
    if name not in source.schema.names:
        raise DataContractError(f"{source.name}: expected a column {name!r}, found {_described(source.schema)}")


def is_text(kind: pa.DataType) -> bool:
    """Whether a column's values are text, coded or not."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value) or pa.types.is_string_view(value))


def _part(path: Path) -> Part:
    if not path.is_file():
        raise DataContractError(f"{path}: expected a Parquet file or a folder of them, found nothing there")
    try:
        return Part(path=path, footer=pq.read_metadata(path))
    except (pa.ArrowInvalid, OSError) as error:
        raise DataContractError(f"{path}: expected a Parquet file: {error}") from error


def _plain(chunk: pa.Array) -> pa.Array:
    return chunk.cast(chunk.type.value_type) if pa.types.is_dictionary(chunk.type) else chunk


def _described(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} ({field.type})" for field in schema)
