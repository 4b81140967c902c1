"""Made-up landing files from the command line."""

import datetime as dt
from pathlib import Path

import pyarrow.csv
import pytest

from include.ml.data import contract, landing
from include.ml.jobs import synthesise
from include.specs import catalog


@pytest.mark.parametrize("model", sorted(catalog.load()))
def test_the_file_passes_the_contract(model: str, tmp_path: Path) -> None:
    """Read back as an ingestion would."""
    out = tmp_path / "deep/rows.csv"
    assert synthesise.main(["--model", model, "--out", str(out), "--rows", "500"]) == 0
    dataset = catalog.model(model).dataset
    checked = contract.check([landing.read(out, "rows.csv", dataset)], dataset)
    assert (checked.rows.num_rows, checked.quarantined) == (500, {})


def test_the_same_arguments_make_the_same_file(tmp_path: Path) -> None:
    """And another seed another."""
    out = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path, seed in zip(out, ("1", "1", "2"), strict=True):
        synthesise.main(["--model", "churn", "--out", str(path), "--rows", "50", "--seed", seed])
    assert out[0].read_bytes() == out[1].read_bytes() != out[2].read_bytes()


def test_rows_and_seed_are_the_specs_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log says what was made."""
    out = tmp_path / "rows.csv"
    assert synthesise.main(["--model", "churn", "--out", str(out)]) == 0
    recipe = catalog.model("churn").dataset.synthetic
    assert pyarrow.csv.read_csv(out).num_rows == recipe.rows
    assert f"{recipe.rows} made-up rows of churn, seed {recipe.seed}" in capsys.readouterr().out


def test_events_end_before_the_date_that_is_given(tmp_path: Path) -> None:
    """The clock is an argument."""
    out = tmp_path / "rows.csv"
    synthesise.main(["--model", "fraud", "--out", str(out), "--rows", "500", "--until", "2024-05-01"])
    newest = max(pyarrow.csv.read_csv(out)["EVENT_TIMESTAMP"].to_pylist())
    assert dt.date(2024, 4, 25) < newest.date() < dt.date(2024, 5, 1)


def test_an_unknown_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the names there are, and without a file."""
    out = tmp_path / "rows.csv"
    assert synthesise.main(["--model", "nonsense", "--out", str(out)]) == 1
    assert str(sorted(catalog.load())) in capsys.readouterr().err
    assert not out.exists()


def test_a_number_of_rows_below_one_is_refused(tmp_path: Path) -> None:
    """By the command line's own parser."""
    with pytest.raises(SystemExit):
        synthesise.main(["--model", "churn", "--out", str(tmp_path / "rows.csv"), "--rows", "0"])
