"""The preprocess job writes the parts of a split and their report, or a reason and nothing else."""

import datetime as dt
from pathlib import Path

import pyarrow.parquet as pq

from include.ml.container import Container, run_job
from include.ml.jobs import preprocess
from include.specs import codec
from include.specs.model import ModelSpec
from include.specs.reports import PreprocessingReport

DATE = dt.date(2026, 3, 1)
PARTS = ("train", "validation", "test")


def run(container: Container) -> int:
    return run_job("preprocess", preprocess.main, ["--root", str(container.root)])


def outputs(container: Container) -> dict[Path, bytes]:
    folder = container.root / "processing/output"
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_part_is_one_file_and_the_report_counts_it(workshop, toy: ModelSpec, rows_csv, capsys) -> None:
    """The names are those that training and evaluation look for."""
    container = workshop.raw(toy, {DATE: rows_csv(toy)})
    assert run(container) == 0
    path = container.output("report") / "preprocessing.json"
    report = codec.decode(PreprocessingReport, path.read_bytes(), source=str(path))
    for part in PARTS:
        rows = pq.read_table(container.output(part) / f"{part}.parquet")
        assert len(rows) == report.parts[part].rows
    assert "train 260, validation 60, test 80" in capsys.readouterr().out


def test_the_same_partitions_give_the_same_bytes(workshop, toy: ModelSpec, rows_csv) -> None:
    """The report's too."""
    container = workshop.raw(toy, {DATE: rows_csv(toy)})
    seen = []
    for _ in range(2):
        run(container)
        seen.append(outputs(container))
    assert seen[0] == seen[1]
    assert len(seen[0]) == 4


def test_the_order_of_the_rows_makes_no_difference(workshop, toy: ModelSpec, rows_csv) -> None:
    """Each part holds the same rows in the same order."""
    header, *lines = rows_csv(toy).splitlines()
    parts = []
    for shuffled in (lines, lines[::-1]):
        container = workshop.raw(toy, {DATE: b"\n".join([header, *shuffled])})
        run(container)
        # As text: the numbers of levels follow their first appearance.
        parts.append([pq.read_table(container.output(part) / f"{part}.parquet").to_pylist() for part in PARTS])
    assert parts[0] == parts[1]


def test_dropped_rows_are_said(workshop, events: ModelSpec, rows_csv, capsys) -> None:
    """By reason."""
    assert run(workshop.raw(events, {DATE: rows_csv(events)})) == 0
    assert "rows: without a label" in capsys.readouterr().out


def test_a_failure_leaves_no_part(workshop, toy: ModelSpec, rows_csv) -> None:
    """An altered partition is found before anything is written."""
    container = workshop.raw(toy, {DATE: rows_csv(toy)})
    (path,) = (container.root / "processing/input/raw").rglob("*.parquet")
    path.write_bytes(b"other")
    assert run(container) == 1
    assert outputs(container) == {}
    assert "raw/toy/year=2026/month=03/day=01/" in (container.root / "output/message").read_text()
