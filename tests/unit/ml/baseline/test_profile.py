"""The profile of a hold-out, and the version that it belongs to."""

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from include.ml.baseline.profile import bound, read_hold_out
from include.ml.baseline.statistics import describe
from include.ml.evaluation.predictions import Predictions
from include.specs.baseline import BaselineReport
from include.specs.dataset import Column
from include.specs.errors import ReportError
from include.specs.model import ModelSpec

ROWS = 6
FEATURES = pa.table(
    {
        "size": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "weight": pa.array([None, 1.0, 1.0, 2.0, 2.0, 3.0]),
        "colour": pa.array(["red", "red", "green", "blue", "red", None]).dictionary_encode(),
        "city": pa.array(["a", "b", "c", "d", "e", "f"]).dictionary_encode(),
    }
)
PREDICTIONS = Predictions(
    labels=np.arange(ROWS) % 2 == 0, scores=np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8]), threshold=0.55
)


@pytest.fixture
def statistics(toy: ModelSpec) -> BaselineReport:
    return describe(FEATURES, PREDICTIONS, toy, run="run-1", sha256="0" * 64)


def test_every_row_is_counted(toy: ModelSpec, statistics: BaselineReport, tmp_path: Path) -> None:
    """Numbers, levels, blank cells, and scores at the threshold."""
    kept = bound(statistics, tmp_path / "p", FEATURES, PREDICTIONS, toy)
    profile = read_hold_out(tmp_path / "p", kept)
    assert profile is not None
    assert profile.numeric(toy.dataset.column("size")).values.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert profile.numeric(toy.dataset.column("weight")).missing == 1
    assert profile.levels(toy.dataset.column("colour")).counts == {"red": 3, "blue": 1, "green": 1}
    assert 0.55 in profile.numeric(Column(name="score", kind="numeric")).points


def test_an_entity_counts_once(toy: ModelSpec, statistics: BaselineReport, tmp_path: Path) -> None:
    """By its last row; how many rows there were is kept."""
    entities = pa.chunked_array([["x", "x", "y", "y", "z", "z"]])
    profile = read_hold_out(
        tmp_path / "p", bound(statistics, tmp_path / "p", FEATURES, PREDICTIONS, toy, entities=entities)
    )
    assert profile is not None
    assert (profile.rows, profile.independent) == (6, 3)
    assert profile.numeric(toy.dataset.column("size")).values.tolist() == [2.0, 4.0, 6.0]


def test_a_moment_is_kept_by_its_time_of_day(events: ModelSpec, statistics: BaselineReport, tmp_path: Path) -> None:
    """As the day's are compared."""
    columns = tuple(
        dataclasses.replace(column, role="feature") if column.name == "at" else column
        for column in events.dataset.columns
    )
    model = dataclasses.replace(events, dataset=dataclasses.replace(events.dataset, columns=columns))
    moments = [dt.datetime(2026, 3, day, 1, tzinfo=dt.UTC) for day in range(1, ROWS + 1)]
    features = FEATURES.append_column("at", pa.array(moments, pa.timestamp("us", "UTC")))
    kept = bound(statistics, tmp_path / "p", features, PREDICTIONS, model)
    profile = read_hold_out(tmp_path / "p", kept)
    assert profile is not None
    assert set(profile.numeric(model.dataset.column("at")).values.tolist()) == {3600.0}


def test_a_version_from_before_there_were_profiles_has_none(statistics: BaselineReport, tmp_path: Path) -> None:
    """Its sample is compared with."""
    assert read_hold_out(tmp_path / "p", statistics) is None


def test_another_versions_profile_is_refused(toy: ModelSpec, statistics: BaselineReport, tmp_path: Path) -> None:
    """Even one of the same columns: its digest is not the one that this version's statistics name."""
    kept = bound(statistics, tmp_path / "p", FEATURES, PREDICTIONS, toy)
    bound(statistics, tmp_path / "p", FEATURES.take(pa.array([5, 4, 3, 2, 1, 1])), PREDICTIONS, toy)
    with pytest.raises(ReportError, match="expected the profile of toy from the run run-1, with the SHA-256"):
        read_hold_out(tmp_path / "p", kept)


def test_what_the_scores_go_by_is_kept(toy: ModelSpec, statistics: BaselineReport, tmp_path: Path) -> None:
    """Of the rows that count: here the size, which the scores follow."""
    features = pa.concat_tables([FEATURES] * 10)
    predictions = Predictions(labels=np.arange(60) % 2 == 0, scores=np.tile(PREDICTIONS.scores, 10), threshold=0.5)
    kept = bound(statistics, tmp_path / "p", features, predictions, toy)
    assert kept.attributions["size"] == kept.attributions["city"] == 1.0
    assert 0 < kept.attributions["colour"] < 1
    people = pa.chunked_array([[str(row % 6) for row in range(60)]])
    assert bound(statistics, tmp_path / "q", features, predictions, toy, entities=people).attributions["size"] == 0.0
