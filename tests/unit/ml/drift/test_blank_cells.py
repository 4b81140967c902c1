"""Blank cells."""

from include.ml.drift.blank_cells import compare_missing


def test_shares_and_a_test() -> None:
    """Of both sides."""
    found = compare_missing((50, 1_000), (100, 1_000))
    assert (found.baseline, found.current, found.drifted) == (0.05, 0.1, False)
    assert found.test.p_value < 1e-4


def test_no_blank_cells_are_no_test() -> None:
    """It would only count against the tests that can tell something."""
    assert compare_missing((0, 1_000), (0, 1_000)).test is None
    assert compare_missing((0, 0), (1, 1)).test is None
