"""The days of a report on quality as a picture: one metric, by labels and by scores alone, beside what the version that
answered each day was registered with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from include.ml.reporting.charts import Scale, Tick
from include.ml.reporting.drift_shapes import round_ticks
from include.ml.reporting.figures import MONTHS, day
from include.specs.metrics import METRICS
from include.specs.performance import DayQuality, PerformanceReport
from include.specs.reports import Estimate

State = Literal["fell", "held", "unjudged", "estimated", "registered"]

WIDTH, HEIGHT = 900, 300
LEFT, TOP, RIGHT, BOTTOM = 56, 12, 888, 262
MOST_DATES = 8
# Of the height, left free above and below what is drawn.
ROOM = 0.06
# An axis is at least so long, in units of the metric: noise must not fill it.
SHORTEST = 0.1
# How far an estimate stands beside the realised value of its day, in pixels.
ASIDE = 4.0
# In pixels, from which a version's days have room for more than its number.
WIDE_ENOUGH = 60.0


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A value with its interval, in pixels, and what it is in words."""

    state: State
    x: float
    y: float
    low: float
    high: float
    words: str


@dataclass(frozen=True, kw_only=True)
class Band:
    """Days in a row that one version answered, in pixels, and the value with its interval that it was registered with.

    Args:
        name: of the version; empty where all days are of the same. registered: None where nobody knows.
    """

    left: float
    right: float
    name: str
    registered: Mark | None


@dataclass(frozen=True, kw_only=True)
class DaysChart:
    """Marks by day, the estimates first: what labels say is drawn over them. `bands` are from the left to the right."""

    title: str
    marks: tuple[Mark, ...]
    bands: tuple[Band, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def state(found: DayQuality) -> State:
    """What labels say of a day."""
    return "fell" if found.breached else "held" if found.judged else "unjudged"


def days_chart(report: PerformanceReport) -> DaysChart | None:
    """The metric that decides; None where no day has a value of it."""
    name, days = report.metric, report.days
    estimated = [(found.date, "estimated", value) for found in days if (value := estimate(found, name))]
    realised = [(found.date, state(found), found.metrics[name].realised) for found in days if name in found.metrics]
    if not estimated and not realised:
        return None
    registered = [
        value for version in dict.fromkeys(found.version for found in days) if (value := _of(report, version))
    ]
    values = [value for _, _, value in (*estimated, *realised)] + registered
    x = _days_scale([found.date for found in days])
    y = _value_scale(name, values)
    return DaysChart(
        title=METRICS[name].title,
        marks=(
            *(_mark(x(date.toordinal()) + ASIDE, y, value, "estimated", day(date)) for date, _, value in estimated),
            *(_mark(x(date.toordinal()), y, value, kind, day(date)) for date, kind, value in realised),
        ),
        bands=_bands(report, x, y),
        x_ticks=_dates(x, [found.date for found in days]),
        y_ticks=round_ticks(y),
    )


def estimate(found: DayQuality, name: str) -> Estimate | None:
    """The metric as it is estimated without labels."""
    return found.estimated.metrics.get(name) if found.estimated else None


def _of(report: PerformanceReport, version: int | None) -> Estimate | None:
    """The metric that decides, as that version was registered with it."""
    found = report.registered_of(version)
    return found.metrics.get(report.metric) if found else None


def _bands(report: PerformanceReport, x: Scale, y: Scale) -> tuple[Band, ...]:
    parts = [(version, list(found)) for version, found in groupby(report.days, key=lambda found: found.version)]
    return tuple(_band(report, found, x, y, alone=len(parts) == 1) for _, found in parts)


def _band(report: PerformanceReport, days: Sequence[DayQuality], x: Scale, y: Scale, *, alone: bool) -> Band:
    left, right = x(days[0].date.toordinal() - 0.5), x(days[-1].date.toordinal() + 0.5)
    version, registered = days[0].version, _of(report, days[0].version)
    number = "?" if version is None else str(version)
    name = f"version {number}" if right - left >= WIDE_ENOUGH else number
    return Band(
        left=left,
        right=right,
        name="" if alone else name,
        registered=_mark(left, y, registered, "registered", f"version {number}") if registered else None,
    )


def _mark(x: float, y: Scale, value: Estimate, kind: State, when: str) -> Mark:
    words = f"{when}: {WORDS[kind]} {value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
    return Mark(state=kind, x=round(x, 2), y=y(value.value), low=y(value.low), high=y(value.high), words=words)


def _days_scale(dates: Sequence[dt.date]) -> Scale:
    """Half a day of room on either side."""
    return Scale(low=dates[0].toordinal() - 0.5, high=dates[-1].toordinal() + 0.5, start=LEFT, end=RIGHT)


def _value_scale(name: str, values: Iterable[Estimate]) -> Scale:
    """From the lowest to the highest interval, within what the metric can be."""
    known = list(values)
    low, high = min(value.low for value in known), max(value.high for value in known)
    room = max(ROOM * (high - low), (SHORTEST - (high - low)) / 2)
    top, bottom = METRICS[name].high, METRICS[name].low
    upper = high + room if top is None else min(top, high + room)
    return Scale(low=max(bottom, low - room), high=upper, start=BOTTOM, end=TOP)


def _dates(x: Scale, dates: Sequence[dt.date]) -> tuple[Tick, ...]:
    """Days at equal distances, the last one always among them."""
    step = -(-len(dates) // MOST_DATES)
    shown = dates[::-1][::step][::-1]
    return tuple(Tick(at=x(date.toordinal()), text=f"{date.day} {MONTHS[date.month - 1]}") for date in shown)


WORDS: dict[State, str] = {
    "fell": "fell to",
    "held": "as good as",
    "unjudged": "by the few labels that have come",
    "estimated": "estimated without labels at",
    "registered": "registered with",
}
