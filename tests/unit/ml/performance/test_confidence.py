"""An estimate without labels holds where rows are others, and knows nothing of a world that is another."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.evaluation.measures import measure
from include.ml.evaluation.predictions import Predictions
from include.ml.performance.calibration import Calibration, calibration
from include.ml.performance.confidence import EXPECTATIONS, Expected, estimated
from include.ml.performance.probabilities import unchanged
from include.specs.errors import ReportError
from tests.unit.ml.performance.served_days import bent, drawn

AS_THEY_ARE = Calibration(curve=unchanged, basis="because", known=np.empty(0))
DAYS = 40


def realised(day: Predictions, name: str) -> float:
    """What labels will say."""
    return measure(name, day).value


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.8, 0.9]), st.booleans()), min_size=2, max_size=30).filter(
        lambda rows: len({label for _, label in rows}) == 2
    )
)
def test_what_is_certain_is_measured(rows) -> None:
    """With probabilities of 0 and 1 every metric is what it is with those labels, ties included, without doubt."""
    scores, labels = np.array([score for score, _ in rows]), np.array([label for _, label in rows])
    day = Expected(scores=scores, probabilities=labels.astype(float), threshold=0.5)
    known = Predictions(labels=labels, scores=scores, threshold=0.5)
    for name, expectation in EXPECTATIONS.items():
        found = expectation(day)
        if found is not None:
            assert found.value == pytest.approx(realised(known, name), abs=1e-12), name
    assert not day.doubt.any()


def test_linear_metrics_are_the_mean_over_all_that_labels_may_say() -> None:
    """Each of the 64 possible days weighted with its probability."""
    scores = np.array([0.2, 0.35, 0.5, 0.6, 0.8, 0.95])
    means: Counter[str] = Counter()
    for said in itertools.product([False, True], repeat=6):
        labels = np.array(said)
        weight = float(np.where(labels, scores, 1 - scores).prod())
        called = scores >= 0.5
        means["accuracy"] += weight * float((called == labels).mean())
        means["precision"] += weight * float(labels[called].mean())
        means["brier"] += weight * float(((scores - labels) ** 2).mean())
        means["log_loss"] += weight * float(-np.log(np.where(labels, scores, 1 - scores)).mean())
    found = estimated(scores, 0.5, AS_THEY_ARE).metrics
    for name, mean in means.items():
        assert found[name].value == pytest.approx(mean), name


def test_of_a_ranking_what_is_counted_is_the_mean_over_all_that_labels_may_say() -> None:
    """ROC-AUC is expected right pairs of expected pairs, average precision expected precisions of expected positives:
    a row makes no pair with itself, and is for certain one of the positives where it is positive. Ties included."""
    scores = np.array([0.2, 0.35, 0.35, 0.6, 0.8, 0.95])
    right = pairs = precisions = 0.0
    for said in itertools.product([False, True], repeat=6):
        labels = np.array(said)
        weight = float(np.where(labels, scores, 1 - scores).prod())
        if labels.any() and not labels.all():
            day = Predictions(labels=labels, scores=scores, threshold=0.5)
            pairs += weight * day.positives * day.negatives
            right += weight * day.positives * day.negatives * realised(day, "roc_auc")
        if labels.any():
            above = [(labels & (scores >= score)).sum() / (scores >= score).sum() for score in scores[labels]]
            precisions += weight * sum(above)
    found = estimated(scores, 0.5, AS_THEY_ARE).metrics
    assert found["roc_auc"].value == pytest.approx(right / pairs)
    assert found["pr_auc"].value == pytest.approx(precisions / scores.sum())


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_slopes_are_those_of_the_metric(name: str) -> None:
    """What a little more probability of one row does to it; a row's pair with itself is of the second order."""
    scores = drawn(400, seed=3).scores.round(2).clip(0.01, 0.99)
    found = EXPECTATIONS[name](Expected(scores=scores, probabilities=scores, threshold=0.5))
    assert found is not None
    for row in (0, 17, 200):
        more = scores.copy()
        more[row] += 1e-6
        moved = EXPECTATIONS[name](Expected(scores=scores, probabilities=more, threshold=0.5))
        assert moved is not None
        assert (moved.value - found.value) / 1e-6 == pytest.approx(found.slope[row], rel=0.05, abs=3e-5)


