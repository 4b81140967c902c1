"""Partitions have the same bytes for the same rows, and are verified before they are read."""

import csv
import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from include.ml.data import partition
from include.ml.data.contract import Checked, Rejected
from include.specs.dataset import Column
from include.specs.errors import PartitionError
from include.specs.model import ModelSpec
from include.specs.partition import IngestionReport, PartitionManifest, PartitionRef

DAY = dt.date(2026, 3, 1)
ROWS = pa.table({"key": ["a", "b"], "size": [1.0, None]})
REJECTED = Rejected(cells={"key": "c", "size": "x,y"}, kind="size: not a number", reason="size: not a number: 'x,y'")


def written(folder: Path, model: ModelSpec, rejected: tuple[Rejected, ...] = ()) -> IngestionReport:
    for name in ("partition", "quarantine"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    checked = Checked(rows=ROWS, rejected=rejected)
    return partition.write(checked, folder / "partition", folder / "quarantine", model.dataset)


def pinned(report: IngestionReport) -> PartitionRef:
    manifest = PartitionManifest(
        model="toy", date=DAY, files=report.files, rows=report.rows, columns=report.columns, sources=()
    )
    return PartitionRef(manifest_key="raw/toy/year=2026/month=03/day=01/_manifest.json", sha256="0", manifest=manifest)


def test_the_same_rows_have_the_same_bytes(tmp_path: Path, toy: ModelSpec) -> None:
    """And a name that says so."""
    one, two = written(tmp_path / "one", toy), written(tmp_path / "two", toy)
    assert one == two
    (part,) = one.files
    assert part.name == f"part-00000-{part.sha256[:12]}.parquet"
    paths = [tmp_path / run / "partition" / part.name for run in ("one", "two")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].stat().st_size == part.bytes


def test_rejected_rows_are_kept_as_they_came(tmp_path: Path, toy: ModelSpec) -> None:
    """With the reason beside them."""
    rejected = written(tmp_path, toy, (REJECTED,)).rejected
    assert rejected is not None
    content = (tmp_path / "quarantine" / rejected.name).read_bytes()
    (line,) = csv.DictReader(content.decode().splitlines())
    assert (rejected.rows, rejected.bytes, rejected.sha256) == (1, len(content), hashlib.sha256(content).hexdigest())
    assert (line["key"], line["size"], line["_reason"]) == ("c", "x,y", "size: not a number: 'x,y'")


def test_cells_without_a_column_are_kept_as_a_line_of_their_own(tmp_path: Path, toy: ModelSpec) -> None:
    """As CSV, so that they can be told apart; rows with as many cells as columns have none."""
    written(tmp_path, toy, (REJECTED, replace(REJECTED, surplus=("a,b", "")), replace(REJECTED, surplus=("",))))
    [file] = (tmp_path / "quarantine").iterdir()
    with file.open() as stream:
        lines = [line["_surplus"] for line in csv.DictReader(stream)]
    assert [next(csv.reader([line]), []) for line in lines] == [[], ["a,b", ""], [""]]


def test_without_rejected_rows_there_is_no_quarantine(tmp_path: Path, toy: ModelSpec) -> None:
    """Nothing is written for nothing."""
    assert written(tmp_path, toy).rejected is None
    assert not list((tmp_path / "quarantine").iterdir())


def test_what_was_set_aside_before_stays(tmp_path: Path, toy: ModelSpec) -> None:
    """It is the published partition's until another is; other rows have another name."""
    one = written(tmp_path, toy, (REJECTED,)).rejected
    two = written(tmp_path, toy, (replace(REJECTED, reason="another"),)).rejected
    assert one is not None
    assert two is not None
    assert one.name == f"rejected-{one.sha256[:12]}.csv"
    assert {path.name for path in (tmp_path / "quarantine").iterdir()} == {one.name, two.name}


def size(model: ModelSpec) -> list[Column]:
    return [model.dataset.column("size")]


def lake(tmp_path: Path, report: IngestionReport) -> Path:
    day = tmp_path / "lake/year=2026/month=03/day=01"
    day.mkdir(parents=True)
    (part,) = report.files
    (tmp_path / "partition" / part.name).rename(day / part.name)
    return tmp_path / "lake"


def test_a_pinned_partition_is_read_as_it_was_written(tmp_path: Path, toy: ModelSpec) -> None:
    """Only the columns asked for."""
    report = written(tmp_path, toy)
    rows = partition.read(lake(tmp_path, report), pinned(report), size(toy))
    assert rows.to_pylist() == [{"size": 1.0}, {"size": None}]


def test_a_missing_part_is_named(tmp_path: Path, toy: ModelSpec) -> None:
    """By its key in the bucket, and what to do is said."""
    report = written(tmp_path, toy)
    with pytest.raises(PartitionError, match=r"raw/toy/year=2026/month=03/day=01/part-.*ingest that date again"):
        partition.read(tmp_path / "empty", pinned(report), size(toy))


def test_another_content_under_the_name_is_refused(tmp_path: Path, toy: ModelSpec) -> None:
    """A single changed byte is enough."""
    report = written(tmp_path, toy)
    folder = lake(tmp_path, report)
    (path,) = folder.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(PartitionError, match="was replaced or altered"):
        partition.read(folder, pinned(report), size(toy))


def test_a_manifest_without_files_is_refused(tmp_path: Path, toy: ModelSpec) -> None:
    """It would be a partition without rows."""
    empty = pinned(replace(written(tmp_path, toy), files=()))
    with pytest.raises(PartitionError, match="it names none"):
        partition.read(tmp_path, empty, size(toy))


def test_a_partition_without_the_column_is_refused_before_it_is_read(tmp_path: Path, toy: ModelSpec) -> None:
    """Its files are not even looked for."""
    report = written(tmp_path, toy)
    with pytest.raises(PartitionError, match=r"column 'weight' \(of type double\) is not in raw/toy/\S+/day=01/\."):
        partition.read(tmp_path / "empty", pinned(report), [toy.dataset.column("weight")])
