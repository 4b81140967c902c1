"""From what breached today and on the days before to the verdict, and the one sentence that says why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile, takewhile
from operator import not_

from include.ml.drift.quality import broken
from include.specs.drift import (
    BaselineRef,
    DriftReport,
    FeatureDrift,
    LastingDrift,
    PredictionDrift,
    RowCount,
    Separability,
    Shape,
    Verdict,
    Violation,
)
from include.specs.monitoring import DriftRule

NAMED = 3
WITHOUT_VERDICT: frozenset[Verdict] = frozenset({"insufficient_data", "broken"})
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Today:
    """All that the verdict rests on; `earlier` are the comparable reports, the newest first."""

    rule: DriftRule
    rows: RowCount
    features: tuple[FeatureDrift, ...]
    prediction: PredictionDrift | None = None
    separability: Separability | None = None
    violations: Sequence[Violation] = ()
    earlier: Sequence[DriftReport] = ()
    window: dt.date | None = None


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


def remembered(
    feature: FeatureDrift, earlier: Sequence[DriftReport], window: dt.date | None, *, breaches: int
) -> FeatureDrift:
    """The feature with the number of days on which it breached, and since when it has.

    Args:
        breaches: on so many of the days it is called drift, quiet though it may be today.
    """
    past = [(_as_of(report, feature.name), report) for report in earlier]
    days = int(feature.drifted) + sum(then is not None and then.drifted for then, _ in past)
    if not feature.drifted and days < breaches:
        return replace(feature, days=days, since=None)
    return replace(feature, days=days, since=_began(past, window if feature.drifted else None))


def remembered_rows(today: Today) -> Separability | None:
    """The same of what a classifier told of whole rows."""
    found = today.separability
    if found is None or not (found.drifted or _separable_days(today) >= today.rule.breaches):
        return found
    past = [(report.separability, report) for report in today.earlier]
    return replace(found, since=_began(past, today.window if found.drifted else None))


def _as_of(report: DriftReport, name: str) -> FeatureDrift | None:
    """The feature as it was on that day."""
    predicted = (report.prediction.scores, report.prediction.called) if report.prediction else ()
    return next((feature for feature in (*report.features, *predicted) if feature.name == name), None)


def _began(
    past: Sequence[tuple[FeatureDrift | Separability | None, DriftReport]], today: dt.date | None
) -> dt.date | None:
    """The first day without a pause. `past`: the newest first. today: None where it is the pause itself."""
    each = [then and (then.since or (report.window if then.drifted else None)) for then, report in past]
    unbroken = takewhile(bool, each if today else dropwhile(not_, each))
    return min((since for since in (*unbroken, today) if since), default=None)


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
    if sentences := _lasting_sentences(today):
        return "drift", f"{_named(sentences)}{_over(today)}"
    if _separable_days(today) >= today.rule.breaches:
        return "drift", f"{_of_classifier(today)}{_over(today)}"
    return _of_today(today)


def lasting(today: Today) -> tuple[LastingDrift, ...]:
    """What is called drift and is quiet today, as it was on the newest day on which it breached."""
    found: list[LastingDrift] = []
    for feature in _judged(today):
        if feature.drifted or feature.days < today.rule.breaches:
            continue
        then, on = next(
            (then, report.window)
            for report in today.earlier
            if (then := _as_of(report, feature.name)) and then.drifted and report.window
        )
        then = replace(then, shape=Shape(), days=feature.days, since=feature.since)
        found.append(LastingDrift(on=on, feature=then))
    return tuple(sorted(found, key=lambda each: _largest_first(each.feature)))


def _lasting_sentences(today: Today) -> Sequence[str]:
    """Of all that is called drift, the largest effect first."""
    held = [feature for feature in _judged(today) if feature.drifted and feature.days >= today.rule.breaches]
    quiet = [(each.feature, f" (on {each.on}, quiet today)") for each in lasting(today)]
    every = sorted([(feature, "") for feature in held] + quiet, key=lambda each: _largest_first(each[0]))
    return [f"{feature.name}{when}: {feature.reason}" for feature, when in every]


def _separable_days(today: Today) -> int:
    every = [today.separability, *(report.separability for report in today.earlier)]
    return sum(found is not None and found.drifted for found in every)


def _of_classifier(today: Today) -> str:
    """Of today where it told the rows apart, else of the newest day on which it did."""
    breached = [feature for feature in _judged(today) if feature.drifted]
    also = f"{_named(_sentences(breached))}; and" if breached else "no feature by itself, but"
    if today.separability and today.separability.drifted:
        return f"{also} a classifier tells the day's rows from the baseline's: {_area(today.separability)}"
    past = ((report.separability, report.window) for report in today.earlier)
    then, on = next((then, on) for then, on in past if then and then.drifted)
    return f"{also} a classifier told the rows of {on} from the baseline's, not today's: {_area(then)}"


def _area(found: Separability) -> str:
    return f"ROC-AUC {found.roc_auc.value:.3f}, above {found.threshold:.3f}"


def _of_today(today: Today) -> tuple[Verdict, str]:
    found = [feature for feature in _judged(today) if feature.drifted]
    if found:
        more = today.rule.breaches - max(feature.days for feature in found)
        return (
            "warning",
            f"{_named(_sentences(found))}; it takes {more} more such day{'s' * (more > 1)} to be called drift",
        )
    if today.separability and today.separability.drifted:
        return "warning", _of_classifier(today)
    compared = len(_judged(today))
    return "stable", f"none of {compared} distributions differs by more than matters and more than chance gives"


def _judged(today: Today) -> tuple[FeatureDrift, ...]:
    """The largest effect first."""
    predicted = (today.prediction.scores, today.prediction.called) if today.prediction else ()
    every = (*today.features, *predicted)
    return tuple(sorted(every, key=_largest_first))


def _largest_first(feature: FeatureDrift) -> tuple[float, str]:
    return -feature.effect.value, feature.name


def _sentences(found: Iterable[FeatureDrift]) -> Sequence[str]:
    return [f"{feature.name}: {feature.reason}" for feature in found]


def _named(sentences: Sequence[str]) -> str:
    return "; ".join(sentences[:NAMED]) + (f"; and {len(sentences) - NAMED} more" if len(sentences) > NAMED else "")


def _over(today: Today) -> str:
    rule, first = today.rule, today.earlier[-1].window if today.earlier else None
    if rule.of_days == 1:
        return ""
    further = first and today.window and (today.window - first).days >= rule.of_days
    left_out = ", those without a verdict left out" if further else ""
    return f"; on {rule.breaches} or more of the last {rule.of_days} days{left_out}"


def _messages(violations: Iterable[Violation]) -> str:
    return _named([violation.message for violation in violations if violation.breaks])
