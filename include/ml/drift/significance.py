"""Tests before all tests of the day are known, and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from include.ml.drift.discoveries import adjusted
from include.specs.drift import FeatureDrift, SignificanceTest


def untold(name: str, statistic: float, p_value: float) -> SignificanceTest:
    """A test that is not adjusted yet."""
    return SignificanceTest(name=name, statistic=statistic, p_value=p_value, p_adjusted=p_value)


def adjust(features: Iterable[FeatureDrift]) -> tuple[FeatureDrift, ...]:
    """The same features, with their p-values adjusted for all tests that the day has."""
    given = tuple(features)
    keys = [(number, role) for number, feature in enumerate(given) for role in _tests(feature)]
    p_values = [_tests(given[number])[role].p_value for number, role in keys]
    told = dict(zip(keys, adjusted(p_values), strict=True))
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
