"""Geometry of a drift report's small multiples: a baseline's distribution under a day's, for one feature."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from include.ml.reporting.charts import Scale, Tick
from include.ml.reporting.figures import stepped
from include.specs.drift import Shape

LEFT, TOP, RIGHT, BOTTOM = 4, 6, 296, 130
MOST_TICKS = 5
MOST_LEVELS = 5
# A bin narrower than this share of the axis would be a spike that flattens everything else.
NARROWEST = 1 / 100
# Edges that differ by less than this, relative to their size or at all, are one value.
SAME, NOTHING = 1e-9, 1e-290


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Two outlines as SVG paths, the baseline's closed to be filled; and the axis below them."""

    baseline: str
    current: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, kw_only=True)
class LevelBar:
    """A level's share on either side, and its bars' lengths in percent of the longest."""

    level: str
    baseline: float
    current: float
    baseline_length: float
    current_length: float
    new: bool


@dataclass(frozen=True, kw_only=True)
class LevelBars:
    """The levels that are shown, and the shares of all others, which may be none."""

    bars: tuple[LevelBar, ...]
    others_baseline: float
    others_current: float

    @property
    def whole(self) -> bool:
        """Whether every row is in a level that is shown."""
        return max(self.others_baseline, self.others_current) == 0


def histogram(shape: Shape) -> Histogram:
    """Heights are shares by width, so that bins of different widths can be compared.

    >>> histogram(Shape(edges=(0, 1, 2), baseline=(.5, .5), current=(1, 0))).current
    'M4 130V6H150V130H296V130'
    """
    edges = _spread(shape.edges)
    x = Scale(low=edges[0], high=edges[-1], start=LEFT, end=RIGHT)
    before, after = (_densities(edges, shares) for shares in (shape.baseline, shape.current))
    y = Scale(low=0, high=max(*before, *after) or 1.0, start=BOTTOM, end=TOP)
    return Histogram(
        baseline=_outline(x, y, edges, before) + "Z",
        current=_outline(x, y, edges, after),
        ticks=round_ticks(x),
    )


def drawable(shape: Shape) -> bool:
    """Whether there are bins, on an axis of a length that is a number."""
    return len(shape.edges) > 1 and math.isfinite(shape.edges[-1] - shape.edges[0])


def round_ticks(scale: Scale) -> tuple[Tick, ...]:
    """At most MOST_TICKS round numbers on a scale, whatever its size and place."""
    rough = (scale.high - scale.low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough * (1 - 1e-9))
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    values = [count * step for count in range(first, last + 1)]
    return tuple(Tick(at=scale(v), text=text) for v, text in zip(values, stepped(values, step), strict=True))


def level_bars(shape: Shape, new: Collection[str]) -> LevelBars:
    """The most frequent levels of either side, and always the one that changed most and the largest new one."""
    rows = list(zip(shape.levels, shape.baseline, shape.current, strict=True))
    shown = _chosen(rows, new)
    longest = max((max(b, c) for _, b, c in shown), default=0) or 1.0
    return LevelBars(
        bars=tuple(_bar(row, longest, row[0] in new) for row in shown),
        others_baseline=_rest(b for _, b, _ in shown),
        others_current=_rest(c for _, _, c in shown),
    )


def _spread(edges: Sequence[float]) -> Sequence[float]:
    """The edges; those of a constant feature as wide as an axis needs."""
    low, high = edges[0], edges[-1]
    if high - low > max(abs(low) * SAME, abs(high) * SAME, NOTHING):
        return edges
    room = max(abs(low), 1.0) / 2
    return [low - room + 2 * room * number / (len(edges) - 1) for number in range(len(edges))]


def _densities(edges: Sequence[float], shares: Iterable[float]) -> list[float]:
    narrowest = (edges[-1] - edges[0]) * NARROWEST
    return [share / max(b - a, narrowest) for (a, b), share in zip(pairwise(edges), shares, strict=True)]


def _outline(x: Scale, y: Scale, edges: Sequence[float], heights: Sequence[float]) -> str:
    steps = "".join(f"V{y(height):g}H{x(right):g}" for right, height in zip(edges[1:], heights, strict=True))
    return f"M{x(edges[0]):g} {BOTTOM}{steps}V{BOTTOM}"


def _chosen(rows: list[tuple[str, float, float]], new: Collection[str]) -> list[tuple[str, float, float]]:
    """In the order of `rows`."""
    by_size = sorted(rows, key=lambda row: (-max(row[1], row[2]), row[0]))
    by_change = sorted(rows, key=lambda row: (-abs(row[2] - row[1]), row[0]))
    wanted = by_change[:1] + [row for row in by_size if row[0] in new][:1] + by_size
    chosen = list(dict.fromkeys(wanted))[:MOST_LEVELS]
    return [row for row in rows if row in chosen]


def _rest(shares: Iterable[float]) -> float:
    """Of the rows that are not blank, those in other levels; a shape may leave some out too."""
    rest = 1 - math.fsum(shares)
    return rest if rest > SAME else 0.0


def _bar(row: tuple[str, float, float], longest: float, new: bool) -> LevelBar:
    level, baseline, current = row
    return LevelBar(
        level=level,
        baseline=baseline,
        current=current,
        baseline_length=round(100 * baseline / longest, 1),
        current_length=round(100 * current / longest, 1),
        new=new,
    )
