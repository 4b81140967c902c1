"""Tests before all tests of the day are known, and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from include.ml.drift.discoveries import adjusted
from include.specs.drift import FeatureDrift, SignificanceTest

# How much of the day's rate each kind of test is given. Rows of a level that the baseline lacks are far beyond chance
# or nothing, so a quarter is enough for them; blank cells get what they leave, since theirs is the least power: a share
# that doubles from 5 % is 25 rows on a day of 500.
WEIGHTS: Mapping[str, float] = {"values": 1.0, "missing": 2.0, "novelty": 0.25}


def untold(name: str, statistic: float, p_value: float) -> SignificanceTest:
    """A test that is not adjusted yet."""
    return SignificanceTest(name=name, statistic=statistic, p_value=p_value, p_adjusted=p_value)


def adjust(features: Iterable[FeatureDrift]) -> tuple[FeatureDrift, ...]:
    """The same features, with their p-values adjusted for all tests that the day has, by the weights of their kinds."""
    given = tuple(features)
    keys = [(number, role) for number, feature in enumerate(given) for role in _tests(feature)]
    p_values = [_tests(given[number])[role].p_value for number, role in keys]
    told = dict(zip(keys, adjusted(p_values, [WEIGHTS[role] for _, role in keys]), strict=True))
    return tuple(
        _with(feature, {role: told[number, role] for role in _tests(feature)}) for number, feature in enumerate(given)
    )


def _tests(feature: FeatureDrift) -> Mapping[str, SignificanceTest]:
    """Each test of a feature by what it is of."""
    every = {"values": feature.test, "missing": feature.missing.test, "novelty": feature.novelty}
    return {role: test for role, test in every.items() if test is not None}


def _with(feature: FeatureDrift, told: Mapping[str, float]) -> FeatureDrift:
    tests = {role: replace(test, p_adjusted=told[role]) for role, test in _tests(feature).items()}
    missing = replace(feature.missing, test=tests.get("missing"))
    return replace(feature, test=tests.get("values"), missing=missing, novelty=tests.get("novelty"))
