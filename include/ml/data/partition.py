"""Partitions as files: what the lake holds of a day, written with the same bytes every time, verified when read."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.ml.container import replace_file
from include.ml.data import older_specs
from include.ml.data.contract import REASON, SURPLUS, Checked, Rejected
from include.specs import s3_layout
from include.specs.dataset import Column, Dataset
from include.specs.errors import PartitionError
from include.specs.partition import IngestionReport, PartFile, PartitionRef


def write(checked: Checked, partition: Path, quarantine: Path, dataset: Dataset) -> IngestionReport:
    """Write the good rows into `partition` and the rejected ones into `quarantine`; what was done.

    A file's name holds its digest: a partition that is replaced never shows new content under an old name, and an
    ingestion that is not published leaves what the day's partition set aside as it is. Where no row was rejected, there
    is no file. Cells that a row has too many of are one CSV line in the column `_surplus`, which is there only where a
    row has some.
    """
    names = [column.name for column in dataset.columns]
    part = _written(partition, "part-00000-{}.parquet", parquet(checked.rows), rows=checked.rows.num_rows)
    return IngestionReport(
        files=(part,),
        rows_read=checked.rows_read,
        rows=checked.rows.num_rows,
        columns={field.name: str(field.type) for field in checked.rows.schema},
        quarantined=checked.quarantined,
        rejected=_set_aside(quarantine, checked.rejected, names) if checked.rejected else None,
    )


def read(folder: Path, partition: PartitionRef, columns: Sequence[Column]) -> pa.Table:
    """The rows of one partition, of the files its manifest pins; categorical columns as categories.

    Args:
        folder: holds `year=…/month=…/day=…/<part>` (the lake below `raw/<model>/`).

    Raises:
        PartitionError: the partition does not have the columns; a file is missing, or is not the one that was pinned.
    """
    older_specs.require_columns([partition], columns)
    day = s3_layout.day(partition.manifest.date)
    prefix = s3_layout.raw(partition.manifest.model)
    tables = [
        pq.read_table(
            pa.BufferReader(_verified(folder / day / part.name, prefix + day + part.name, part)),
            columns=[column.name for column in columns],
            read_dictionary=[column.name for column in columns if column.kind == "categorical"],
        )
        for part in partition.manifest.files
    ]
    if not tables:
        raise PartitionError(f"{partition.manifest_key}: expected at least one file in the manifest, it names none")
    return pa.concat_tables(tables)


def parquet(table: pa.Table) -> bytes:
    """`table` as a Parquet file: the same rows and the same pyarrow give the same bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(None), sink, compression="zstd")
    return memoryview(sink.getvalue()).tobytes()


def _verified(path: Path, key: str, part: PartFile) -> bytes:
    if not path.is_file():
        raise PartitionError(f"{key}: the partition's manifest names it and it is not there; ingest that date again")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != part.sha256:
        raise PartitionError(
            f"{key}: expected SHA-256 {part.sha256}, got {found}; the partition was replaced or altered after this run "
            "pinned it: start a new run"
        )
    return content


def _set_aside(folder: Path, rejected: Sequence[Rejected], names: Sequence[str]) -> PartFile:
    return _written(folder, "rejected-{}.csv", _csv(rejected, names), rows=len(rejected))


def _written(folder: Path, name: str, content: bytes, *, rows: int) -> PartFile:
    sha256 = hashlib.sha256(content).hexdigest()
    file = PartFile(name=name.format(sha256[:12]), rows=rows, bytes=len(content), sha256=sha256)
    replace_file(folder / file.name, content)
    return file


def _csv(rejected: Sequence[Rejected], names: Sequence[str]) -> bytes:
    text = io.StringIO()
    columns = [*names, REASON, *([SURPLUS] if any(row.surplus for row in rejected) else [])]
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(_line(row) for row in rejected)
    return text.getvalue().encode()


def _line(row: Rejected) -> Mapping[str, str]:
    return {**row.cells, REASON: row.reason, SURPLUS: _joined(row.surplus) if row.surplus else ""}


def _joined(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
