"""The quality gate opens for what the spec asks, and for nothing else."""

import dataclasses

import pytest

from include.ml.evaluation.gate import COMPARABLE_ROWS, comparable, judge
from include.specs.errors import ReportError
from include.specs.model import Gate, Slices
from include.specs.reports import (
    ChampionReport,
    Confusion,
    DataReport,
    Estimate,
    EvaluationReport,
    PartCount,
    SliceReport,
)

METRICS = {
    "roc_auc": Estimate(value=0.84, low=0.82, high=0.86),
    "brier": Estimate(value=0.14, low=0.13, high=0.15),
}
ALONE = EvaluationReport(
    model="churn",
    run="run-1",
    metrics=METRICS,
    data=DataReport(rows=1400, positives=370, sha256="0" * 64),
    confusion=Confusion(threshold=0.3, true_positive=1, false_positive=1, false_negative=1, true_negative=1),
)
GATE = Gate(thresholds={"roc_auc": 0.80, "brier": 0.16}, primary_metric="roc_auc", margin=0.01)


def against(difference: Estimate, *, metric: str = "roc_auc", rarer: int = 300) -> EvaluationReport:
    """The evaluation with a champion, `difference` apart on `metric`."""
    return dataclasses.replace(
        ALONE,
        data=dataclasses.replace(ALONE.data, comparable=PartCount(rows=1000, positives=rarer)),
        champion=ChampionReport(version=7, metrics=METRICS),
        difference={metric: difference},
    )


def outcome(evaluation: EvaluationReport, gate: Gate) -> dict[str, bool]:
    """Rule → whether it held."""
    return {rule.rule: rule.passed for rule in judge(evaluation, gate).rules}


def test_thresholds_alone_decide_without_a_champion():
    """Every threshold holds: register, and the sentence says that there was nothing to compare with."""
    found = judge(ALONE, GATE)
    assert found.verdict == "register"
    assert [rule.rule for rule in found.rules] == ["brier <= 0.16", "roc_auc >= 0.8"]
    assert found.reasons == ("All 2 rules hold; there is no champion to compare with, so the thresholds alone decided.")


@pytest.mark.parametrize(("rows", "positives"), [(202, 11), (202, 191)])
def test_a_first_version_that_cannot_be_replaced_says_so(rows, positives):
    """Nothing is compared on fewer than thirty rows of a class: whoever approves it knows what that will mean."""
    few = dataclasses.replace(ALONE, data=dataclasses.replace(ALONE.data, rows=rows, positives=positives))
    found = judge(few, GATE)
    assert found.verdict == "register"
    assert found.reasons == (
        "All 2 rules hold; there is no champion to compare with, so the thresholds alone decided; its hold-out has 11 "
        "rows of one class: no later version can replace this one until a hold-out has 30 of each that this one was "
        "not fitted on."
    )


@pytest.mark.parametrize(("name", "required"), [("roc_auc", 0.99), ("brier", 0.10)])
def test_one_missed_threshold_rejects(name, required):
    """Below a score or above a loss, the candidate is rejected, and the sentence names rule and observation."""
    found = judge(ALONE, dataclasses.replace(GATE, thresholds={**GATE.thresholds, name: required}))
    assert found.verdict == "reject"
    assert found.reasons.startswith("1 of 2 rules broken: ")
    assert f"{required:g} does not hold ({METRICS[name].value:.4g} observed)" in found.reasons


@pytest.mark.parametrize(
    ("required", "observed", "said"),
    [
        (0.85, 0.84996, "roc_auc >= 0.85 does not hold (0.84996 observed)"),
        (0.8499999, 0.8499998, "roc_auc >= 0.8499999 does not hold (0.8499998 observed)"),
        (0.84998, 0.84996, "roc_auc >= 0.84998 does not hold (0.84996 observed)"),
        (0.85, 0.8, "roc_auc >= 0.85 does not hold (0.8 observed)"),
    ],
)
def test_what_was_observed_is_told_apart_from_what_was_required(required, observed, said):
    """The sentence has as many digits as that takes, and the rule all that its limit has."""
    near = Estimate(value=observed, low=0.8, high=0.9)
    evaluation = dataclasses.replace(ALONE, metrics={"roc_auc": near})
    found = judge(evaluation, Gate(thresholds={"roc_auc": required}))
    assert said in found.reasons
    (rule,) = found.rules
    assert f"{rule.observed:.{rule.decimals}f}" != f"{rule.required:.{rule.decimals}f}"


def test_a_threshold_is_met_exactly():
    """A metric that equals its threshold holds."""
    assert judge(ALONE, Gate(thresholds={"roc_auc": 0.84, "brier": 0.14})).verdict == "register"


