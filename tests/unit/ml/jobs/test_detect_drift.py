"""Two files from the command line."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.ml.jobs import detect_drift
from include.specs import codec
from include.specs.drift import DriftReport


def write(path: Path, seed: int, shift: float = 0.0) -> Path:
    """A file of one number, one level, an id, and scores."""
    rng = np.random.default_rng(seed)
    columns = {
        "size": rng.normal(shift, 1, 600),
        "colour": rng.choice(["red", "blue"], 600),
        "key": [f"k{number}" for number in range(600)],
        "score": rng.random(600),
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "stable"), (1.0, "drift")])
def test_a_verdict_is_no_failure(
    shift: float, verdict: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is written, the summary printed, and the exit code is 0 either way."""
    files = [
        "--baseline",
        str(write(tmp_path / "a.parquet", 1)),
        "--current",
        str(write(tmp_path / "b.parquet", 2, shift)),
    ]
    out = tmp_path / "deep/out"
    assert detect_drift.main([*files, "--out", str(out), "--id", "key", "--score", "score", "--no-classifier"]) == 0
    report = codec.decode(DriftReport, (out / "drift.json").read_bytes(), source="drift.json")
    assert (report.verdict, report.prediction is not None) == (verdict, True)
    printed = capsys.readouterr().out
    assert f"verdict: {verdict}" in printed
    assert str(out / "drift.json") in printed


def test_only_named_columns(tmp_path: Path) -> None:
    """With commas between."""
    sides = [str(write(tmp_path / f"{seed}.parquet", seed)) for seed in (1, 2)]
    arguments = ["--baseline", sides[0], "--current", sides[1], "--out", str(tmp_path)]
    assert detect_drift.main([*arguments, "--columns", "size,colour", "--streaming"]) == 0
    report = codec.decode(DriftReport, (tmp_path / "drift.json").read_bytes(), source="drift.json")
    assert [feature.name for feature in report.features] == ["size", "colour"]
    assert report.separability.roc_auc.value == pytest.approx(0.5, abs=0.1)


def test_an_error_is_one_line_and_leaves_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the file."""
    path = str(write(tmp_path / "a.parquet", 1))
    arguments = ["--baseline", path, "--current", str(tmp_path / "b.parquet"), "--out", str(tmp_path / "out")]
    assert detect_drift.main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("detect_drift: ")
    assert "b.parquet: expected a Parquet file" in captured.err
    assert (captured.out, (tmp_path / "out").exists()) == ("", False)
