"""Days of predictions and the labels that have come, held against the registered evaluation: performance.json."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from include.ml.evaluation.predictions import Floats, Predictions
from include.ml.performance.comparison import fell, realised, sentence
from include.ml.performance.groups import observed_groups
from include.ml.performance.labels import Labels
from include.ml.performance.persistence import judgement
from include.ml.performance.predictions import Answered, Labelled, labelled, never_asked
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.monitoring import PerformanceRule
from include.specs.performance import DayQuality, EstimatedQuality, PerformanceReport, RealisedMetric, RegisteredRef
from include.specs.reports import EvaluationReport

Estimator = Callable[[Floats], EstimatedQuality]


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What quality is held against.

    Args:
        evaluation: of the version that is watched.
        estimate: the quality of a day by its scores alone; None for no such estimate.
    """

    version: int | None
    evaluation: EvaluationReport
    model: ModelSpec
    estimate: Estimator | None = None

    @property
    def rule(self) -> PerformanceRule:
        """When a fall counts."""
        return self.model.monitoring.performance

    @property
    def metric(self) -> str:
        """The one that decides."""
        return self.rule.metric or self.model.gate.primary_metric


def performance(
    days: Sequence[Answered], labels: Labels, registered: Registered, *, window: dt.date
) -> PerformanceReport:
    """performance.json.

    Raises:
        ReportError: a day comes twice, the evaluation is another model's, or lacks the metric that decides.
    """
    _require_metric(registered)
    ordered = sorted(days, key=lambda day: day.date)
    found = tuple(day_quality(day, labels, registered) for day in ordered)
    verdict, since, reasons = judgement(found, registered.rule, version=registered.version)
    evaluation = registered.evaluation
    own = [day for day in ordered if day.version == registered.version]
    return PerformanceReport(
        model=registered.model.name,
        window=window,
        registered=RegisteredRef(
            version=registered.version,
            run=evaluation.run,
            rows=evaluation.data.rows,
            positives=evaluation.data.positives,
            metrics=evaluation.metrics,
        ),
        metric=registered.metric,
        verdict=verdict,
        since=since,
        reasons=reasons,
        days=found,
        labels=replace(labels.report, never_asked=never_asked(list(days), labels)),
        fairness=observed_groups(own, labels, registered.model, threshold=evaluation.confusion.threshold),
    )


def day_quality(day: Answered, labels: Labels, registered: Registered) -> DayQuality:
    """One day, as far as its labels have come. Of a day that another version answered, only the labels are counted."""
    found = labelled(day, labels)
    positives, known = int(found.positive.sum()), len(found.positive)
    own = day.version == registered.version
    # Of one class alone nothing can be ranked.
    metrics = _metrics(day, found, registered) if own and 0 < positives < known else {}
    unjudged = _too_few(len(day.scores), known, positives, registered.rule) if own else _by_another(day, registered)
    decides = None if unjudged else metrics[registered.metric]
    estimate = registered.estimate if own and len(day.scores) else None
    return DayQuality(
        date=day.date,
        version=day.version,
        rows=len(day.scores),
        labelled=known,
        positives=positives,
        repeated=day.repeated,
        unusable=day.unusable,
        judged=decides is not None,
        breached=decides is not None and fell(registered.metric, decides, registered.rule),
        reasons=unjudged if decides is None else sentence(registered.metric, decides, registered.rule),
        metrics=metrics,
        estimated=estimate(day.scores) if estimate else None,
    )


def _by_another(day: Answered, registered: Registered) -> str:
    answered = "an unknown version" if day.version is None else f"version {day.version}"
    return f"{answered} answered; the evaluation is of version {registered.version}"


def _metrics(day: Answered, found: Labelled, registered: Registered) -> dict[str, RealisedMetric]:
    predictions = Predictions(
        labels=found.positive,
        scores=day.scores[found.known],
        threshold=registered.evaluation.confusion.threshold,
        required_precision=registered.model.decision.required_precision,
    )
    return realised(predictions, registered.evaluation.metrics)


def _too_few(rows: int, known: int, positives: int, rule: PerformanceRule) -> str:
    """Why a day has no verdict; nothing where it has one."""
    if not rows:
        return "no predictions were captured"
    if known < rule.minimum_share * rows or not known:
        return f"{known} of {rows} predictions have a label; it takes {rule.minimum_share:.0%} of them"
    rarer = min(positives, known - positives)
    if rarer < rule.minimum_rows:
        return f"{positives} positive and {known - positives} negative labels; it takes {rule.minimum_rows} of each"
    return ""


def _require_metric(registered: Registered) -> None:
    evaluation, model = registered.evaluation, registered.model
    if evaluation.model != model.name:
        raise ReportError(f"expected the evaluation of {model.name}, got that of {evaluation.model}")
    if registered.metric not in evaluation.metrics:
        raise ReportError(
            f"evaluation.json of {evaluation.run}: expected the metric {registered.metric}, which decides; "
            f"it has {', '.join(sorted(evaluation.metrics))}"
        )
