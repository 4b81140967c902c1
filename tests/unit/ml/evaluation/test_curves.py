"""Curves are few points of the exact ones."""

import numpy as np
import pytest
from sklearn import metrics

from include.ml.evaluation.curves import CALIBRATION_BINS, POINTS, calibration, confusion, curves, precision_recall, roc
from include.ml.evaluation.measures import measure


@pytest.mark.parametrize("decimals", [None, 1])
def test_the_roc_curve_keeps_its_area(scored, decimals):
    """A few hundred points from (0, 0) to (1, 1) hold the area of all of them."""
    predictions, _ = scored(5000, decimals=decimals)
    curve = roc(predictions)
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert len(curve.x) <= 2 * POINTS + 3
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(measure("roc_auc", predictions).value, abs=1e-3)


def test_precision_recall_points_lie_on_scikit_learns_curve(scored):
    """Each point shown is one of the exact curve's."""
    predictions, _ = scored(2000)
    precision, recall, _ = metrics.precision_recall_curve(predictions.labels, predictions.scores)
    exact = set(zip(recall.round(6), precision.round(6), strict=True))
    shown = precision_recall(predictions)
    assert set(zip(shown.x, shown.y, strict=True)) <= exact
    assert shown.x[-1] == 1


def test_curves_ascend(scored):
    """No curve goes back on itself, so that it can be drawn from left to right."""
    for curve in curves(scored(1000, decimals=2)[0]).values():
        assert list(curve.x) == sorted(curve.x)


def test_calibration_says_what_happened_in_each_tenth(scored):
    """The tenths' shares, weighted, are the base rate, and lie inside their intervals."""
    predictions, _ = scored(1000)
    found = calibration(predictions)
    share, low, high = (np.array(found[name].y) for name in ("calibration", "calibration_low", "calibration_high"))
    assert len(share) == CALIBRATION_BINS
    assert share.mean() == pytest.approx(predictions.positives / predictions.rows, abs=1e-6)
    assert ((low <= share) & (share <= high)).all()


def test_confusion_counts_every_row_once(scored):
    """The four counts are scikit-learn's and add up to the rows."""
    predictions, _ = scored(1000)
    found = confusion(predictions)
    counts = (found.true_negative, found.false_positive, found.false_negative, found.true_positive)
    assert counts == tuple(metrics.confusion_matrix(predictions.labels, predictions.called).ravel())
