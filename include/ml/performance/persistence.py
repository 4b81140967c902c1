"""From the days that fell to the verdict: one bad day is a warning, several are a degradation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from include.specs.monitoring import PerformanceRule
from include.specs.performance import DayQuality, PerformanceVerdict

Judgement = tuple[PerformanceVerdict, dt.date | None, str]


def judgement(days: Sequence[DayQuality], rule: PerformanceRule, *, version: int | None) -> Judgement:
    """The verdict on `version`, since when, and why.

    A day without enough labels, or of another version, neither counts nor breaks a row of breaches. A degradation stays
    until the last days no longer have so many breaches.

    Args:
        days: the oldest first.
    """
    judged = [day for day in days if day.judged and day.version == version]
    if not judged:
        return "insufficient_data", None, _nothing(days)
    recent = judged[-rule.of_days :]
    breaches = sum(day.breached for day in recent)
    if breaches >= rule.breaches:
        return "degraded", _since(judged), f"{_newest_breach(judged)}{_over(rule)}"
    if judged[-1].breached:
        more = rule.breaches - breaches
        told = f"it takes {more} more such day{'s' * (more > 1)} to be called degraded"
        return "warning", _since(judged), f"{_newest_breach(judged)}; {told}"
    return "stable", None, f"on {judged[-1].date}: {judged[-1].reasons}"


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


def _nothing(days: Sequence[DayQuality]) -> str:
    if not days:
        return "no predictions were captured"
    labelled, rows = sum(day.labelled for day in days), sum(day.rows for day in days)
    return f"{labelled} of {rows} predictions have a label, on no day enough for a verdict"