@pytest.mark.parametrize(("bend", "each", "mean"), [(False, 0.85, 0.91), (True, 0.75, 0.85)], ids=["line", "isotonic"])
def test_under_covariate_shift_the_interval_holds_what_labels_will_say(bend: bool, each: float, mean: float) -> None:
    """Rows from elsewhere, of the same meaning: in about 95 of 100 days, each with a hold-out of its own, where scores
    need a line; where they need bending the doubt is told a little too small. Limits leave room for so few days."""
    turned = bent if bend else np.copy
    held: Counter[str] = Counter()
    for seed in range(DAYS):
        before, day = drawn(1500, seed=seed), drawn(500, seed=10**6 + seed, mean=0.6)
        scores = turned(day.scores)
        said = Predictions(labels=day.labels, scores=scores, threshold=0.5)
        found = estimated(scores, 0.5, calibration(turned(before.scores), before.labels))
        for name, estimate in found.metrics.items():
            held[name] += estimate.low <= realised(said, name) <= estimate.high
    assert set(held) == set(EXPECTATIONS)
    assert min(held.values()) / DAYS >= each
    assert sum(held.values()) / DAYS / len(held) >= mean


def test_no_number_of_rows_makes_up_for_a_small_hold_out() -> None:
    """A day of 5,000 rows, judged by what 500 taught: the doubt is the hold-out's, and told."""
    held = 0
    for seed in range(20):
        before, day = drawn(500, seed=seed), drawn(5000, seed=10**6 + seed)
        found = estimated(day.scores, 0.5, calibration(before.scores, before.labels)).metrics["accuracy"]
        held += found.low <= realised(day, "accuracy") <= found.high
    assert held >= 16


def test_the_estimate_follows_the_rows() -> None:
    """Where most are positive, precision is another: the hold-out's own is not in the interval, the realised one is."""
    before, day = drawn(3000, seed=1), drawn(1000, seed=2, mean=1.5)
    found = estimated(day.scores, 0.5, calibration(before.scores, before.labels)).metrics["precision"]
    assert found.low <= realised(day, "precision") <= found.high
    assert realised(before, "precision") < found.low - 0.05


def test_a_change_of_meaning_is_not_seen() -> None:
    """Concept shift: the same scores give the same estimate whatever labels will say, and labels say otherwise."""
    before = drawn(3000, seed=1)
    known = calibration(before.scores, before.labels)
    same, blurred = drawn(2000, seed=2), drawn(2000, seed=2, blur=0.6)
    assert (same.scores == blurred.scores).all()
    found = estimated(blurred.scores, 0.5, known)
    assert found == estimated(same.scores, 0.5, known)
    for name, estimate in found.metrics.items():
        assert estimate.low <= realised(same, name) <= estimate.high, name
        assert not estimate.low <= realised(blurred, name) <= estimate.high, name


def test_the_estimate_says_what_it_rests_on() -> None:
    """Whether scores were calibrated, and why."""
    day = drawn(50, seed=1)
    found = estimated(day.scores, 0.5, AS_THEY_ARE)
    assert (found.rows, found.calibrated, found.basis) == (50, False, "because")
    before = drawn(3000, seed=1)
    learnt = calibration(bent(before.scores), before.labels)
    assert estimated(day.scores, 0.5, learnt).calibrated


def test_what_is_not_defined_is_left_out() -> None:
    """No row is called, one row alone makes no pair, no positive is expected."""
    assert "precision" not in estimated(np.array([0.1, 0.2]), 0.5, AS_THEY_ARE).metrics
    assert "roc_auc" not in estimated(np.array([0.1]), 0.5, AS_THEY_ARE).metrics
    assert set(estimated(np.zeros(3), 0.5, AS_THEY_ARE).metrics) == {"accuracy", "log_loss", "brier"}


@pytest.mark.parametrize("scores", [[], [0.5, np.nan], [1.5]])
def test_scores_that_are_no_probabilities_are_refused(scores: list[float]) -> None:
    """And a day without any."""
    with pytest.raises(ReportError, match=r"expected scores within \[0, 1\]"):
        estimated(np.array(scores), 0.5, AS_THEY_ARE)
