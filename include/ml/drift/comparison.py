"""One column of both sides, read, looked at for faults and compared; not judged yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from include.ml.drift import quality
from include.ml.drift.blank_cells import compare_missing
from include.ml.drift.categorical import compare_levels, measure_levels
from include.ml.drift.columns import Levels
from include.ml.drift.numeric import compare_numbers, error, measure_numbers
from include.ml.drift.prediction import Scores, called, compare_called, expected, rate, said, together
from include.ml.drift.sample import Numeric
from include.ml.drift.sides import Baseline, Day
from include.specs.dataset import Column
from include.specs.drift import BaselineRef, Effect, FeatureDrift, FeatureKind, Separability, Violation
from include.specs.monitoring import DriftRule


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be told.

    Args:
        window: the day, or None where two files are compared.
        features: those of the baseline, in its order. scores: None where there are none to look at.
        id: the column that tells rows apart; None where rows have none, or may share one.
        known: names of columns that are neither features nor new.
    """

    model: str
    baseline: BaselineRef
    rule: DriftRule
    features: tuple[Column, ...]
    window: dt.date | None = None
    scores: Scores | None = None
    id: str | None = None
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Joint:
    """What can only be told from whole rows, by a classifier.

    Args:
        text: the comparison of a text feature. rows: of all features together.
    """

    text: Callable[[Column], FeatureDrift]
    rows: Callable[[Sequence[Column]], Separability | None]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One column: the comparison (None where it cannot be made), its faults, and by how much it may err."""

    features: tuple[FeatureDrift, ...]
    violations: Sequence[Violation]
    error: float = 0.0
    rates: tuple[float, float] = (0.0, 0.0)


def compare(column: Column, baseline: Baseline, day: Day, question: Question, joint: Joint | None) -> Compared:
    """The comparison that the column's kind asks for.

    Raises:
        DataContractError: a file cannot be read.
    """
    if question.scores and column.name == question.scores.column:
        return _scores(column, baseline, day, question, question.scores)
    if column.kind in ("numeric", "timestamp"):
        return _numbers(column, baseline, day, question.rule)
    if column.kind == "text":
        return _texts(column, baseline, day, question.rule, joint)
    return _levels(column, baseline, day, question.rule)


def _texts(column: Column, baseline: Baseline, day: Day, rule: DriftRule, joint: Joint | None) -> Compared:
    feature = joint.text(column) if joint else _texts_not_asked_for(column.name, rule)
    # Its share is that of a sample; where that says that hardly any text came, those are soon counted.
    if feature.missing.current > rule.dead_share:
        counted = feature.missing, baseline.independent
        violations = quality.of_texts(column, counted, day.levels(column), limit=rule.dead_share)
        if violations:
            return Compared(features=(), violations=violations)
    return Compared(features=(feature,), violations=())


def _not_compared(name: str, kind: FeatureKind, none: Effect, why: str) -> FeatureDrift:
    """A feature of which nothing is known; `none`: the effect that says so."""
    return FeatureDrift(
        name=name,
        kind=kind,
        test=None,
        effect=none,
        missing=compare_missing((0, 0), (0, 0)),
        drifted=False,
        reason=why,
    )


def _texts_not_asked_for(name: str, rule: DriftRule) -> FeatureDrift:
    none = Effect(measure="roc_auc", value=0.5, threshold=rule.separability)
    return _not_compared(name, "text", none, "text is compared by a classifier, which was not asked for")


def _numbers(column: Column, baseline: Baseline, day: Day, rule: DriftRule) -> Compared:
    ours = baseline.numeric(column)
    theirs = day.numeric(column, ours.points)
    return _of_numbers(column, day, (ours, theirs), rule)


def _of_numbers(column: Column, day: Day, sides: tuple[Numeric, Numeric], rule: DriftRule) -> Compared:
    ours, theirs = sides
    violations = quality.of_numbers(column, ours, theirs, limit=rule.dead_share)
    if quality.broken(violations):
        return Compared(features=(), violations=violations)
    feature = compare_numbers(column.name, ours, theirs, rule)
    feature, open_by = _settled(feature, column, day, sides)
    measures = measure_numbers(ours, theirs, feature.effect.value)
    return Compared(features=(replace(feature, measures=measures),), violations=violations, error=open_by)


def _settled(
    feature: FeatureDrift, column: Column, day: Day, sides: tuple[Numeric, Numeric]
) -> tuple[FeatureDrift, float]:
    """The feature and by how much its distance may be larger: nothing, where what it would be decides."""
    open_by, effect = error(*sides), feature.effect
    if not effect.value <= effect.threshold < effect.value + open_by:
        return feature, open_by
    exact = day.looked_into(column, *sides)
    if exact is None:
        return feature, open_by
    return replace(feature, effect=replace(effect, value=exact)), 0.0


def _levels(column: Column, baseline: Baseline, day: Day, rule: DriftRule) -> Compared:
    ours, theirs = baseline.levels(column), day.levels(column)
    violations = quality.of_levels(column, ours, theirs, limit=rule.dead_share)
    if quality.broken(violations):
        return Compared(features=(), violations=violations)
    feature = compare_levels(column.name, ours, theirs, rule)
    return Compared(features=(replace(feature, measures=measure_levels(ours, theirs)),), violations=violations)


def _scores(column: Column, baseline: Baseline, day: Day, question: Question, scores: Scores) -> Compared:
    """The scores as a numeric feature, and what is called positive as one of two levels.

    A row that was answered with a class alone lacks no score.
    """
    ours = baseline.numeric(column, (scores.threshold,))
    theirs, classes = _answers(column, day, ours, scores)
    if classes.rows and not theirs.rows:
        found = Compared(features=(_without_scores(column.name, question.rule),), violations=())
    else:
        found = _of_numbers(column, day, (ours, theirs), question.rule)
    if not found.features:
        return found
    sides = expected(ours, scores), together(called(theirs, scores.threshold), classes)
    positive = compare_called(*sides, question.rule)
    return replace(found, features=(*found.features, positive), rates=(rate(sides[0]), rate(sides[1])))


def _answers(column: Column, day: Day, baseline: Numeric, scores: Scores) -> tuple[Numeric, Levels]:
    """The scores of the rows that should have one, and what the others were called."""
    theirs = day.numeric(column, baseline.points)
    if scores.classes is None:
        return theirs, said(Levels(rows=0, missing=0, counts={}), scores.positive)
    alone = said(day.levels(Column(name=scores.classes, kind="categorical")), scores.positive)
    return replace(theirs, rows=theirs.rows - alone.rows, missing=theirs.missing - alone.rows), alone


def _without_scores(name: str, rule: DriftRule) -> FeatureDrift:
    none = Effect(measure="kolmogorov_smirnov", value=0.0, threshold=rule.effect)
    return _not_compared(name, "numeric", none, "the model answers with classes alone: there are no scores to compare")
