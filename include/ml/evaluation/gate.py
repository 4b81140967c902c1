"""The quality gate: rules from the spec, observations from the evaluation, and a verdict with its reason in words."""

from __future__ import annotations

from collections.abc import Iterator

from include.ml.evaluation.slices import large_enough
from include.specs.errors import ReportError
from include.specs.metrics import METRICS
from include.specs.model import Gate, Slices
from include.specs.reports import Estimate, EvaluationReport, GateReport, GateRule, SliceReport

# Of each class, among the hold-out rows that neither model was fitted on; fewer say nothing about a difference.
COMPARABLE_ROWS = 30


def judge(evaluation: EvaluationReport, gate: Gate) -> GateReport:
    """The verdict on the candidate of `evaluation`: registered when every rule holds.

    Raises:
        ReportError: the evaluation lacks what a rule asks for. A gate that cannot see does not open.
    """
    rules = (*_thresholds(evaluation, gate), *_comparison(evaluation, gate), *_slices(evaluation, gate))
    passed = all(rule.passed for rule in rules)
    return GateReport(
        verdict="register" if passed else "reject",
        rules=rules,
        reasons=_registered(rules, evaluation) if passed else _rejected(rules),
    )


def comparable(evaluation: EvaluationReport) -> bool:
    """Whether there is a champion and enough rows that neither model was fitted on."""
    rows = evaluation.data.comparable
    return rows is not None and min(rows.positives, rows.rows - rows.positives) >= COMPARABLE_ROWS


def _thresholds(evaluation: EvaluationReport, gate: Gate) -> Iterator[GateRule]:
    for name, required in sorted(gate.thresholds.items()):
        known = METRICS[name]
        observed = _metric(evaluation, name).value
        yield GateRule(
            rule=f"{name} {known.comparison} {_exact(required)}",
            observed=observed,
            required=required,
            passed=known.meets(observed, required),
        )


def _comparison(evaluation: EvaluationReport, gate: Gate) -> Iterator[GateRule]:
    rows = evaluation.data.comparable
    if rows is None:
        return
    rarer = min(rows.positives, rows.rows - rows.positives)
    yield GateRule(
        rule=f"comparable hold-out rows of each class >= {COMPARABLE_ROWS}",
        observed=float(rarer),
        required=float(COMPARABLE_ROWS),
        passed=rarer >= COMPARABLE_ROWS,
    )
    if comparable(evaluation):
        yield _against_champion(evaluation, gate)


def _against_champion(evaluation: EvaluationReport, gate: Gate) -> GateRule:
    """The least gain that the interval of the paired difference leaves open must be within what the spec accepts."""
    name, champion = gate.primary_metric, evaluation.champion
    if champion is None or name not in evaluation.difference:
        raise ReportError(f"evaluation.json: expected the difference on {name}, the primary metric; got none")
    gain = _least_gain(name, evaluation.difference[name])
    if gate.champion_rule == "better":
        text, required, passed = f"{name} better than version {champion.version}", 0.0, gain > 0
    else:
        text = f"{name} not worse than version {champion.version} by more than {_exact(gate.margin)}"
        required, passed = -gate.margin, gain >= -gate.margin
    return GateRule(rule=f"{text} (95 % confidence)", observed=gain, required=required, passed=passed)


def _least_gain(name: str, difference: Estimate) -> float:
    return difference.low if METRICS[name].higher_is_better else -difference.high


def _slices(evaluation: EvaluationReport, gate: Gate) -> Iterator[GateRule]:
    if gate.slices is None:
        return
    for name, slice_ in evaluation.slices.items():
        if large_enough(slice_, gate.slices):
            yield _slice(name, slice_, gate.slices)


def _slice(name: str, slice_: SliceReport, rule: Slices) -> GateRule:
    if rule.metric not in slice_.metrics:
        raise ReportError(f"evaluation.json: expected {rule.metric} of the slice {name}, its judge; got none")
    known, observed = METRICS[rule.metric], slice_.metrics[rule.metric].value
    return GateRule(
        rule=f"{rule.metric} {known.comparison} {_exact(rule.floor)} where {name}",
        observed=observed,
        required=rule.floor,
        passed=known.meets(observed, rule.floor),
    )


def _metric(evaluation: EvaluationReport, name: str) -> Estimate:
    if name not in evaluation.metrics:
        raise ReportError(f"evaluation.json: expected the metric {name}, which gate.thresholds names; got none")
    return evaluation.metrics[name]


def _registered(rules: tuple[GateRule, ...], evaluation: EvaluationReport) -> str:
    holds = f"All {len(rules)} rules hold" if len(rules) > 1 else "The one rule holds"
    if evaluation.champion is None:
        alone = f"{holds}; there is no champion to compare with, so the thresholds alone decided"
        return f"{alone}{_irreplaceable(evaluation)}."
    return f"{holds}; compared with champion version {evaluation.champion.version}."


def _irreplaceable(evaluation: EvaluationReport) -> str:
    """What a person must know before they approve a first version that no later one could be compared with."""
    rarer = min(evaluation.data.positives, evaluation.data.rows - evaluation.data.positives)
    if rarer >= COMPARABLE_ROWS:
        return ""
    return (
        f"; its hold-out has {rarer} rows of one class: no later version can replace this one until a hold-out has "
        f"{COMPARABLE_ROWS} of each that this one was not fitted on"
    )


def _rejected(rules: tuple[GateRule, ...]) -> str:
    failed = [rule for rule in rules if not rule.passed]
    broken = "; ".join(f"{rule.rule} does not hold ({_observed(rule)} observed)" for rule in failed)
    return f"{len(failed)} of {len(rules)} rules broken: {broken}."


def _observed(rule: GateRule) -> str:
    """In four digits, unless these are on the other side of what is required, or there itself."""
    text = f"{rule.observed:.4g}"
    sides = [(value > rule.required) - (value < rule.required) for value in (float(text), rule.observed)]
    return text if sides[0] == sides[1] else f"{rule.observed:.{rule.decimals}f}"


def _exact(required: float) -> str:
    """As it is written in a spec, and never rounded: what is required decides.

    >>> _exact(0.8), _exact(30.0), _exact(0.8499999)
    ('0.8', '30', '0.8499999')
    """
    text = f"{required:g}"
    return text if float(text) == required else repr(required)
