"""Whether a feature breached today: a difference that matters and is more than chance; and the sentence for it."""

from __future__ import annotations

from dataclasses import replace

from include.ml.capture.faults import quoted
from include.specs.drift import FeatureDrift, MissingDrift, OddsRatio, SignificanceTest
from include.specs.monitoring import DriftRule

MEASURES = {
    "kolmogorov_smirnov": "Kolmogorov-Smirnov distance",
    "total_variation": "total variation",
    "roc_auc": "ROC-AUC of a classifier that tells the two apart",
}
NAMED = 3
NOTHING = "no values to compare"
TOO_OFTEN = "but chance gives as much too often"


def judge(feature: FeatureDrift, rule: DriftRule) -> FeatureDrift:
    """The feature with its verdict; its p-values are adjusted."""
    blank = feature.missing
    matters = abs(blank.current - blank.baseline) > rule.missing_points
    missing = replace(blank, drifted=matters and _found(blank.test, rule))
    judged = replace(feature, missing=missing)
    faults = [
        sentence
        for holds, sentence in (
            (_moved(judged, rule), _of_distance(judged)),
            (_shifted(judged, rule), _of_odds(judged)),
            (missing.drifted, _of_missing(missing)),
            (_novel(judged, rule), _of_novelty(judged)),
        )
        if holds
    ]
    return replace(judged, drifted=bool(faults), reason="; ".join(faults) or _quiet(judged))


def _found(test: SignificanceTest | None, rule: DriftRule) -> bool:
    return test is not None and test.p_adjusted <= rule.false_discovery_rate


def _moved(feature: FeatureDrift, rule: DriftRule) -> bool:
    return feature.effect.material and _found(feature.test, rule)


def _shifted(feature: FeatureDrift, rule: DriftRule) -> bool:
    """Where the distance says it already, the odds need not."""
    odds = feature.odds
    return odds is not None and odds.material and not feature.effect.material and _found(feature.test, rule)


def _novel(feature: FeatureDrift, rule: DriftRule) -> bool:
    return feature.new_level_share > rule.new_level_share and _found(feature.novelty, rule)


def _quiet(feature: FeatureDrift) -> str:
    effect, test = feature.effect, feature.test
    if test is None:
        return feature.reason or NOTHING
    if effect.material:
        return f"{_distance(feature)} {TOO_OFTEN}{_chance(test)}"
    if feature.odds is not None and feature.odds.material:
        return f"{_times(feature.odds)}, {TOO_OFTEN}{_chance(test)}"
    return f"{_distance(feature)} does not matter"


def _of_distance(feature: FeatureDrift) -> str:
    return f"{_distance(feature)} matters" + ("" if feature.test is None else _chance(feature.test))


def _of_odds(feature: FeatureDrift) -> str:
    if feature.odds is None or feature.test is None:
        return ""
    return f"{_times(feature.odds)}, beyond {feature.odds.limit:g} up or down, matters{_chance(feature.test)}"


def _times(odds: OddsRatio) -> str:
    ratio = odds.ratio
    return f"the odds are {ratio.value:.2g} times the baseline's ({ratio.low:.2g} to {ratio.high:.2g})"


def _distance(feature: FeatureDrift) -> str:
    effect = feature.effect
    relation = "above" if effect.material else "within"
    return f"{MEASURES[effect.measure]} {effect.value:.3f}, {relation} {effect.threshold:.3f},"


def _of_missing(missing: MissingDrift) -> str:
    direction = "rose" if missing.current > missing.baseline else "fell"
    shares = f"from {missing.baseline:.1%} to {missing.current:.1%}"
    return f"blank cells {direction} {shares}" + ("" if missing.test is None else _chance(missing.test))


def _of_novelty(feature: FeatureDrift) -> str:
    levels = list(feature.new_levels.items())
    named = ", ".join(f"{quoted(level)} ({rows} rows)" for level, rows in levels[:NAMED])
    return f"{feature.new_level_share:.1%} of the rows in levels that the baseline never saw: {named}" + (
        f" and {len(levels) - NAMED} more" if len(levels) > NAMED else ""
    )


def _chance(test: SignificanceTest) -> str:
    """
    >>> from include.ml.drift.significance import untold
    >>> _chance(untold("chi_squared", 9.0, 0.0123)), _chance(untold("chi_squared", 900.0, 0.0))
    (' (adjusted p = 0.012)', ' (adjusted p < 1e-16)')
    """
    p_value = test.p_adjusted
    return " (adjusted p < 1e-16)" if p_value < 1e-16 else f" (adjusted p = {p_value:.2g})"  # noqa: PLR2004 a double's
