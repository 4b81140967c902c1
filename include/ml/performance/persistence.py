"""From the days that fell to the verdict: one bad day is a warning, several are a degradation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from include.specs.monitoring import PerformanceRule
from include.specs.performance import DayQuality, PerformanceVerdict


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict on `version`, since when, and why."""

    version: int | None
    verdict: PerformanceVerdict
    since: dt.date | None = None
    reasons: str


def judgement(
    days: Sequence[DayQuality], rule: PerformanceRule, *, watched: int, known: Collection[int | None]
) -> Judgement:
    """The verdict on the version that answered the newest day that can be judged.

    That is not always the one that serves: labels take weeks, and a version that was replaced meanwhile is judged as
    they come, until the first day of its successor is. A new version is a new story: a day of another one, like a day
    without enough labels, neither counts nor breaks a row of breaches. A degradation stays until the last days no
    longer have so many breaches.

    Args:
        days: the oldest first. watched: the version that serves now, which it is about where no day can be judged.
        known: the versions whose evaluations are.
    """
    newest = next((day for day in reversed(days) if day.judged), None)
    if newest is None:
        return Judgement(version=watched, verdict="insufficient_data", reasons=_nothing(days, known))
    found = _of_one([day for day in days if day.judged and day.version == newest.version], rule, version=newest.version)
    if newest.version == watched:
        return found
    last = max(day.date for day in days if day.version == newest.version)
    told = f"of version {newest.version}, which answered until {last}, {found.reasons}; {_yet(days, watched)}"
    return replace(found, reasons=told)


def _of_one(judged: Sequence[DayQuality], rule: PerformanceRule, *, version: int | None) -> Judgement:
    breaches = sum(day.breached for day in judged[-rule.of_days :])
    if breaches >= rule.breaches:
        told = f"{_newest_breach(judged)}{_over(rule)}"
        return Judgement(version=version, verdict="degraded", since=_since(judged), reasons=told)
    if judged[-1].breached:
        more = rule.breaches - breaches
        told = f"{_newest_breach(judged)}; it takes {more} more such day{'s' * (more > 1)} to be called degraded"
        return Judgement(version=version, verdict="warning", since=_since(judged), reasons=told)
    return Judgement(version=version, verdict="stable", reasons=f"on {judged[-1].date}: {judged[-1].reasons}")


def _since(judged: Sequence[DayQuality]) -> dt.date:
    """The first of the breaches that follow each other up to the newest one."""
    newest = max(place for place, day in enumerate(judged) if day.breached)
    first = newest
    while first and judged[first - 1].breached:
        first -= 1
    return judged[first].date


def _newest_breach(judged: Sequence[DayQuality]) -> str:
    day = next(day for day in reversed(judged) if day.breached)
    return f"on {day.date}: {day.reasons}"


def _over(rule: PerformanceRule) -> str:
    return "" if rule.of_days == 1 else f"; on {rule.breaches} or more of the last {rule.of_days} days with labels"


def _yet(days: Sequence[DayQuality], watched: int) -> str:
    """What is not known of the version that serves now; one that was rolled back to may have been judged before."""
    again = any(day.judged and day.version == watched for day in days)
    of_it = "no day since" if again else "no day of its own"
    return f"version {watched} serves now{' again' * again}, and {of_it} has enough labels yet"


def _nothing(days: Sequence[DayQuality], known: Collection[int | None]) -> str:
    if not days:
        return "no predictions were captured"
    labelled, rows = sum(day.labelled for day in days), sum(day.rows for day in days)
    if not rows:
        return _unusable(days)
    told = f"{labelled} of {rows} predictions have a label, on no day enough for a verdict"
    if early := sum(day.too_early for day in days):
        told += f"; {early} have an id whose label was told too early to be theirs"
    lost = sum(day.rows > 0 and day.version not in known for day in days)
    return f"{told}; on {lost} of {len(days)} days a version answered whose evaluation is not known" if lost else told


def _unusable(days: Sequence[DayQuality]) -> str:
    """That nothing can be joined to a label, and why on the newest day on which anything was captured."""
    told = next((day for day in reversed(days) if day.unusable or day.unreadable), days[-1])
    return f"on none of {len(days)} days is there a prediction that a label could find; on {told.date}: {told.reasons}"
