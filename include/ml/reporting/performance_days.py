"""The days of a report on quality as a picture: one metric, by labels and by scores alone, beside the registered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from include.ml.reporting.charts import Scale, Tick
from include.ml.reporting.drift_shapes import round_ticks
from include.ml.reporting.figures import MONTHS, day
from include.specs.metrics import METRICS
from include.specs.performance import DayQuality, PerformanceReport
from include.specs.reports import Estimate

State = Literal["fell", "held", "unjudged", "estimated"]

WIDTH, HEIGHT = 900, 300
LEFT, TOP, RIGHT, BOTTOM = 56, 12, 888, 262
MOST_DATES = 8
# Of the height, left free above and below what is drawn.
ROOM = 0.06
# An axis is at least so long, in units of the metric: noise must not fill it.
SHORTEST = 0.1
# How far an estimate stands beside the realised value of its day, in pixels.
ASIDE = 4.0


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
class DaysChart:
    """Marks by day, the estimates first: what labels say is drawn over them. `registered` may be unknown."""

    title: str
    marks: tuple[Mark, ...]
    registered: Mark | None
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
    registered = report.registered.metrics.get(name)
    values = [value for _, _, value in (*estimated, *realised)] + ([registered] if registered else [])
    x = _days_scale([found.date for found in days])
    y = _value_scale(name, values)
    return DaysChart(
        title=METRICS[name].title,
        marks=(
            *(_mark(x(date.toordinal()) + ASIDE, y, value, "estimated", day(date)) for date, _, value in estimated),
            *(_mark(x(date.toordinal()), y, value, kind, day(date)) for date, kind, value in realised),
        ),
        registered=_mark(LEFT, y, registered, "held", "registered") if registered else None,
        x_ticks=_dates(x, [found.date for found in days]),
        y_ticks=round_ticks(y),
    )


def estimate(found: DayQuality, name: str) -> Estimate | None:
    """The metric as it is estimated without labels."""
    return found.estimated.metrics.get(name) if found.estimated else None


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
}
