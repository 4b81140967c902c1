"""All tests of a day, adjusted together."""

from dataclasses import replace

import pytest
import scipy.stats

from include.ml.drift.significance import adjust, untold
from include.specs.drift import MissingDrift


def test_every_test_of_every_feature_counts(compared) -> None:
    """Of values, of blank cells, of new levels, each adjusted in its place."""
    blank = MissingDrift(baseline=0.1, current=0.2, test=untold("chi_squared", 1.0, 0.03), drifted=False)
    given = [
        compared("a", p_value=0.001, missing=blank),
        replace(compared("b", p_value=0.2), novelty=untold("unseen_levels", 3.0, 0.004)),
        replace(compared("c"), test=None),
    ]
    first, second, third = adjust(given)
    found = [first.test, first.missing.test, second.test, second.novelty]
    mean = (1 + 2 + 1 + 0.25) / 4
    weighted = [0.001 * mean, 0.03 * mean / 2, 0.2 * mean, 0.004 * mean / 0.25]
    expected = scipy.stats.false_discovery_control(weighted)
    assert [test.p_adjusted for test in found] == pytest.approx(expected)
    assert [test.p_value for test in found] == [0.001, 0.03, 0.2, 0.004]
    assert third == given[2]
