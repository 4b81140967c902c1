"""From what breached today and on the days before to the verdict, and the one sentence that says why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from include.ml.drift.quality import broken
from include.specs.drift import (
    BaselineRef,
    DriftReport,
    FeatureDrift,
    PredictionDrift,
    RowCount,
    Separability,
    Verdict,
    Violation,
)
from include.specs.monitoring import DriftRule

NAMED = 3
WITHOUT_VERDICT: frozenset[Verdict] = frozenset({"insufficient_data", "broken"})
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Today:
    """All that the verdict rests on."""

    rule: DriftRule
    rows: RowCount
    features: tuple[FeatureDrift, ...]
    prediction: PredictionDrift | None = None
    separability: Separability | None = None
    violations: Sequence[Violation] = ()
    earlier: Sequence[DriftReport] = ()


def comparable(
    history: Iterable[DriftReport], *, window: dt.date | None, baseline: BaselineRef, days: int
) -> Sequence[DriftReport]:
    """The reports of the last days before `window` that say something about the same baseline, the newest first.

    The last days are those of the calendar. One that has a report and no verdict, for want of rows or of a whole feed,
    is none of them: they reach a day further back. One without a report is: nobody looked, and two breaches that are
    weeks apart do not follow each other.

    Args:
        days: how many are the last, `window` included.
    """
    if window is None:
        return ()
    reports = {report.window: report for report in history if report.window is not None}
    found: list[DriftReport] = []
    date, left = window, days - 1
    while left:
        date -= _DAY
        report = reports.get(date)
        if report is not None and report.verdict in WITHOUT_VERDICT:
            continue
        left -= 1
        if report is not None and _same(report.baseline, baseline):
            found.append(report)
    return found


def _same(one: BaselineRef, other: BaselineRef) -> bool:
    """Whether they are of one version: a group that is begun anew gives its numbers a second time."""
    return one.run == other.run if one.run and other.run else one.version == other.version


def remembered(feature: FeatureDrift, earlier: Sequence[DriftReport], window: dt.date | None) -> FeatureDrift:
    """The feature with the number of days on which it breached, and since when it has."""
    breached = [feature.name in {found.name for found in report.drifted} for report in earlier]
    days = int(feature.drifted) + sum(breached)
    if not feature.drifted:
        return replace(feature, days=days, since=None)
    unbroken = next((place for place, held in enumerate(breached) if not held), len(breached))
    return replace(feature, days=days, since=earlier[unbroken - 1].window if unbroken else window)


def verdict(today: Today) -> tuple[Verdict, str]:
    """The day's verdict and why.

    Drift stays until it has been gone for long enough that the last days no longer have so many breaches.
    """
    unusable = sorted(broken(today.violations))
    if unusable:
        return "broken", f"the feed is broken: {_messages(today.violations)}"
    fewest = min(today.rows.independent_baseline, today.rows.independent_current)
    if fewest < today.rule.minimum_rows:
        return "insufficient_data", (
            f"{fewest} independent rows are too few to tell drift from chance; it takes {today.rule.minimum_rows}"
        )
    lasting = [feature for feature in _judged(today) if feature.days >= today.rule.breaches]
    if lasting:
        return "drift", f"{_named(lasting)}{_over(today.rule)}"
    if _separable_days(today) >= today.rule.breaches:
        return "drift", f"{_of_classifier(today.separability)}{_over(today.rule)}"
    return _of_today(today)


def _separable_days(today: Today) -> int:
    every = [today.separability, *(report.separability for report in today.earlier)]
    return sum(found is not None and found.drifted for found in every)


def _of_classifier(found: Separability | None) -> str:
    told = "" if found is None else f": ROC-AUC {found.roc_auc.value:.3f}, above {found.threshold:.3f}"
    return f"no feature by itself, but a classifier tells the day's rows from the baseline's{told}"


def _of_today(today: Today) -> tuple[Verdict, str]:
    found = [feature for feature in _judged(today) if feature.drifted]
    if found:
        more = today.rule.breaches - max(feature.days for feature in found)
        return "warning", f"{_named(found)}; it takes {more} more such day{'s' * (more > 1)} to be called drift"
    if today.separability and today.separability.drifted:
        return "warning", _of_classifier(today.separability)
    compared = len(_judged(today))
    return "stable", f"none of {compared} distributions differs by more than matters and more than chance gives"


def _judged(today: Today) -> tuple[FeatureDrift, ...]:
    """The largest effect first."""
    predicted = (today.prediction.scores, today.prediction.called) if today.prediction else ()
    every = (*today.features, *predicted)
    return tuple(sorted(every, key=lambda feature: (-feature.effect.value, feature.name)))


def _named(found: Sequence[FeatureDrift]) -> str:
    told = "; ".join(f"{feature.name}: {feature.reason}" for feature in found[:NAMED])
    return told + (f"; and {len(found) - NAMED} more" if len(found) > NAMED else "")


def _over(rule: DriftRule) -> str:
    return "" if rule.of_days == 1 else f"; on {rule.breaches} or more of the last {rule.of_days} days"


def _messages(violations: Iterable[Violation]) -> str:
    told = [violation.message for violation in violations if violation.breaks]
    return "; ".join(told[:NAMED]) + (f"; and {len(told) - NAMED} more" if len(told) > NAMED else "")
