"""Intervals hold what they promise."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from include.ml.evaluation.intervals import (
    Z,
    difference,
    differences,
    estimate,
    estimates,
    logit,
    unpaired_difference,
    wilson,
)
from include.ml.evaluation.measures import measure
from include.ml.evaluation.predictions import Predictions
from include.specs.errors import ReportError
from include.specs.metrics import METRICS
from include.specs.reports import Estimate

CLOSED = [name for name in METRICS if name != "recall_at_precision"]


def resampled(predictions: tuple[Predictions, ...], value, *, replicates: int = 400) -> np.ndarray:
    """(replicates,) of `value` over whole hold-outs drawn again, row by row: the plain bootstrap."""
    generator = np.random.default_rng(1)
    rows = predictions[0].rows
    draws = (generator.integers(0, rows, rows) for _ in range(replicates))
    return np.array([value(*(p.subset(draw) for p in predictions)) for draw in draws])


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("base_rate", [0.3, 0.08])
def test_intervals_are_as_wide_as_the_bootstraps(scored, name, base_rate):
    """A closed form is within a seventh of the width that resampling the rows gives."""
    predictions, _ = scored(1500, base_rate=base_rate, decimals=2)
    found = estimate(name, predictions)
    low, high = np.quantile(resampled((predictions,), lambda p: measure(name, p).value), (0.025, 0.975))
    assert found.high - found.low == pytest.approx(high - low, rel=1 / 7)
    assert found.low < measure(name, predictions).value < found.high


@pytest.mark.parametrize("name", CLOSED)
def test_differences_are_as_wide_as_the_paired_bootstraps(scored, name):
    """Resampling the rows of both models together gives the same interval of their difference."""
    pair = scored(1500, decimals=2)
    found = difference(name, *pair)
    by_row = resampled(pair, lambda a, b: measure(name, a).value - measure(name, b).value)
    assert found.high - found.low == pytest.approx(2 * Z * by_row.std(), rel=1 / 7)


@pytest.mark.parametrize(("rows", "name"), [*((400, name) for name in METRICS), *((1500, name) for name in CLOSED)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(scored, rows, name):
    """Over 100 hold-outs, at least 86 intervals of value and difference hold the value of the whole population."""
    population = scored(100 * rows, seed=3)
    truth, gap = estimate(name, population[0]).value, difference(name, *population).value
    covered = np.zeros(2)
    for start in range(0, 100 * rows, rows):
        pair = [model.subset(np.arange(start, start + rows)) for model in population]
        found, apart = estimate(name, pair[0]), difference(name, *pair)
        covered += (found.low <= truth <= found.high, apart.low <= gap <= apart.high)
    # 86 of 100: four standard errors below 95 %.
    assert (covered >= 86).all(), covered


@pytest.mark.parametrize("name", METRICS)
def test_pairing_removes_what_the_rows_have_in_common(scored, name):
    """The paired difference is narrower than the two intervals together would make it."""
    pair = scored(2000)
    apart = difference(name, *pair)
    widths = [found.high - found.low for found in (estimate(name, model) for model in pair)]
    assert apart.high - apart.low < 0.95 * np.hypot(*widths)


@given(successes=st.integers(0, 50), failures=st.integers(0, 50))
def test_wilson_is_scipys(successes, failures):
    """The score interval equals SciPy's wherever there is a trial."""
    trials = successes + failures
    if trials:
        expected = stats.binomtest(successes, trials).proportion_ci(0.95, "wilson")
        assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(value=st.floats(1e-6, 1 - 1e-6), error=st.floats(0, 10))
def test_logit_intervals_stay_inside(value, error):
    """However large the error, the interval is within [0, 1] and holds its value."""
    low, high = logit(value, error)
    assert 0 <= low <= value * (1 + 1e-9)
    assert value * (1 - 1e-9) <= high <= 1


def few_positives(positives: int, *, seed: int, rows: int = 400) -> tuple[Predictions, Predictions]:
    """Two models that see a normal signal, 1.2 deviations higher in positive rows, each with noise of its own."""
    generator, labels = np.random.default_rng(seed), np.arange(rows) < positives
    signal = generator.normal(size=rows) + 1.2 * labels
    noisy = (signal + 0.5 * generator.normal(size=rows) for _ in range(2))
    one, other = (
        Predictions(labels=labels, scores=1 / (1 + np.exp(1.5 - each)), threshold=0.5, required_precision=0.3)
        for each in noisy
    )
    return one, other


# The two signals' ROC-AUC: by how much a positive row's signal is higher, in deviations of the difference of two rows'.
TRUE_AUC = float(stats.norm.cdf(1.2 / np.sqrt(2 * 1.25)))


@pytest.mark.parametrize("positives", [1, 2, 5, 11])
def test_few_positive_rows_are_not_trusted_beyond_what_they_say(positives):
    """The interval of ROC-AUC, and of the difference of two models as good, holds the truth as often as it says."""
    covered = np.zeros(2)
    for seed in range(200):
        pair = few_positives(positives, seed=seed)
        found, apart = estimate("roc_auc", pair[0]), difference("roc_auc", *pair)
        covered += (found.low <= TRUE_AUC <= found.high, apart.low <= 0 <= apart.high)
    # 180 of 200: three standard errors below 95 %.
    assert (covered >= 180).all(), covered


