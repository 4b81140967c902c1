"""A fall counts when it matters and is more than chance."""

import numpy as np
import pytest

from include.ml.evaluation.intervals import estimates
from include.ml.performance.comparison import compared, fell, loss, realised, sentence
from include.specs.metrics import METRICS
from include.specs.monitoring import PerformanceRule
from include.specs.reports import Estimate
from tests.unit.ml.performance.served_days import drawn

RULE = PerformanceRule(fall=0.03)
# Of a quiet world, at the rule's rate; the binomial spread of what is counted below is allowed on top.
DAYS = 1500


def about(value: float, reach: float) -> Estimate:
    """An estimate with a symmetric interval."""
    return Estimate(value=value, low=value - reach, high=value + reach)


@pytest.mark.parametrize(
    ("day", "fallen", "words"),
    [
        (about(0.82, 0.01), False, "0.000 worse, within 0.03, does not matter"),
        (about(0.78, 0.005), False, "0.020 worse, within 0.03, does not matter"),
        (about(0.70, 0.20), False, "0.100 worse, but chance gives as much too often (p = 0.16)"),
        (about(0.70, 0.02), True, "0.100 worse, above 0.03, p < 1e-16"),
        (about(0.70, 0.05), True, "0.100 worse, above 0.03, p = 6.1e-05"),
    ],
)
def test_a_fall_counts_when_it_matters_and_is_more_than_chance(day: Estimate, fallen: bool, words: str) -> None:
    """The sentence says which of the two it is not."""
    found = compared("roc_auc", day, about(0.8, 0.01))
    assert fell("roc_auc", found, RULE) is fallen
    assert sentence("roc_auc", found, RULE).endswith(words)


def test_a_loss_falls_by_rising() -> None:
    """Log loss and Brier score are better when smaller."""
    found = compared("log_loss", about(0.6, 0.02), about(0.4, 0.02))
    assert fell("log_loss", found, RULE)
    assert loss("log_loss", found.difference) == pytest.approx(0.2)
    better = compared("log_loss", about(0.2, 0.02), about(0.4, 0.02))
    assert not fell("log_loss", better, RULE)
    assert better.p_value > 0.999


@pytest.mark.parametrize(("value", "expected"), [(0.8, 0.5), (0.7, 0.0), (0.9, 1.0)])
def test_without_any_doubt_chance_is_all_or_nothing(value: float, expected: float) -> None:
    """Two metrics that are known exactly."""
    assert compared("accuracy", about(value, 0), about(0.8, 0)).p_value == expected


def test_of_a_skewed_interval_the_half_towards_no_difference_counts() -> None:
    """How far the day may be off towards the hold-out decides, not how far the other way."""
    exact = about(0.9, 0)
    near = compared("recall", Estimate(value=0.8, low=0.3, high=0.85), exact)
    far = compared("recall", Estimate(value=0.8, low=0.75, high=1.0), exact)
    assert (near.p_value < 0.0001, far.p_value > 0.1) == (True, True)


def test_the_doubt_of_the_hold_out_counts_too() -> None:
    """The same day, against the same value from a tenth of the rows."""
    day = about(0.74, 0.02)
    assert fell("accuracy", compared("accuracy", day, about(0.8, 0.01)), RULE)
    assert not fell("accuracy", compared("accuracy", day, about(0.8, 0.06)), RULE)


def test_every_registered_metric_is_compared() -> None:
    """And none that was not registered; values and intervals are those of the evaluation's own functions."""
    day, registered = drawn(400, seed=1), estimates(drawn(900, seed=2))
    found = realised(day, registered)
    assert list(found) == list(METRICS)
    assert {name: metric.realised for name, metric in found.items()} == estimates(day)
    assert set(realised(day, {"recall": registered["recall"]})) == {"recall"}


def test_metrics_of_an_older_version_of_the_code_are_left_out() -> None:
    """A metric that nobody computes any more is not compared."""
    assert realised(drawn(200, seed=1), {"gini": about(0.6, 0.1)}) == {}


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "accuracy", "f1", "log_loss", "brier"])
def test_chance_gives_as_many_small_p_values_as_it_should(name: str) -> None:
    """Of days on which nothing changed, each against a hold-out of its own, 5 % have p < 0.05 and few p < 0.0025."""
    rule = PerformanceRule(fall=0)
    p_values = []
    alarms = 0
    for seed in range(DAYS):
        found = realised(drawn(250, seed=seed), {name: estimates(drawn(500, seed=10**6 + seed), [name])[name]})[name]
        p_values.append(found.p_value)
        alarms += fell(name, found, rule)
    below = float(np.mean(np.array(p_values) < 0.05))
    assert 0.03 < below < 0.07
    assert alarms / DAYS < 0.008
