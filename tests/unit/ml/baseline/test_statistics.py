"""What drift will compare with."""

import dataclasses
import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.baseline import statistics
from include.ml.baseline.statistics import (
    QUANTILES,
    SAMPLE_ROWS,
    SCORE,
    categorical_baseline,
    describe,
    numeric_baseline,
    quantiles,
    write_sample,
)
from include.ml.evaluation.predictions import Predictions
from include.specs import catalog, codec
from include.specs.baseline import BaselineReport, CategoricalBaseline, NumericBaseline
from include.specs.dataset import LABEL_IS_POSITIVE, Column
from include.specs.errors import ReportError

NUMBER = Column(name="tenure", kind="numeric", missing=True)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_quantiles_ascend_from_the_smallest_to_the_largest(values):
    """Whatever the numbers, the profile starts at their minimum and ends at their maximum."""
    found = quantiles(np.array(values))
    assert len(found) == QUANTILES
    assert (found[0], found[-1]) == (min(values), max(values))
    assert list(found) == sorted(found)


def test_blank_numbers_are_counted_and_left_out():
    """Quantiles are of what is there."""
    found = numeric_baseline(pa.chunked_array([[1.0, None], [None, 5.0]]), NUMBER)
    assert (found.rows, found.missing, found.quantiles[0], found.quantiles[-1]) == (4, 2, 1.0, 5.0)


def test_a_column_of_blanks_has_no_quantiles():
    """Nothing is invented for a column without a value."""
    found = numeric_baseline(pa.chunked_array([pa.array([None, None], pa.float64())]), NUMBER)
    assert (found.missing, found.quantiles) == (2, ())


def test_times_are_seconds():
    """A timestamp's quantiles are seconds since 1970, whatever its unit."""
    moment = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
    column = pa.chunked_array([pa.array([moment], pa.timestamp("us", "UTC"))])
    assert numeric_baseline(column, Column(name="at", kind="timestamp")).quantiles[50] == 86_400


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_infinities_are_refused(wrong):
    """A baseline with a number that is none would compare with nothing."""
    with pytest.raises(ReportError, match="tenure: expected finite numbers"):
        numeric_baseline(pa.chunked_array([[1.0, wrong]]), NUMBER)


@pytest.mark.parametrize("coded", [False, True])
def test_levels_are_counted_by_size_and_name(coded):
    """Text and coded columns give the same counts, in the same order."""
    values = pa.chunked_array([["b", "a", None], ["c", "c"]])
    found = categorical_baseline(values.dictionary_encode() if coded else values)
    assert list(found.levels.items()) == [("c", 2), ("a", 1), ("b", 1)]
    assert (found.rows, found.missing, found.distinct, found.other) == (5, 1, 3, 0)


def test_rare_levels_of_a_large_set_are_pooled(monkeypatch):
    """The file is bounded: what is not listed is counted."""
    monkeypatch.setattr(statistics, "LEVELS", 2)
    found = categorical_baseline(pa.chunked_array([["a", "a", "b", "b", "c", "d"]]))
    assert (found.levels, found.other, found.distinct) == ({"a": 2, "b": 2}, 2, 4)


def test_every_feature_and_the_predictions_are_described():
    """Numbers by quantiles, levels by counts, scores and calls; and it survives being written and read."""
    model = catalog.model("churn")
    rows = 40
    features = pa.table(
        {
            column.name: pa.array(np.arange(rows, dtype=float))
            if column.kind == "numeric"
            else pa.array([column.levels[row % len(column.levels)] for row in range(rows)])
            for column in model.dataset.features
        }
    )
    predictions = Predictions(labels=np.arange(rows) < 10, scores=np.linspace(0, 1, rows), threshold=0.5)
    found = describe(features, predictions, model, run="run-1", sha256="0" * 64)
    assert {*found.numeric, *found.categorical} == {column.name for column in model.dataset.features}
    assert found.numeric["tenure"].quantiles[-1] == rows - 1
    assert found.categorical["gender"].levels == {"Female": 20, "Male": 20}
    assert (found.prediction.positive_rate, found.prediction.quantiles[50]) == (0.5, 0.5)
    assert codec.decode(BaselineReport, codec.encode(found), source="test") == found


def test_a_sample_keeps_rows_whole_and_is_bounded(tmp_path):
    """Each sampled row has its own score, rows stay in order, and another seed draws others."""
    rows = SAMPLE_ROWS + 500
    features = pa.table({"number": np.arange(rows, dtype=float), "level": pa.array(["a", "b"] * (rows // 2))})
    features = features.set_column(1, "level", features["level"].dictionary_encode())
    drawn = {}
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        write_sample(tmp_path / name, features, np.arange(rows) / rows, seed=seed)
        drawn[name] = (tmp_path / name).read_bytes()
    assert drawn["one"] == drawn["again"] != drawn["other"]
    sample = pq.read_table(tmp_path / "one")
    numbers = np.array(sample["number"].to_pylist())
    assert len(numbers) == SAMPLE_ROWS
    assert (np.diff(numbers) > 0).all()
    assert sample[SCORE].to_pylist() == (numbers / rows).tolist()
    assert sample.schema.field("level").type == pa.string()


def test_a_small_hold_out_is_sampled_whole(tmp_path):
    """Fewer rows than the bound are all there."""
    write_sample(tmp_path / "sample", pa.table({"number": [3.0, 1.0]}), np.array([0.1, 0.2]), seed=0)
    assert pq.read_table(tmp_path / "sample").to_pydict() == {"number": [3.0, 1.0], SCORE: [0.1, 0.2]}


def test_a_sample_has_the_labels_of_its_rows(tmp_path):
    """Beside the score, when they are given; they are for calibration."""
    labels = np.arange(4) % 2 == 1
    write_sample(tmp_path / "sample", pa.table({"label": [3.0, 1.0, 4.0, 1.0]}), np.ones(4) / 2, seed=0, labels=labels)
    found = pq.read_table(tmp_path / "sample")
    assert found.column_names == ["label", SCORE, LABEL_IS_POSITIVE]
    assert found[LABEL_IS_POSITIVE].to_pylist() == [False, True, False, True]


def test_labels_are_chosen_with_their_rows(tmp_path):
    """Of an entity, those of its last row."""
    entities = pa.chunked_array([["a", "a", "b"]])
    labels = np.array([True, False, True])
    table = pa.table({"number": [1.0, 2.0, 3.0]})
    write_sample(tmp_path / "sample", table, np.ones(3) / 2, seed=0, labels=labels, entities=entities)
    found = pq.read_table(tmp_path / "sample").to_pydict()
    assert (found["number"], found[LABEL_IS_POSITIVE]) == ([2.0, 3.0], [False, True])


def test_a_baseline_that_contradicts_itself_is_refused():
    """Counts that do not add up and quantiles that fall are not baselines."""
    with pytest.raises(ReportError, match="add up to 3 rows, got 4"):
        CategoricalBaseline(rows=3, missing=1, distinct=1, levels={"a": 3})
    with pytest.raises(ReportError, match="quantiles must ascend"):
        NumericBaseline(rows=3, missing=0, quantiles=(2.0, 1.0))
    whole = CategoricalBaseline(rows=4, missing=1, distinct=1, levels={"a": 3})
    assert dataclasses.replace(whole, rows=5, other=1).other == 1
