"""Numbers, days and names as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.reporting import figures


@given(st.floats(0, 1))
def test_only_none_and_all_are_written_as_such(share):
    """One row among a million is not none, and all but one are not all."""
    assert (figures.percent(share) == "0 %") == (share == 0)
    assert (figures.percent(share) == "100 %") == (share == 1)


@given(st.floats(0, 1))
def test_a_p_value_is_short(p):
    """However small, it fits a small card."""
    assert len(figures.p_value(p)) <= 10


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0009996, f"1 {figures.TIMES} 10⁻³"),
        (0.001, "0.001"),
        (0.9999, "1.000"),
        (5e-324, f"5 {figures.TIMES} 10⁻³²⁴"),
    ],
)
def test_p_values_at_the_ends(p, text):
    """Rounding changes neither the notation nor the size."""
    assert figures.p_value(p) == text


@given(st.text(max_size=500))
def test_a_name_is_never_long_and_never_nothing(name):
    """A name of a megabyte, and one that is a blank, can be told and do not fill the page."""
    assert 0 < len(figures.short(name)) <= figures.LONGEST_NAME


def test_two_long_names_that_differ_at_the_end_stay_apart():
    """The middle goes: generated names differ at their ends."""
    assert figures.short("x" * 200 + "1") != figures.short("x" * 200 + "2")


@given(st.floats(-1e12, 1e12), st.sampled_from((1, 2, 5)), st.integers(-9, 11))
def test_neighbours_on_an_axis_are_told_apart(start, digit, power):
    """Two ticks never bear the same text, and equal numbers the same."""
    step = digit * 10.0**power
    values = [round(start / step) * step + n * step for n in range(3)]
    if abs(values[0]) / step > 1e9:
        return  # no float axis is that fine
    assert len(set(figures.stepped(values, step))) == 3