@pytest.mark.parametrize(
    ("low", "high", "passed"),
    [(-0.009, 0.02, True), (-0.01, 0.02, True), (-0.011, 0.02, False), (-0.05, -0.03, False), (0.001, 0.02, True)],
)
def test_not_worse_is_judged_where_the_candidate_fares_worst(low, high, passed):
    """The interval's losing end may be at most the margin below the champion."""
    evaluation = against(Estimate(value=(low + high) / 2, low=low, high=high))
    assert outcome(evaluation, GATE)["roc_auc not worse than version 7 by more than 0.01 (95 % confidence)"] is passed


@pytest.mark.parametrize(("low", "high", "passed"), [(0.001, 0.02, True), (0.0, 0.02, False), (-0.001, 0.02, False)])
def test_better_must_win_with_its_whole_interval(low, high, passed):
    """Where the spec wants a better model, a tie is not enough."""
    gate = dataclasses.replace(GATE, champion_rule="better")
    evaluation = against(Estimate(value=0.01, low=low, high=high))
    assert outcome(evaluation, gate)["roc_auc better than version 7 (95 % confidence)"] is passed


@pytest.mark.parametrize(("low", "high", "passed"), [(-0.02, 0.009, True), (-0.02, 0.011, False)])
def test_a_loss_wins_by_falling(low, high, passed):
    """On the Brier score the losing end is the upper one."""
    gate = dataclasses.replace(GATE, primary_metric="brier")
    evaluation = against(Estimate(value=0.0, low=low, high=high), metric="brier")
    assert outcome(evaluation, gate)["brier not worse than version 7 by more than 0.01 (95 % confidence)"] is passed


def test_a_registered_candidate_names_the_champion_it_met():
    """The sentence says which version it was compared with."""
    assert judge(against(Estimate(value=0, low=0, high=0)), GATE).reasons == (
        "All 4 rules hold; compared with champion version 7."
    )


def test_too_few_comparable_rows_reject():
    """With a champion that was fitted on nearly all of the hold-out, nothing fair can be said, and nothing passes."""
    evaluation = dataclasses.replace(
        against(Estimate(value=0.1, low=0.05, high=0.15), rarer=COMPARABLE_ROWS - 1), champion=None, difference={}
    )
    found = judge(evaluation, GATE)
    assert not comparable(evaluation)
    assert found.verdict == "reject"
    assert "comparable hold-out rows of each class >= 30 does not hold (29 observed)" in found.reasons


def test_negatives_count_as_well():
    """Comparable rows of the positive class alone are not comparable."""
    rows = PartCount(rows=1000, positives=990)
    assert not comparable(dataclasses.replace(ALONE, data=dataclasses.replace(ALONE.data, comparable=rows)))


def test_every_large_slice_must_reach_its_floor():
    """A weak slice rejects a good model; a slice too small to judge does not; a loss has a ceiling."""
    weak = {"roc_auc": Estimate(value=0.65, low=0.6, high=0.7)}
    rule = Slices(columns=("gender",), metric="roc_auc", floor=0.7, minimum_rows=50)
    gate = dataclasses.replace(GATE, slices=rule)
    for positives, verdict in ((50, "reject"), (49, "register")):
        group = SliceReport(rows=400, positives=positives, metrics=weak)
        assert judge(dataclasses.replace(ALONE, slices={"gender=Male": group}), gate).verdict == verdict
    assert (
        outcome(dataclasses.replace(ALONE, slices={"gender=Male": dataclasses.replace(group, positives=60)}), gate)[
            "roc_auc >= 0.7 where gender=Male"
        ]
        is False
    )


@pytest.mark.parametrize(
    ("evaluation", "gate", "missing"),
    [
        (ALONE, Gate(thresholds={"pr_auc": 0.1}), "metric pr_auc"),
        (dataclasses.replace(against(Estimate(value=1, low=1, high=1)), difference={}), GATE, "difference on roc_auc"),
        (dataclasses.replace(against(Estimate(value=1, low=1, high=1)), champion=None), GATE, "difference on roc_auc"),
        (
            dataclasses.replace(ALONE, slices={"gender=Male": SliceReport(rows=400, positives=100, metrics={})}),
            dataclasses.replace(GATE, slices=Slices(columns=("gender",), metric="roc_auc", floor=0.7)),
            "roc_auc of the slice gender=Male",
        ),
    ],
)
def test_a_gate_that_cannot_see_does_not_open(evaluation, gate, missing):
    """A metric, a difference or a slice's metric that is not there is an error, never a pass."""
    with pytest.raises(ReportError, match=missing):
        judge(evaluation, gate)
