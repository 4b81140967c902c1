"""A categorical feature of both sides: how far apart, whether that is chance, which levels came and went."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from include.ml.drift.blank_cells import compare_missing
from include.ml.drift.columns import Levels
from include.ml.drift.contingency import EXPECTED_ROWS, chi_squared, noise, pooled, unseen_levels
from include.ml.drift.distances import cramers_v, jensen_shannon, total_variation
from include.ml.drift.significance import untold
from include.ml.evaluation.predictions import Integers
from include.specs.drift import Effect, FeatureDrift, Shape
from include.specs.monitoring import DriftRule

# More are counted, not listed.
LISTED = 24
BARS = 12


def compare_levels(name: str, baseline: Levels, current: Levels, rule: DriftRule) -> FeatureDrift:
    """The comparison, not judged yet."""
    missing = compare_missing((baseline.missing, baseline.rows), (current.missing, current.rows))
    names, ours, theirs = _aligned(baseline, current)
    some = min(int(ours.sum()), int(theirs.sum())) > 0
    limit = math.hypot(rule.effect, noise(ours, theirs)) if some else rule.effect
    distance = total_variation(ours, theirs) if some else 0.0
    new = int(theirs[ours == 0].sum()) if some else 0
    return FeatureDrift(
        name=name,
        kind="categorical",
        test=untold("chi_squared", *chi_squared(*pooled(ours, theirs))) if some else None,
        novelty=untold("unseen_levels", new, unseen_levels(new, int(theirs.sum()), ours)) if some else None,
        effect=Effect(measure="total_variation", value=distance, threshold=limit),
        missing=missing,
        drifted=False,
        reason="",
        new_levels=_listed(names, theirs, (ours == 0) & (theirs > 0)) if some else {},
        new_level_share=new / int(theirs.sum()) if some else 0.0,
        vanished_levels=_listed(names, ours, _vanished(ours, theirs)) if some else {},
        shape=_shape(names, ours, theirs) if some else Shape(),
    )


def _aligned(baseline: Levels, current: Levels) -> tuple[list[str], Integers, Integers]:
    """All levels, the most frequent of the baseline first, then by name; and the rows of each on both sides."""
    levels = sorted({*baseline.counts, *current.counts}, key=lambda level: (-baseline.counts.get(level, 0), level))
    counts = [np.array([side.counts.get(level, 0) for level in levels], dtype=np.int64) for side in (baseline, current)]
    return levels, counts[0], counts[1]


def measure_levels(baseline: Levels, current: Levels) -> Mapping[str, float]:
    """What a reader knows from elsewhere; it decides nothing. Nothing where a side has no values."""
    _, ours, theirs = _aligned(baseline, current)
    if not (ours.sum() and theirs.sum()):
        return {}
    statistic, p_value = chi_squared(ours, theirs)
    rows, levels = int((ours + theirs).sum()), int(np.count_nonzero(ours + theirs))
    return {
        "chi_squared_p": p_value,
        "cramers_v": cramers_v(statistic, rows, levels),
        "jensen_shannon": jensen_shannon(ours, theirs),
    }


def _vanished(ours: Integers, theirs: Integers) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Those that the day should have had: a level of a few rows is often absent by chance."""
    expected = ours * (int(theirs.sum()) / int(ours.sum()))
    return np.asarray((theirs == 0) & (expected >= EXPECTED_ROWS))


def _listed(names: list[str], rows: Integers, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Mapping[str, int]:
    places = sorted(np.flatnonzero(chosen).tolist(), key=lambda place: (-int(rows[place]), names[place]))
    return {names[place]: int(rows[place]) for place in places[:LISTED]}


def _shape(names: list[str], ours: Integers, theirs: Integers) -> Shape:
    """The levels that either side has most of; the others are not drawn."""
    shares = ours / ours.sum(), theirs / theirs.sum()
    drawn = np.sort(np.argsort(-np.maximum(*shares), kind="stable")[:BARS])
    return Shape(
        levels=tuple(names[place] for place in drawn),
        baseline=tuple(shares[0][drawn].tolist()),
        current=tuple(shares[1][drawn].tolist()),
    )
