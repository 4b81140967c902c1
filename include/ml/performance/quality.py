"""Days of predictions and the labels that have come, held against the registered evaluations: performance.json."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from include.ml.evaluation.predictions import Predictions
from include.ml.performance.comparison import fell, realised, sentence
from include.ml.performance.groups import Observed, observed, observed_groups
from include.ml.performance.labels import Labels
from include.ml.performance.persistence import judgement
from include.ml.performance.predictions import Account, Answered, Labelled, account, labelled
from include.ml.performance.registered import Registered, Versions
from include.specs.monitoring import PerformanceRule
from include.specs.performance import DayQuality, PerformanceReport, RealisedMetric

EMPTY = "no predictions were captured"
# Of what could not be read: that which is nobody's fault where the version that answered had other features.
OTHER_LAYOUT = "of another layout than the spec has today, as a version with other features had"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is left of a day; of one that is held against nothing, no groups are observed."""

    quality: DayQuality
    observed: Observed | None


def performance(days: Iterable[Answered], labels: Labels, versions: Versions, *, window: dt.date) -> PerformanceReport:
    """performance.json.

    Args:
        days: looked at one by one, and let go of: all of them together need not fit into memory.

    Raises:
        ReportError: a day comes twice.
    """
    made, watched = account(labels), versions.watched
    # A loop's variable would hold the day before while the next is read.
    each_day = map(partial(_measured, labels=labels, versions=versions, made=made), days)
    measured = sorted(each_day, key=lambda day: day.quality.date)
    found = tuple(day.quality for day in measured)
    judged = judgement(found, watched.rule, watched=watched.version, known=versions.known)
    about = versions.of(judged.version) or watched
    served = {day.version for day in found}
    others = [each for each in (watched, *versions.past) if each is watched or each.version in served]
    own = [day.observed for day in measured if day.observed and day.quality.version == about.version]
    return PerformanceReport(
        model=watched.model.name,
        window=window,
        registered=about.reference,
        others=tuple(each.reference for each in others if each is not about),
        watched=watched.version,
        metric=watched.metric,
        verdict=judged.verdict,
        since=judged.since,
        reasons=judged.reasons,
        days=found,
        labels=made.added_to(labels.report),
        fairness=observed_groups(own, about.model),
    )


def _measured(day: Answered, *, labels: Labels, versions: Versions, made: Account) -> Measured:
    found, against = labelled(day, labels), versions.of(day.version)
    made.add(found)
    return Measured(
        quality=day_quality(day, found, versions),
        observed=observed(day, found, threshold=against.threshold) if against else None,
    )


def day_quality(day: Answered, found: Labelled, versions: Versions) -> DayQuality:
    """One day, as far as its labels have come, against the version that answered it; where nobody knows what that was
    registered with, only the labels are counted."""
    against = versions.of(day.version)
    positives, known = int(found.positive.sum()), len(found.positive)
    counted = DayQuality(
        date=day.date,
        version=day.version,
        rows=len(day.scores),
        labelled=known,
        positives=positives,
        repeated=day.repeated,
        unusable=day.unusable,
        unreadable=day.unreadable,
        too_early=found.too_early,
        judged=False,
        breached=False,
        reasons=versions.why_not(day.version) if len(day.scores) else _empty(day),
    )
    quality = _judged(counted, day, found, against) if against else counted
    return quality if quality.judged else replace(quality, reasons="; ".join([quality.reasons, *_lost(day)]))


def _judged(counted: DayQuality, day: Answered, found: Labelled, against: Registered) -> DayQuality:
    positives, known = counted.positives, counted.labelled
    # Of one class alone nothing can be ranked.
    metrics = _metrics(day, found, against) if 0 < positives < known else {}
    unjudged = _too_few(counted.rows, known, positives, against.rule) if counted.rows else counted.reasons
    scored = day.scored
    decides = None if unjudged else metrics[against.metric]
    return replace(
        counted,
        judged=decides is not None,
        breached=decides is not None and fell(against.metric, decides, against.rule),
        reasons=unjudged if decides is None else sentence(against.metric, decides, against.rule),
        metrics=metrics,
        estimated=against.estimate(scored) if against.estimate and len(scored) else None,
    )


def _metrics(day: Answered, found: Labelled, against: Registered) -> dict[str, RealisedMetric]:
    predictions = Predictions(
        labels=found.positive,
        scores=day.scores[found.known],
        threshold=against.threshold,
        required_precision=against.model.decision.required_precision,
    )
    return realised(predictions, against.evaluation.metrics)


def _too_few(rows: int, known: int, positives: int, rule: PerformanceRule) -> str:
    """Why a day has no verdict; nothing where it has one."""
    if known < rule.minimum_share * rows or not known:
        return f"{known} of {rows} predictions have a label; it takes {rule.minimum_share:.0%} of them"
    rarer = min(positives, known - positives)
    if rarer < rule.minimum_rows:
        return f"{positives} positive and {known - positives} negative labels; it takes {rule.minimum_rows} of each"
    return ""


def _empty(day: Answered) -> str:
    """Why there is no prediction that a label could find."""
    return "no prediction can be used" if day.unusable or day.unreadable else EMPTY


def _lost(day: Answered) -> Iterator[str]:
    """What else was captured, and cannot be joined to a label."""
    if day.unusable:
        yield f"{day.unusable} predictions have no id of their own, or no score: no label finds them"
    if day.unreadable:
        most = sorted(day.unreadable.items(), key=lambda item: (-item[1], item[0]))
        told = {"wrong_columns": OTHER_LAYOUT}
        reasons = ", ".join(f"{count} {told.get(why, why.replace('_', ' '))}" for why, count in most)
        yield f"{sum(day.unreadable.values())} could not be read ({reasons})"
