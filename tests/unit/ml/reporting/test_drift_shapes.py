"""Where the outlines and bars of a feature are drawn."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from include.ml.reporting import drift_shapes
from include.ml.reporting.charts import Scale
from include.ml.reporting.drift_shapes import BOTTOM, LEFT, MOST_LEVELS, MOST_TICKS, RIGHT, TOP, drawable, histogram
from include.specs.drift import Shape

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def shapes(draw) -> Shape:
    """Bins of any widths, none at all included, anywhere."""
    edges = sorted(draw(st.lists(FLOATS, min_size=2, max_size=12)))
    shares = st.lists(st.floats(0, 1), min_size=len(edges) - 1, max_size=len(edges) - 1)
    return Shape(edges=tuple(edges), baseline=tuple(draw(shares)), current=tuple(draw(shares)))


def heights(path: str) -> list[float]:
    """The heights of an outline's bins in pixels."""
    return [BOTTOM - float(y) for y in re.findall(r"V([\d.]+)H", path)]


@given(shapes())
@example(Shape(edges=(0.0, 5e-324), baseline=(1.0,), current=(1.0,)))
@example(Shape(edges=(1e15, 1e15 + 1), baseline=(1.0,), current=(1.0,)))
def test_every_histogram_lies_inside_its_frame(shape):
    """However odd the bins; what has no length that is a number is not drawn at all."""
    if not drawable(shape):
        return
    drawn = histogram(shape)
    xs = [float(x) for path in (drawn.baseline, drawn.current) for x in re.findall(r"H([-\d.e]+)", path)]
    ys = [float(y) for path in (drawn.baseline, drawn.current) for y in re.findall(r"V([-\d.e]+)", path)]
    assert all(LEFT <= x <= RIGHT for x in xs)
    assert all(TOP <= y <= BOTTOM for y in ys)
    assert len(drawn.ticks) <= MOST_TICKS + 1
    assert all(LEFT <= tick.at <= RIGHT for tick in drawn.ticks)


def test_a_bin_twice_as_wide_is_half_as_high_for_the_same_share():
    """Areas are shares, on both sides."""
    drawn = histogram(Shape(edges=(0, 1, 3), baseline=(0.5, 0.5), current=(0.2, 0.8)))
    assert heights(drawn.baseline)[0] == pytest.approx(2 * heights(drawn.baseline)[1])
    assert heights(drawn.current)[1] == pytest.approx(2 * heights(drawn.current)[0])


def test_both_sides_share_one_scale():
    """The side with the peak reaches the top, the other is lower in proportion."""
    drawn = histogram(Shape(edges=(0, 1, 2), baseline=(0.5, 0.5), current=(1.0, 0.0)))
    assert heights(drawn.current) == [BOTTOM - TOP, 0]
    assert heights(drawn.baseline) == [(BOTTOM - TOP) / 2] * 2


def test_a_constant_feature_is_one_block_over_its_value():
    """It has a width on the page although it has none in the data."""
    drawn = histogram(Shape(edges=(5, 5), baseline=(1.0,), current=(1.0,)))
    assert drawn.current == f"M{LEFT} {BOTTOM}V{TOP}H{RIGHT}V{BOTTOM}"
    assert "5" in [tick.text for tick in drawn.ticks]


def test_a_hairline_bin_does_not_flatten_the_others():
    """A bin a millionth wide is drawn as if it had a hundredth of the width."""
    drawn = histogram(Shape(edges=(0, 1e-6, 1), baseline=(0.05, 0.95), current=(0.05, 0.95)))
    assert heights(drawn.baseline)[1] > 0.15 * (BOTTOM - TOP)


def test_nothing_and_everything_are_not_drawable():
    """No bins, and an axis longer than the largest number."""
    assert not drawable(Shape())
    assert not drawable(Shape(edges=(-1e308, 1e308), baseline=(1.0,), current=(1.0,)))


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 72, ["0", "20", "40", "60"]),
        (0, 20000, ["0", "5k", "10k", "15k", "20k"]),
        (-0.03, 0.04, ["\N{MINUS SIGN}0.02", "0", "0.02", "0.04"]),
        (1999.2, 2001.1, ["1999.5", "2000.0", "2000.5", "2001.0"]),
    ],
)
def test_ticks_are_few_and_round(low, high, texts):
    """Also on an axis that does not begin at zero."""
    ticks = drift_shapes.round_ticks(Scale(low=low, high=high, start=0, end=100))
    assert [tick.text for tick in ticks] == texts


LEVELS = Shape(
    levels=("a", "b", "c", "d", "e", "f", "g", "rare", "new"),
    baseline=(0.2, 0.18, 0.15, 0.12, 0.12, 0.1, 0.09, 0.04, 0.0),
    current=(0.2, 0.18, 0.15, 0.12, 0.12, 0.1, 0.02, 0.08, 0.03),
)


def test_few_levels_are_shown_but_always_the_change_and_the_newcomer():
    """The most frequent, the one that changed most, and the largest that the baseline never saw, in their order."""
    bars = drift_shapes.level_bars(LEVELS, {"new"})
    assert [bar.level for bar in bars.bars] == ["a", "b", "c", "g", "new"]
    assert len(bars.bars) == MOST_LEVELS
    assert [bar.new for bar in bars.bars] == [False] * 4 + [True]


def test_levels_that_are_not_shown_are_added_up():
    """No row gets lost, also where the shape leaves levels out."""
    bars = drift_shapes.level_bars(LEVELS, {"new"})
    assert not bars.whole
    assert bars.others_baseline == pytest.approx(0.38)
    assert bars.others_current == pytest.approx(0.42)


def test_levels_that_are_all_shown_leave_no_others():
    """Rounding is no rest."""
    shares = (0.5, 0.5 - 1e-12)
    assert drift_shapes.level_bars(Shape(levels=("a", "b"), baseline=shares, current=shares), ()).whole


def test_the_longest_bar_is_as_long_as_there_is_room():
    """The others in proportion, on both sides."""
    first, *_, last = drift_shapes.level_bars(LEVELS, {"new"}).bars
    assert (first.baseline_length, last.baseline_length, last.current_length) == (100, 0, 15)


def test_levels_without_rows_have_no_bars():
    """Nothing is divided by nothing."""
    (bar,) = drift_shapes.level_bars(Shape(levels=("a",), baseline=(0.0,), current=(0.0,)), ()).bars
    assert (bar.baseline_length, bar.current_length) == (0, 0)
