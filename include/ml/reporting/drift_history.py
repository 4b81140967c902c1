"""The last days of a drift report: a verdict a day, and a strip of colour a feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.ml.reporting.drift_cards import heat, relative
from include.ml.reporting.figures import day
from include.specs.drift import DriftReport, FeatureDrift

DAYS = 30
# Pixels of a strip; the page stretches it to the width there is.
PITCH, CELL, STRIP_HEIGHT = 10, 9, 16
# From top and of what height: a breach is as high as the strip, so that it is seen without colour.
BREACHED, CALM, UNKNOWN = (0, 16), (5, 6), (7.5, 1)

# A little more than what matters.
BARELY = 1.01


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A day below the strips, in percent of their width."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells of one colour as a single SVG path."""

    style: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A feature's days.

    Args:
        about: how often it breached, in words.
        breached: on how many of the days.
    """

    name: str
    cells: tuple[Cells, ...]
    about: str
    breached: int


@dataclass(frozen=True, kw_only=True)
class History:
    """The days up to the report's, each with its report or None; and the strips in the order that was asked for."""

    days: tuple[tuple[dt.date, DriftReport | None], ...]
    marks: tuple[Mark, ...]
    predicted: tuple[Strip, ...]
    strips: tuple[Strip, ...]


def days_before(report: DriftReport, history: Iterable[DriftReport]) -> History | None:
    """The last DAYS days; None where two files were compared, or no earlier day of the same model is known.

    Of two reports of a day the later in `history` counts, but today's is `report`; days after it are left out.
    """
    if report.window is None:
        return None
    known = {old.window: old for old in history if old.window and old.window < report.window}
    days = [report.window - dt.timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    if not known.keys() & set(days):
        return None
    reports = [known.get(date) for date in days[:-1]] + [report]
    return History(
        days=tuple(zip(days, reports, strict=True)),
        marks=_marks(days),
        predicted=_strips(reports, [_predictions(old) for old in reports]),
        strips=_strips(reports, [_features(old) for old in reports]),
    )


def strip(name: str, days: Sequence[FeatureDrift | None], reported: Sequence[bool]) -> Strip:
    """One feature's days; a day that is not `reported` stays empty, one on which it was not compared has a dash."""
    paths: dict[str, str] = {}
    for number, (found, known) in enumerate(zip(days, reported, strict=True)):
        if not known:
            continue
        top, height = (BREACHED if found.drifted else CALM) if found else UNKNOWN
        style = _style(found)
        paths[style] = paths.get(style, "") + f"M{number * PITCH} {top:g}h{CELL}v{height:g}h-{CELL}z"
    compared = [found for found in days if found]
    breached = sum(found.drifted for found in compared)
    cells = tuple(Cells(style=style, path=path) for style, path in sorted(paths.items()))
    return Strip(name=name, cells=cells, about=_about(breached, len(compared)), breached=breached)


def _style(found: FeatureDrift | None) -> str:
    """A breach is never paler than what matters: it may be one of blank cells or of new levels."""
    if found is None:
        return "unknown"
    ratio = relative(found.effect)
    return heat(max(ratio, BARELY) if found.drifted else ratio)


def _about(breached: int, compared: int) -> str:
    return f"breached on {breached} of {compared} day{'' if compared == 1 else 's'}"


def _marks(days: Sequence[dt.date]) -> tuple[Mark, ...]:
    """Every week back from the last day."""
    return tuple(
        Mark(at=round(100 * (number + CELL / PITCH / 2) / len(days), 2), text=day(date).rpartition(" ")[0])
        for number, date in enumerate(days)
        if (len(days) - 1 - number) % 7 == 0
    )


def _strips(reports: Sequence[DriftReport | None], days: Sequence[dict[str, FeatureDrift]]) -> tuple[Strip, ...]:
    """A strip for everything that the last day knows; for what the last day with anything knows, if that is nothing."""
    names = next((list(found) for found in reversed(days) if found), [])
    reported = [old is not None for old in reports]
    return tuple(strip(name, [found.get(name) for found in days], reported) for name in names)


def _features(report: DriftReport | None) -> dict[str, FeatureDrift]:
    return {feature.name: feature for feature in report.features} if report else {}


def _predictions(report: DriftReport | None) -> dict[str, FeatureDrift]:
    if report is None or report.prediction is None:
        return {}
    return {"scores": report.prediction.scores, "calls": report.prediction.called}
