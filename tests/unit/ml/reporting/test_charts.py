"""Where things are drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.reporting.charts import (
    BOTTOM,
    LEFT,
    MOST_TICKS,
    RIGHT,
    TOP,
    Scale,
    calibration_chart,
    precision_recall_chart,
    roc_chart,
)
from include.specs.reports import Confusion, Curve

CHOSEN = Confusion(threshold=0.5, true_positive=30, false_positive=20, false_negative=10, true_negative=80)
NOBODY = Confusion(threshold=0.9, true_positive=0, false_positive=0, false_negative=40, true_negative=100)


def curves(x, y) -> dict:
    """One model whose curves are all the same."""
    line = Curve(x=tuple(x), y=tuple(y))
    names = ("roc", "precision_recall", "calibration", "calibration_low", "calibration_high")
    return {"candidate": dict.fromkeys(names, line)}


def test_corners_are_corners():
    """(0, 0) is at the lower left, (1, 1) at the upper right."""
    (line,) = [line for line in roc_chart(curves((0, 1), (0, 1)), CHOSEN).lines if line.style == "candidate"]
    assert line.points == f"{LEFT},{BOTTOM} {RIGHT},{TOP}"


def test_the_threshold_is_marked_where_the_confusion_puts_it():
    """Recall 0.75 at a false-positive rate of 0.2 and a precision of 0.6."""
    x, y = Scale(low=0, high=1, start=LEFT, end=RIGHT), Scale(low=0, high=1, start=BOTTOM, end=TOP)
    roc, precise = (chart(curves((0, 1), (0, 1)), CHOSEN).point for chart in (roc_chart, precision_recall_chart))
    assert (roc.x, roc.y) == (x(0.2), y(0.75))
    assert (precise.x, precise.y) == (x(0.75), y(0.6))


def test_a_model_that_calls_nobody_has_no_precision_to_mark():
    """The ROC curve has its origin marked, the other nothing."""
    assert precision_recall_chart(curves((0, 1), (0, 1)), NOBODY).point is None
    assert roc_chart(curves((0, 1), (0, 1)), NOBODY).point.x == LEFT


def test_the_candidate_lies_over_the_champion():
    """What is drawn last is on top, and the legend's order is the other way round."""
    both = {**curves((0, 1), (0, 1)), "champion": curves((0, 1), (0, 1))["candidate"]}
    assert [line.style for line in roc_chart(both, CHOSEN).lines] == ["reference", "champion", "candidate"]


@given(st.floats(1e-9, 1))
def test_ticks_are_few_round_and_inside(top):
    """However rare the event, an axis has a handful of ticks from zero on."""
    chart = calibration_chart(curves((0, top), (0, top)))
    assert 2 <= len(chart.x_ticks) <= MOST_TICKS + 1
    assert chart.x_ticks[0].text == "0"
    assert all(LEFT <= tick.at <= RIGHT for tick in chart.x_ticks)
    assert all(len(tick.text) <= 8 for tick in chart.x_ticks)


@pytest.mark.parametrize(("value", "at"), [(-1, 0), (0.5, 50), (2, 100)])
def test_what_is_outside_ends_at_the_border(value, at):
    """A value outside the scale is drawn at its end, not over the text beside it."""
    assert Scale(low=0, high=1, start=0, end=100)(value) == at
