"""What the model says."""

from dataclasses import replace

import numpy as np
import pytest

from include.ml.drift.columns import Levels, numbers
from include.ml.drift.judgement import judge
from include.ml.drift.prediction import Scores, called, compare_called, expected, odds_ratio, rate
from include.ml.drift.sample import Numeric, baseline_of
from include.specs.errors import DataContractError
from include.specs.monitoring import DriftRule

SCORES = baseline_of(numbers(np.array([0.1, 0.5, 0.5, 0.9]), rows=5))


def test_rows_from_the_threshold_on_are_called_positive() -> None:
    """A row without a score is called nothing."""
    found = called(SCORES, 0.5)
    assert (dict(found.counts), found.missing, found.rows) == ({"positive": 3, "negative": 1}, 1, 5)
    assert rate(found) == 0.75


def test_the_expected_rate_is_the_baselines() -> None:
    """Its own report's where there is one, otherwise that of its scores."""
    assert rate(expected(SCORES, Scores(column="score", threshold=0.6))) == 0.25
    assert rate(expected(SCORES, Scores(column="score", threshold=0.6, expected_rate=0.5))) == 0.5


def test_scores_that_were_only_counted_are_called_at_a_point_of_the_grid() -> None:
    """Elsewhere the count would be a guess."""
    passing = Numeric(**{**vars(SCORES), "values": None})
    assert called(passing, 0.5).counts == called(SCORES, 0.5).counts
    with pytest.raises(DataContractError, match=r"expected the threshold 0.6 among the points"):
        called(passing, 0.6)


RULE = DriftRule()


def calls(positive: int, rows: int) -> Levels:
    """So many rows called positive."""
    return Levels(rows=rows, missing=0, counts={"positive": positive, "negative": rows - positive})


@pytest.mark.parametrize(
    ("baseline", "day", "drifted", "why"),
    [
        # Four in a hundred instead of one: 0.03 of total variation.
        ((100, 10_000), (200, 5_000), True, "the odds are 4.1 times the baseline's (3.2 to 5.2), beyond 2 up or down"),
        ((400, 10_000), (50, 5_000), True, "the odds are 0.24 times the baseline's (0.18 to 0.33), beyond 2"),
        ((100, 10_000), (5, 500), False, "does not matter"),
        # More than chance, and no doubling.
        ((1_000, 100_000), (1_500, 100_000), False, "total variation 0.005, within 0.050, does not matter"),
        # Four times, by three rows: chance.
        ((10, 10_000), (2, 500), False, "does not matter"),
        # Where half are called positive, a distance says it, once.
        ((5_000, 10_000), (4_500, 5_000), True, "total variation 0.400, above 0.050, matters"),
    ],
)
def test_rare_calls_are_judged_by_their_odds(baseline, day, drifted: bool, why: str) -> None:
    """For which a distance sees nothing; and neither a small factor nor chance is drift."""
    found = judge(compare_called(calls(*baseline), calls(*day), RULE), RULE)
    assert found.drifted is drifted
    assert why in found.reason
    assert found.reason.count("matters") == (1 if drifted else 0)


def test_odds_that_matter_and_are_chance_after_all_tests_are_quiet() -> None:
    """The interval is of one test; a day has dozens."""
    found = compare_called(calls(100, 10_000), calls(20, 500), RULE)
    assert found.odds is not None
    assert found.odds.material
    assert found.test is not None
    among = replace(found, test=replace(found.test, p_adjusted=0.01))
    assert (judge(found, RULE).drifted, judge(among, RULE).drifted) == (True, False)
    told = "the odds are 4.2 times the baseline's (2.6 to 6.8), but chance gives as much too often (adjusted p = 0.01)"
    assert judge(among, RULE).reason == told


def test_few_rows_called_are_tested_by_the_binomial_tail() -> None:
    """Chi-squared would call three of five hundred, where one in ten thousand is expected, much rarer than it is."""
    found = compare_called(calls(1, 10_000), calls(3, 500), RULE)
    assert found.test is not None
    assert found.test.p_value == pytest.approx(2 * (4 * (1 / 21) ** 3 * (20 / 21) + (1 / 21) ** 4))


@pytest.mark.parametrize(("baseline", "day"), [((0, 100), (0, 100)), ((0, 100), (100, 100)), ((100, 100), (0, 100))])
def test_odds_of_none_and_all_are_finite(baseline, day) -> None:
    """Half a row is added to each count."""
    found = odds_ratio(*[(positive, rows - positive) for positive, rows in (baseline, day)])
    assert 0 < found.low <= found.value <= found.high < np.inf


def test_without_rows_there_are_no_odds() -> None:
    """Nothing was scored."""
    assert compare_called(calls(10, 100), calls(0, 0), RULE).odds is None


def test_the_limit_is_the_rules() -> None:
    """A model may be one whose calls vary."""
    lax = DriftRule(odds=5.0)
    assert not judge(compare_called(calls(100, 10_000), calls(200, 5_000), lax), lax).drifted
