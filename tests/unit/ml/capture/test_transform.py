"""A batch transform's output, read as captured traffic is."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from include.ml.capture.reading import Captured
from include.ml.capture.transform import read_predictions
from include.specs.errors import DataContractError
from tests.shared.captured import DATASET, DAY, GOOD, PLAN

RECORD = {"size": 5, "colour": "red", "since": "2026-01-01", "weight": 1.5, "note": "hello"}


def read(root: Path, *lines: str, limit: float = 0, positional: Sequence[str] | None = None) -> Captured:
    path = root / "rows.csv.out"
    path.write_text("".join(f"{line}\n" for line in lines))
    return read_predictions([path], DATASET, DAY[0], limit=limit, positional=positional)


@pytest.mark.parametrize(
    "line",
    [
        f"{GOOD},0.25",
        f"{GOOD},0.75,0.25",
        f"{GOOD},0.25\r",
        GOOD.replace("hello", '"hello"') + ',"0.25"',
        json.dumps(RECORD | {"SageMakerOutput": 0.25}),
        json.dumps(RECORD | {"SageMakerOutput": {"predictions": [{"score": 0.25}]}}),
        json.dumps({"SageMakerInput": GOOD.split(","), "SageMakerOutput": [0.75, 0.25]}),
    ],
)
def test_every_way_to_join_gives_the_same(tmp_path: Path, line: str) -> None:
    """CSV with the answer behind, objects with SageMakerOutput, and lists beside it."""
    found = read(tmp_path, line, line)
    assert found.table.schema == PLAN.schema
    first, second = found.table.to_pylist()
    assert {name: first[name] for name in RECORD} | {"since": RECORD["since"]} == RECORD
    assert (first["score"], first["inference_time"], first["variant"]) == (0.25, DAY[0], None)
    assert [first["event_id"], second["event_id"]] == ["rows.csv.out#000000001", "rows.csv.out#000000002"]
    assert (found.report.requests, found.report.rows) == (2, 2)


def test_the_input_may_hold_more_than_features(tmp_path: Path) -> None:
    """The id, which the job's input filter kept from the model."""
    names = ("key", "size", "colour", "since", "weight", "note")
    [row] = read(tmp_path, f"k7,{GOOD},yes,0.9", positional=names).table.to_pylist()
    assert (row["key"], row["score"], row["called"]) == ("k7", 0.9, "yes")


def test_a_cell_may_hold_the_comma(tmp_path: Path) -> None:
    """In quotes."""
    [row] = read(tmp_path, GOOD.replace("hello", '"a, ""b"""') + ",0.25").table.to_pylist()
    assert row["note"] == 'a, "b"'


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("0.25", "wrong_columns"),
        (GOOD, "wrong_columns"),
        (f"{GOOD},2", "wrong_output"),
        (GOOD.replace("5", "five", 1) + ",0.2", "wrong_cell"),
        ('{"size": 1', "not_json"),
        (json.dumps(RECORD), "input_without_output"),
        (json.dumps({"SageMakerOutput": 0.5}), "wrong_columns"),
        ('"a",b\rc,0.5', "undecodable_body"),
        ("[" * 700 + "]" * 700, "wrong_columns"),
        ('{"SageMakerOutput": ' + "[" * 2000 + "]" * 2000 + "}", "not_json"),
        ('{"SageMakerOutput": 0.5, "SageMakerInput": "\\ud800"}', "wrong_columns"),
    ],
)
def test_a_bad_line_costs_itself_alone(tmp_path: Path, bad: str, reason: str) -> None:
    """It is counted and shown, and too many are refused."""
    lines = [f"{GOOD},0.25", bad, f"{GOOD},0.75"]
    found = read(tmp_path, *lines, limit=0.5)
    assert found.table["score"].to_pylist() == [0.25, 0.75]
    assert {name: (count.count, count.example.line) for name, count in found.report.bad.items()} == {reason: (1, 2)}
    with pytest.raises(DataContractError, match=reason):
        read(tmp_path, *lines, limit=0.3)


def test_files_of_one_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    """SageMaker keeps the folders of the input; the order of the listing does not matter."""
    paths = [tmp_path / "b" / "x.out", tmp_path / "a" / "x.out"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(f"{GOOD},0.5\n{path.parent.name}")
    found = read_predictions(paths, DATASET, DAY[0], limit=1)
    assert found.table["event_id"].to_pylist() == ["a/x.out#000000001", "b/x.out#000000001"]
    assert found.report.bad["wrong_columns"].example.file == "a/x.out"
    assert found == read_predictions(paths[::-1], DATASET, DAY[0], limit=1)


def test_no_predictions_are_an_empty_table() -> None:
    """As no capture is."""
    assert read_predictions([], DATASET, DAY[0], limit=0).table.schema == PLAN.schema
