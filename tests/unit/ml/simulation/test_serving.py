"""What is captured of a day is read back as what the model was asked and what it said."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.pipeline import Pipeline

from include.ml.capture.reading import Captured, read_capture
from include.ml.data import contract
from include.ml.data.arrays import to_numpy
from include.ml.data.landing import LandingFile
from include.ml.data.synthetic import synthesise
from include.ml.features.pipeline import build_pipeline, features_frame
from include.ml.features.pipeline import labels as known_labels
from include.ml.simulation.changes import Broken, Change
from include.ml.simulation.scenario import Scenario
from include.ml.simulation.serving import Served, labels, serve, write_day
from include.ml.simulation.traffic import Day, day
from include.specs.errors import DataContractError
from include.specs.model import ModelSpec

DATE = dt.date(2026, 3, 1)
DAY = (dt.datetime(2026, 3, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
THRESHOLD = 0.4


@pytest.fixture
def pipeline(events: ModelSpec) -> Pipeline:
    made = synthesise(events.dataset, rows=600, seed=9, until=DATE)
    rows = contract.check([LandingFile(name="made up", rows=made)], events.dataset).rows
    known = rows.filter(rows["left"].is_valid())
    return build_pipeline(events).fit(features_frame(known, events), known_labels(known, events))


def of(model: ModelSpec, *changes: Change) -> Day:
    return day(model.dataset, Scenario(changes=changes), date=DATE, index=0, rows=200, seed=1)


def captured(root: Path, found: Day, served: Served, model: ModelSpec, *, limit: float = 0.0) -> Captured:
    files = write_day(root, found, served, model, variant="main", seed=1)
    return read_capture(files, model.dataset, DAY, limit=limit)


def test_what_is_captured_is_what_was_asked_and_answered(tmp_path: Path, events: ModelSpec, pipeline: Pipeline) -> None:
    """Each row with its key, its time, its score and its class; nothing is lost."""
    found = of(events)
    served = serve(found.features, pipeline, events, THRESHOLD)
    table = captured(tmp_path, found, served, events).table.sort_by("inference_id")
    order = pa.array(np.argsort(found.ids.to_pylist()))
    assert table["inference_id"].combine_chunks() == found.ids.take(order)
    assert table["inference_time"].combine_chunks() == found.event_times.take(order)
    for name in found.features.column_names:
        assert table[name].combine_chunks() == found.features[name].combine_chunks().take(order), name
    assert to_numpy(table["score"]).tolist() == served.scores[to_numpy(order)].tolist()
    assert served.called.tolist() == (served.scores >= THRESHOLD).tolist()


def test_a_body_holds_features_alone(tmp_path: Path, events: ModelSpec, pipeline: Pipeline) -> None:
    """In the spec's order: no label, no time, no key."""
    found = of(events)
    path = write_day(
        tmp_path, found, serve(found.features, pipeline, events, THRESHOLD), events, variant="main", seed=1
    )[0]
    record = json.loads(path.read_text().splitlines()[0])
    first = found.features.slice(0, 1).to_pylist()[0]
    cells = ["" if value is None else str(value) for value in first.values()]
    assert record["captureData"]["endpointInput"]["data"] == ",".join(cells) + "\n"
    assert list(first) == ["size", "weight", "colour", "city"]
    assert record["eventMetadata"]["inferenceId"] == found.ids[0].as_py()
    assert path.parent.relative_to(tmp_path).as_posix() == "capture/toy/main/2026/03/01/00"


def test_requests_are_told_apart_and_always_named_alike(tmp_path: Path, events: ModelSpec, pipeline: Pipeline) -> None:
    """Also those of a row that comes twice; another seed or variant names them otherwise."""
    found = of(events, Broken(how="duplicated", share=0.5))
    served = serve(found.features, pipeline, events, THRESHOLD)
    arguments = [("a", "main", 1), ("b", "main", 1), ("c", "main", 2), ("d", "other", 1)]
    names = []
    for folder, variant, seed in arguments:
        files = write_day(tmp_path / folder, found, served, events, variant=variant, seed=seed)
        lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
        names.append({line["eventMetadata"]["eventId"] for line in lines})
    assert names[0] == names[1]
    assert len(names[0]) == len(found.ids) > 200
    assert not names[0] & names[2]
    assert not names[0] & names[3]


def test_a_column_that_is_not_sent_is_blank_to_the_model(tmp_path: Path, events: ModelSpec, pipeline: Pipeline) -> None:
    """Every request is one cell short, which the reader of the capture says."""
    missing, blank = (of(events, Broken(how=how, column="size")) for how in ("missing", "all_null"))
    answers = [serve(found.features, pipeline, events, THRESHOLD).scores for found in (missing, blank)]
    assert answers[0].tolist() == answers[1].tolist()
    served = serve(missing.features, pipeline, events, THRESHOLD)
    with pytest.raises(DataContractError, match=r"200 x wrong_columns .*expected 4 cells"):
        captured(tmp_path, missing, served, events)


def test_text_for_a_number_is_blank_to_the_model(tmp_path: Path, events: ModelSpec, pipeline: Pipeline) -> None:
    """A decimal comma is quoted in the body, and no number to the reader of the capture."""
    found, blank = (of(events, Broken(how=how, column="size")) for how in ("text", "all_null"))
    served = serve(found.features, pipeline, events, THRESHOLD)
    decimal = np.array([text is not None and "," in text for text in found.features["size"].to_pylist()])
    expected = serve(blank.features, pipeline, events, THRESHOLD).scores
    assert decimal.mean() > 0.9
    assert served.scores[decimal].tolist() == expected[decimal].tolist()
    report = captured(tmp_path, found, served, events, limit=1.0).report
    assert report.bad["wrong_cell"].count == decimal.sum()


def test_a_row_has_one_label_however_often_it_comes(events: ModelSpec) -> None:
    """By its key, with when it is known."""
    found = of(events, Broken(how="duplicated", share=0.5))
    table = labels(found)
    assert table.schema.names == ["id", "label", "label_time"]
    assert table["label_time"].type == pa.timestamp("us", "UTC")
    assert len(table) == 200 < len(found.ids)
    known = dict(zip(found.ids.to_pylist(), found.labels.to_pylist(), strict=True))
    assert dict(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True)) == known
