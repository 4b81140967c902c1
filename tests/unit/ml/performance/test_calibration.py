"""Which map is learnt from a baseline, and what it says of itself."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.ml.baseline.statistics import write_sample
from include.ml.performance.calibration import calibration, read_calibration
from include.ml.performance.probabilities import unchanged
from include.specs.errors import ReportError
from tests.unit.ml.performance.served_days import bent, drawn

HOLD_OUT = drawn(3000, seed=1)


def test_a_line_is_enough_for_scores_that_are_probabilities() -> None:
    """Isotonic regression has nothing to gain there."""
    found = calibration(HOLD_OUT.scores, HOLD_OUT.labels)
    assert found.calibrated
    assert found.basis.startswith(f"the baseline has {HOLD_OUT.positives} positive and {HOLD_OUT.negatives} negative")
    assert found.basis.endswith("calibrated by the line")


def test_isotonic_regression_is_taken_where_it_pays() -> None:
    """Scores that are bent as no line is."""
    found = calibration(bent(HOLD_OUT.scores), HOLD_OUT.labels)
    assert found.basis.endswith("calibrated by that")


def test_an_old_baseline_has_no_labels(tmp_path: Path) -> None:
    """It is still read: scores are taken as they are, and the report says so."""
    write_sample(tmp_path / "old.parquet", pa.table({"size": np.ones(3000)}), HOLD_OUT.scores, seed=0)
    found = read_calibration(tmp_path / "old.parquet")
    assert found.curve is unchanged
    assert found.variance(HOLD_OUT.scores, np.ones(3000)) == 0
    assert not found.calibrated
    assert "the baseline has no labels" in found.basis


def test_a_baseline_with_labels_is_calibrated(tmp_path: Path) -> None:
    """By the rows of its sample, of which this one has all."""
    features = pa.table({"size": np.ones(3000)})
    write_sample(tmp_path / "new.parquet", features, HOLD_OUT.scores, seed=0, labels=HOLD_OUT.labels)
    found, known = read_calibration(tmp_path / "new.parquet"), calibration(HOLD_OUT.scores, HOLD_OUT.labels)
    assert found.basis == known.basis
    assert found.curve(np.array([0.3])) == known.curve(np.array([0.3]))


@pytest.mark.parametrize("positives", [0, 29, 2971, 3000])
def test_few_rows_of_a_class_teach_nothing(positives: int) -> None:
    """Whichever it is."""
    found = calibration(HOLD_OUT.scores, np.arange(3000) < positives)
    assert not found.calibrated
    assert "it takes 30 of each" in found.basis


def test_a_baseline_that_is_none_is_refused(tmp_path: Path) -> None:
    """No file, one that is no Parquet, or one without scores."""
    with pytest.raises(ReportError, match="found no such file; approve another version"):
        read_calibration(tmp_path / "gone.parquet")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    with pytest.raises(ReportError, match=r"cut\.parquet: expected the baseline's sample as a Parquet file"):
        read_calibration(tmp_path / "cut.parquet")
    pq.write_table(pa.table({"size": [1.0]}), tmp_path / "other.parquet")
    with pytest.raises(ReportError, match="expected the column 'score', found size"):
        read_calibration(tmp_path / "other.parquet")


def test_two_looks_give_the_same_map() -> None:
    """Folds are drawn by a seed."""
    one, other = (calibration(bent(HOLD_OUT.scores), HOLD_OUT.labels) for _ in range(2))
    assert one.basis == other.basis
    assert (one.curve(HOLD_OUT.scores) == other.curve(HOLD_OUT.scores)).all()


@pytest.mark.parametrize("bend", [False, True])
def test_variance_is_that_of_other_hold_outs(bend: bool) -> None:
    """Of the mean probability of one day, over forty hold-outs that the map might have been learnt on. What a line
    knows better is not believed: it may be none."""
    day = drawn(400, seed=10**6, mean=0.5)
    turned = bent if bend else np.copy
    scores, slope = turned(day.scores), np.full(400, 1 / 400)
    learnt = [calibration(turned(one.scores), one.labels) for one in (drawn(600, seed=seed) for seed in range(40))]
    means = [float(found.curve(scores) @ slope) for found in learnt]
    told = np.sqrt(np.mean([found.variance(scores, slope) for found in learnt]))
    assert 0.75 < told / np.std(means) < 1.5
    assert np.mean(means) == pytest.approx(day.scores.mean(), abs=0.015)


def test_doubt_does_not_shrink_with_the_day() -> None:
    """A day of the same rows ten times over has the same doubt, since it is the hold-out's; another hold-out of ten
    times the rows has a tenth of it."""
    scores = drawn(300, seed=2).scores
    small, large = (calibration(one.scores, one.labels) for one in (drawn(600, seed=3), drawn(6000, seed=3)))
    once, often = (small.variance(np.tile(scores, times), np.full(300 * times, 1 / (300 * times))) for times in (1, 10))
    assert once == pytest.approx(often)
    assert large.variance(scores, np.full(300, 1 / 300)) == pytest.approx(once / 10, rel=0.3)
