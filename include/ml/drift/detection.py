"""From two sides to drift.json: look for faults, compare column by column on two threads, judge all tests together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from include.ml.drift import persistence, quality
from include.ml.drift.comparison import Compared, Joint, Question, compare
from include.ml.drift.judgement import judge
from include.ml.drift.sides import Baseline, Day
from include.ml.drift.significance import adjust
from include.specs.dataset import Column
from include.specs.drift import DriftReport, FeatureDrift, PredictionDrift, RowCount, Violation
from include.specs.errors import DataContractError

# Decoding and sorting release the interpreter; a third thread has nothing to win on two cores, and a column to hold.
THREADS = 2


def detect(
    baseline: Baseline,
    day: Day,
    question: Question,
    *,
    history: Iterable[DriftReport] = (),
    joint: Joint | None = None,
    progress: Callable[[str], None] = lambda _name: None,
) -> DriftReport:
    """drift.json.

    Args:
        history: reports of earlier days, in any order. joint: None where no classifier is wanted.
        progress: called with the name of each column that is done, by any thread.

    Raises:
        DataContractError: a file cannot be read, or the two have no feature in common.
    """
    violations = _of_schema(baseline, day, question)
    unusable = quality.broken(violations)
    features = [column for column in question.features if column.name not in unusable]
    if not features and not unusable:
        raise DataContractError(f"{question.model}: expected features to compare, got none")

    def compared(column: Column) -> Compared:
        found = compare(column, baseline, day, question, joint)
        progress(column.name)
        return found

    tasks = [*features, *_score_columns(question, day)]
    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(zip([column.name for column in tasks], pool.map(compared, tasks), strict=True))
    violations += [fault for each in found.values() for fault in each.violations]
    separability = joint.rows(features) if joint else None
    today = _today(_counted(baseline, day), question, found, history)
    today = replace(today, separability=separability, violations=violations)
    today = replace(today, separability=persistence.remembered_rows(today))
    return _report(today, question, max((each.error for each in found.values()), default=0.0))


def _counted(baseline: Baseline, day: Day) -> RowCount:
    return RowCount(
        baseline=baseline.rows,
        current=day.rows,
        independent_baseline=baseline.independent,
        independent_current=day.independent,
        without_entity=day.without_entity,
    )


def _today(
    rows: RowCount, question: Question, compared: Mapping[str, Compared], history: Iterable[DriftReport]
) -> persistence.Today:
    """All comparisons judged together, in the light of the days before."""
    earlier = persistence.comparable(
        history, window=question.window, baseline=question.baseline, days=question.rule.of_days
    )
    features, prediction = _judged(compared, question, rows, earlier)
    return persistence.Today(
        rule=question.rule, rows=rows, features=features, prediction=prediction, earlier=earlier, window=question.window
    )


def _of_schema(baseline: Baseline, day: Day, question: Question) -> list[Violation]:
    for column in question.features:
        if column.name not in baseline.types:
            raise DataContractError(
                f"{question.model}: the baseline has no column {column.name!r}, only {', '.join(baseline.types)}; "
                "is it another version's?"
            )
    known = set(question.known) | {name for name in (question.id, question.scores and question.scores.column) if name}
    found = quality.of_schema(question.features, dict(baseline.types), dict(day.types), known=known)
    if question.id is None:
        return found
    if question.id not in day.types:
        return [*found, quality.no_identifier(question.id)]
    return [*found, *quality.of_identifiers(question.id, day.repeated(question.id), day.rows)]


def _score_columns(question: Question, day: Day) -> list[Column]:
    scores = question.scores
    if scores is None:
        return []
    if scores.column not in day.types:
        raise DataContractError(f"{question.model}: expected the scores in a column {scores.column!r}, found none")
    return [Column(name=scores.column, kind="numeric")]


def _judged(
    compared: Mapping[str, Compared], question: Question, rows: RowCount, earlier: Sequence[DriftReport]
) -> tuple[tuple[FeatureDrift, ...], PredictionDrift | None]:
    every = adjust(feature for each in compared.values() for feature in each.features)
    told = [_told(feature, question, rows, earlier) for feature in every]
    found = compared.get(question.scores.column) if question.scores else None
    if found is None or not found.features:
        return tuple(told), None
    # The scores are compared last.
    *features, scores, classes = told
    return tuple(features), PredictionDrift(
        scores=scores, called=classes, expected_rate=found.rates[0], rate=found.rates[1]
    )


def _told(feature: FeatureDrift, question: Question, rows: RowCount, earlier: Sequence[DriftReport]) -> FeatureDrift:
    """The feature, judged, and with what the days before say; not judged where there are too few rows for it."""
    if min(rows.independent_baseline, rows.independent_current) < question.rule.minimum_rows:
        return replace(feature, reason="too few rows to tell drift from chance")
    judged = judge(feature, question.rule)
    return persistence.remembered(judged, earlier, question.window, breaches=question.rule.breaches)


def _report(today: persistence.Today, question: Question, error: float) -> DriftReport:
    verdict, reasons = persistence.verdict(today)
    return DriftReport(
        model=question.model,
        window=question.window,
        baseline=question.baseline,
        rows=today.rows,
        verdict=verdict,
        reasons=reasons,
        features=today.features,
        prediction=today.prediction,
        separability=today.separability,
        violations=tuple(today.violations),
        exact=error == 0,
        error=error,
        lasting=persistence.lasting(today) if verdict == "drift" else (),
    )