@pytest.mark.parametrize("positives", [1, 2, 5, 29])
@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "recall", "recall_at_precision"])
def test_no_interval_of_few_rows_is_narrower_than_a_row_can_make_it(name, positives):
    """Neither of a value nor of a difference: one row more or less of so few is a step of its own."""
    for seed in range(2):
        one, other = few_positives(positives, seed=seed)
        found, apart = estimate(name, one), difference(name, one, other)
        assert found.low <= found.value <= found.high
        assert apart.low <= apart.value <= apart.high
        step = 1 / (positives + Z**2)
        assert min(found.high - found.low, apart.high - apart.low) > step / 2, (found, apart)


def test_a_class_of_thirty_rows_speaks_for_itself():
    """From there on intervals are DeLong's and nothing else, to the last digit."""
    predictions = few_positives(30, seed=0)[0]
    measured = measure("roc_auc", predictions)
    found = estimate("roc_auc", predictions)
    assert (found.low, found.high) == logit(measured.value, measured.standard_error)
    fewer = few_positives(29, seed=0)[0]
    measured, found = measure("roc_auc", fewer), estimate("roc_auc", fewer)
    assert found.high - found.low > np.diff(logit(measured.value, measured.standard_error))


def test_nothing_is_known_of_the_precision_against_nobody():
    """A champion that calls no row has no precision: the difference leaves everything open that its own does."""
    caller = few_positives(100, seed=0)[0]
    nobody = dataclasses.replace(caller, threshold=1.0)
    found = difference("precision", caller, nobody)
    assert found.value == measure("precision", caller).value > 0
    assert found.low < -0.1


def test_no_threshold_parts_rows_of_one_score():
    """Recall at a precision jumps from one score to the next, in every resample."""
    labels = np.arange(400) % 10 < 3
    scores = np.where(np.arange(400) % 3 == 0, 0.6, 0.4)
    predictions = Predictions(labels=labels, scores=scores, threshold=0.5, required_precision=0.5)
    found = estimate("recall_at_precision", predictions)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_a_perfect_ranking_is_not_trusted_without_limit():
    """Four positives above six negatives: ROC-AUC 1, with a lower limit far from it."""
    predictions = Predictions(labels=np.arange(10) < 4, scores=np.linspace(0.9, 0.1, 10), threshold=0.6)
    found = estimate("roc_auc", predictions)
    assert found.value == found.high == 1
    assert found.low == pytest.approx(wilson(4, 4)[0])


def test_nothing_is_known_of_the_precision_of_no_calls():
    """A threshold that no row reaches leaves precision at 0 with everything possible."""
    predictions = Predictions(labels=np.arange(10) < 4, scores=np.full(10, 0.2), threshold=0.9)
    found = estimate("precision", predictions)
    assert (found.value, found.low, found.high) == (0, 0, 1)


@pytest.mark.parametrize("name", METRICS)
def test_a_model_does_not_differ_from_itself(scored, name):
    """The paired difference of equal models is exactly zero, without doubt."""
    model, _ = scored(500)
    found = difference(name, model, model)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_other_rows_cannot_be_compared(scored):
    """Two models that were scored on different rows have no difference."""
    one, other = scored(100)[0], scored(100, seed=1)[0]
    with pytest.raises(ReportError, match="same hold-out rows"):
        difference("roc_auc", one, other)


def test_two_looks_give_the_same_numbers(scored):
    """Estimates and differences depend on the predictions alone."""
    assert estimates(scored(300)[0]) == estimates(scored(300)[0])
    assert differences(*scored(300)) == differences(*scored(300))


@given(st.tuples(st.integers(0, 40), st.integers(40, 90)), st.tuples(st.integers(0, 40), st.integers(40, 90)))
def test_unpaired_differences_turn_round(one, other):
    """The interval holds its value, is that of the swapped difference mirrored, and stays within [-1, 1]."""
    ours, theirs = (Estimate(value=k / n, low=wilson(k, n)[0], high=wilson(k, n)[1]) for k, n in (one, other))
    found, swapped = unpaired_difference(ours, theirs), unpaired_difference(theirs, ours)
    assert -1 - 1e-9 <= found.low <= found.value <= found.high <= 1 + 1e-9
    assert (found.low, found.high) == pytest.approx((-swapped.high, -swapped.low))


def test_unpaired_differences_cover_the_truth():
    """Of two proportions, for sizes and rates where the plain normal interval falls short: in about 95 of 100 draws."""
    generator, held, draws = np.random.default_rng(0), 0, 2000
    for ours, theirs in zip(generator.binomial(40, 0.05, draws), generator.binomial(60, 0.2, draws), strict=True):
        one, other = (
            Estimate(value=k / n, low=wilson(k, n)[0], high=wilson(k, n)[1]) for k, n in ((ours, 40), (theirs, 60))
        )
        found = unpaired_difference(one, other)
        held += found.low <= 0.05 - 0.2 <= found.high
    assert 0.93 < held / draws < 0.98
