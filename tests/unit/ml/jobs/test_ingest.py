"""The ingest job leaves a partition, its quarantine and a report; or a reason, and nothing else."""

import datetime as dt
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.ml.container import Container, run_job
from include.ml.jobs import ingest
from include.specs import catalog, codec
from include.specs.model import ModelSpec
from include.specs.partition import IngestionReport
from include.specs.run import IngestionRun

TELCO = Path(__file__).parents[5] / "shared/data/telco/Telco-Customer-Churn.csv"
FRAUD = Path(__file__).parents[5] / "shared/data/aws_fraud/transaction_data_2K_coldstart.csv"


def report(container: Container) -> IngestionReport:
    path = container.output("report") / "ingestion.json"
    return codec.decode(IngestionReport, path.read_bytes(), source=str(path))


def outputs(container: Container) -> list[str]:
    return sorted(path.name for path in (container.root / "processing/output").rglob("*") if path.is_file())


def set_aside(container: Container) -> list[str]:
    """The lines of the file of rejected rows."""
    rejected = report(container).rejected
    assert rejected is not None
    return (container.output("quarantine") / rejected.name).read_text().splitlines()


def run(container: Container) -> int:
    return run_job("ingest", ingest.main, ["--root", str(container.root)])


def test_a_partition_holds_the_rows_of_all_files_in_key_order(workshop, toy: ModelSpec, rows_csv) -> None:
    """Typed, with what the manifest needs to name it."""
    container = workshop.landing(toy, {"b.csv": rows_csv(toy, 30, seed=2), "a.csv": rows_csv(toy, 20, seed=1)})
    assert run(container) == 0
    found = report(container)
    (part,) = found.files
    rows = pq.read_table(container.output("partition") / part.name)
    assert (found.rows_read, found.rows, part.rows, len(rows)) == (50, 50, 50, 50)
    assert [key.partition("-")[0] for key in rows["key"].to_pylist()] == ["1"] * 20 + ["2"] * 30
    assert found.columns["size"] == "double"
    assert outputs(container) == sorted([part.name, "ingestion.json"])


def test_a_bad_row_goes_to_quarantine(workshop, toy: ModelSpec, rows_csv, capsys) -> None:
    """It is counted in the report and said in the log."""
    content = rows_csv(toy, 100) + b"bad,abc,1,red,Oslo,,no\n"
    container = workshop.landing(toy, {"a.csv": content})
    assert run(container) == 0
    assert report(container).quarantined == {"size: not a number": 1}
    quarantine = set_aside(container)
    assert quarantine[1] == "bad,abc,1,red,Oslo,,no,size: not a number: 'abc'"
    assert "quarantined 1 rows: size: not a number" in capsys.readouterr().out


def test_a_line_of_too_many_cells_is_kept_whole(workshop, toy: ModelSpec, rows_csv) -> None:
    """What is one too many may be what explains the line; a short one beside it has none."""
    container = workshop.landing(toy, {"a.csv": rows_csv(toy, 100) + b'k,1,1,red,Oslo,,no,"so, too"\nshort\n'})
    assert run(container) == 0
    quarantine = set_aside(container)
    assert quarantine == [
        "key,size,weight,colour,city,note,left,_reason,_surplus",
        'k,1,1,red,Oslo,,no,"wrong number of cells: 8, the header has 7","""so, too"""',
        'short,,,,,,,"wrong number of cells: 1, the header has 7",',
    ]


def test_too_many_bad_rows_leave_no_output(workshop, toy: ModelSpec, rows_csv) -> None:
    """Not even the quarantine: what is refused was never there; the reason is where SageMaker looks."""
    content = rows_csv(toy, 20) + b"bad,abc,1,red,Oslo,,no\n"
    container = workshop.landing(toy, {"a.csv": content})
    assert run(container) == 1
    assert outputs(container) == []
    reason = (container.root / "output/message").read_text()
    assert "year=2026/month=03/day=01/a.csv: 1 of 21 rows (4.76%)" in reason


def test_the_same_files_give_the_same_bytes(workshop, toy: ModelSpec, rows_csv) -> None:
    """Run twice, byte for byte, quarantine included."""
    content = rows_csv(toy, 100) + b"bad,abc,1,red,Oslo,,no\nshort\n"
    container = workshop.landing(toy, {"a.csv": content})
    seen = []
    for _ in range(2):
        run(container)
        folder = container.root / "processing/output"
        seen.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    assert seen[0] == seen[1]
    assert len(seen[0]) == 3


def test_a_file_that_the_run_names_and_nobody_holds_is_missed(workshop, toy: ModelSpec, rows_csv) -> None:
    """By its key."""
    container = workshop.landing(toy, {"a.csv": rows_csv(toy, 20), "b.csv": rows_csv(toy, 20, seed=2)})
    (container.root / "processing/input/landing/year=2026/month=03/day=01/b.csv").unlink()
    assert run(container) == 1
    assert "day=01/b.csv" in (container.root / "output/message").read_text()
    assert outputs(container) == []


def test_a_key_cannot_lead_out_of_the_channel(workshop, toy: ModelSpec, rows_csv) -> None:
    """Whoever wrote it."""
    container = workshop.landing(toy, {"../../../../../../secret.csv": rows_csv(toy, 20)})
    assert run(container) == 1
    assert "does not hold it" in (container.root / "output/message").read_text()


def test_a_run_without_files_is_refused(workshop, toy: ModelSpec) -> None:
    """A partition of nothing would look like a day without rows."""
    container = workshop.landing(toy, {})
    (container.root / "processing/input/landing").mkdir(parents=True)
    assert run(container) == 1
    assert "at least one landing file" in (container.root / "output/message").read_text()


@pytest.mark.parametrize(("model", "path", "rows"), [("churn", TELCO, 7043), ("fraud", FRAUD, 1611)])
def test_the_real_files_go_in_as_they_are(workshop, model: str, path: Path, rows: int) -> None:
    """Every row; blanks of TotalCharges and labels to come are facts, not faults."""
    if not path.is_file():
        pytest.skip(f"the real data is not here: {path.name}")
    container = workshop.landing(catalog.model(model), {path.name: path.read_bytes()})
    assert run(container) == 0
    assert (report(container).rows, report(container).quarantined) == (rows, {})
    assert container.config(IngestionRun).date == dt.date(2026, 3, 1)
