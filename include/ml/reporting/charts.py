"""Geometry of the report's charts: data to pixels. How they look is the template's business.

Written by hand, as SVG that the page's own style sheet colours: matplotlib costs 0.7 s of CPU to import, its SVG holds
random ids and a date, and neither follows the reader's light or dark mode.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from include.specs.reports import Confusion, Curve, Estimate

WIDTH, HEIGHT = 420, 330
LEFT, TOP, RIGHT, BOTTOM = 52, 12, 408, 284
NICE_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
MOST_TICKS = 6


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A linear scale from [low, high] to pixels [start, end]; values outside end at the border.

    >>> Scale(low=0, high=1, start=0, end=200)(0.25)
    50.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 2)


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chart: pixels, the style sheet's class, and its entry in the legend, if it has one."""

    points: str
    style: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A vertical interval with a dot, in pixels."""

    x: float
    low: float
    high: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """The decision threshold on a curve, in pixels."""

    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart with two axes."""

    title: str
    about: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    bars: tuple[Bar, ...] = ()
    point: Point | None = None


def roc_chart(curves: Mapping[str, Mapping[str, Curve]], chosen: Confusion) -> Chart:
    """ROC curves by model name, the candidate's first, and where the candidate's threshold lies."""
    x, y = _axes(1.0, 1.0)
    recall = chosen.true_positive / (chosen.true_positive + chosen.false_negative)
    disturbed = chosen.false_positive / (chosen.false_positive + chosen.true_negative)
    chance = Line(points=_points(x, y, (0, 1), (0, 1)), style="reference", name="chance")
    return Chart(
        title="ROC curve",
        about="Share of positives found against share of negatives disturbed, at every threshold.",
        x_title="false-positive rate",
        y_title="recall",
        x_ticks=_ticks(x),
        y_ticks=_ticks(y),
        lines=(chance, *_curves(x, y, curves, "roc")),
        point=Point(x=x(disturbed), y=y(recall)),
    )


def precision_recall_chart(curves: Mapping[str, Mapping[str, Curve]], chosen: Confusion) -> Chart:
    """Precision-recall curves by model name, the candidate's first, and where its threshold lies, if it calls any."""
    x, y = _axes(1.0, 1.0)
    positives, called = chosen.true_positive + chosen.false_negative, chosen.true_positive + chosen.false_positive
    base_rate = positives / (positives + chosen.false_positive + chosen.true_negative)
    base = Line(
        points=_points(x, y, (0, 1), (base_rate, base_rate)), style="reference", name=f"base rate {base_rate:.3g}"
    )
    return Chart(
        title="Precision and recall",
        about="Share of calls that are right against share of positives found, at every threshold.",
        x_title="recall",
        y_title="precision",
        x_ticks=_ticks(x),
        y_ticks=_ticks(y),
        lines=(base, *_curves(x, y, curves, "precision_recall")),
        point=Point(x=x(chosen.true_positive / positives), y=y(chosen.true_positive / called)) if called else None,
    )


def calibration_chart(curves: Mapping[str, Mapping[str, Curve]]) -> Chart:
    """Mean score against the share of positives; intervals for the first model."""
    top = _ceiling(
        max(value for of_model in curves.values() for value in (*of_model["calibration"].x, *of_model["calibration"].y))
    )
    x, y = _axes(top, top)
    ideal = Line(points=_points(x, y, (0, top), (0, top)), style="reference", name="perfect calibration")
    return Chart(
        title="Calibration",
        about="Tenths of the hold-out by score: what was predicted and what happened, with 95 % intervals.",
        x_title="mean predicted probability",
        y_title="observed share of positives",
        x_ticks=_ticks(x),
        y_ticks=_ticks(y),
        lines=(ideal, *_curves(x, y, curves, "calibration")),
        bars=_bars(x, y, next(iter(curves.values()))),
    )


@dataclass(frozen=True, kw_only=True)
class Whisker:
    """An interval with a dot on a shared scale, in percent of its width."""

    low: float
    high: float
    value: float


def whiskers(estimates: Iterable[Estimate], *, low: float, high: float) -> list[Whisker]:
    """Each estimate on the scale [low, high].

    >>> whiskers([Estimate(value=.5, low=.25, high=1)], low=0, high=1)
    [Whisker(low=25.0, high=100.0, value=50.0)]
    """
    scale = Scale(low=low, high=high, start=0, end=100)
    return [Whisker(low=scale(e.low), high=scale(e.high), value=scale(e.value)) for e in estimates]


def _axes(x_top: float, y_top: float) -> tuple[Scale, Scale]:
    return Scale(low=0, high=x_top, start=LEFT, end=RIGHT), Scale(low=0, high=y_top, start=BOTTOM, end=TOP)


def _points(x: Scale, y: Scale, xs: Sequence[float], ys: Sequence[float]) -> str:
    return " ".join(f"{x(a):g},{y(b):g}" for a, b in zip(xs, ys, strict=True))


def _curves(x: Scale, y: Scale, curves: Mapping[str, Mapping[str, Curve]], kind: str) -> list[Line]:
    """The first on top: it is drawn last."""
    styles = ("candidate", "champion")
    lines = [
        Line(points=_points(x, y, of_model[kind].x, of_model[kind].y), style=style, name=name)
        for style, (name, of_model) in zip(styles, curves.items(), strict=False)
    ]
    return lines[::-1]


def _bars(x: Scale, y: Scale, curves: Mapping[str, Curve]) -> tuple[Bar, ...]:
    middle, low, high = (curves[name] for name in ("calibration", "calibration_low", "calibration_high"))
    return tuple(
        Bar(x=x(at), low=y(bottom), high=y(top), y=y(value))
        for at, value, bottom, top in zip(middle.x, middle.y, low.y, high.y, strict=True)
    )


def _ceiling(value: float) -> float:
    """The next nice number, at most 1.

    >>> _ceiling(0.137), _ceiling(0.93)
    (0.2, 1.0)
    """
    step = 10.0 ** math.floor(math.log10(max(value, 1e-6)))
    return min(1.0, round(math.ceil(value / step) * step, 9))


def _ticks(scale: Scale) -> tuple[Tick, ...]:
    """At most MOST_TICKS + 1, at round numbers."""
    steps = (scale_of * step for scale_of in (1e-4, 1e-2, 1.0) for step in NICE_STEPS)
    step = next((step for step in steps if scale.high / step <= MOST_TICKS), scale.high)
    values = [count * step for count in range(int(scale.high / step + 1e-9) + 1)]
    return tuple(Tick(at=scale(value), text=f"{value:.10g}") for value in values)
