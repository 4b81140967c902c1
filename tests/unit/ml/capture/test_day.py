"""A day of traffic, captured or transformed."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from include.ml.capture.day import read_day
from include.specs import s3_layout
from include.specs.errors import PerennialError
from include.specs.model import ModelSpec
from include.specs.monitoring import Monitoring
from tests.shared.captured import DAY, line

DATE = DAY[0].date()
ROW = "5,1.5,red,rome"


def watched(toy: ModelSpec, **facts: Any) -> ModelSpec:
    """The toy, with its traffic kept as `facts` say."""
    return dataclasses.replace(toy, monitoring=Monitoring(**facts))


def put(root: Path, date: dt.date, name: str, *lines: str) -> Path:
    """A file of a day's transforms."""
    path = root / s3_layout.predictions("churn", date) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{each}\n" for each in lines))
    return path


def test_captured_records_are_of_the_day_of_their_inference(toy: ModelSpec, tmp_path: Path) -> None:
    """Whatever folder they are in; what cannot be read is counted, and is no error."""
    path = tmp_path / "churn/AllTraffic/2026/03/02/00/a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(line(ROW, event="one") + line(ROW, event="two", time="2026-03-02T00:00:00Z") + b'{"half')
    found = read_day([path], watched(toy), DATE)
    assert found.table["event_id"].to_pylist() == ["one"]
    assert (found.report.outside, found.report.bad_requests) == (1, 1)


def test_transformed_rows_are_of_the_day_of_their_folder(toy: ModelSpec, tmp_path: Path) -> None:
    """Their time is when that begins; other days, and files that are no outputs, are left alone."""
    files = [
        put(tmp_path, DATE, "b.csv.out", f"{ROW},0.25"),
        put(tmp_path, DATE, "a/a.csv.out", f"{ROW},0.5", "5,red"),
        put(tmp_path, DATE, "input.csv", "size,colour"),
        put(tmp_path, DATE + dt.timedelta(days=1), "c.csv.out", f"{ROW},0.75"),
    ]
    found = read_day(files, watched(toy, source="predictions"), DATE)
    assert found.table["score"].to_pylist() == [0.5, 0.25]
    assert set(found.table["inference_time"].to_pylist()) == {DAY[0]}
    assert (found.report.files, found.report.bad_rows + found.report.bad_requests) == (2, 1)


@pytest.mark.parametrize("source", ["capture", "predictions"])
def test_rows_without_names_have_the_columns_that_the_spec_says(toy: ModelSpec, tmp_path: Path, source: Any) -> None:
    """The id before the features, which the endpoint, or the transform's input filter, keeps from the model."""
    columns = ("key", "size", "weight", "colour", "city")
    if source == "predictions":
        path = put(tmp_path, DATE, "a.out", f"k7,{ROW},0.25")
    else:
        path = tmp_path / "a.jsonl"
        path.write_bytes(line(f"k7,{ROW}"))
    [row] = read_day([path], watched(toy, source=source, input_columns=columns), DATE).table.to_pylist()
    assert (row["key"], row["size"], row["score"]) == ("k7", 5.0, 0.25)


def test_an_output_of_no_day_is_told(toy: ModelSpec, tmp_path: Path) -> None:
    """Rather than guessed."""
    path = tmp_path / "a.out"
    path.write_text("")
    with pytest.raises(PerennialError, match="expected year=YYYY/month=MM/day=DD/ in the key"):
        read_day([path], watched(toy, source="predictions"), DATE)


def test_without_files_there_are_no_rows(toy: ModelSpec) -> None:
    """Neither way."""
    for source in ("capture", "predictions"):
        assert len(read_day([], watched(toy, source=source), DATE).table) == 0
