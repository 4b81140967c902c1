"""The HTML report on realised quality: what labels say of each day, what others promise, and what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.ml.reporting.charts import Whisker, whiskers
from include.ml.reporting.groups import TITLES, by_name
from include.ml.reporting.page import environment
from include.ml.reporting.performance_days import days_chart, estimate, state
from include.specs.metrics import METRICS, Metric
from include.specs.monitoring import PerformanceRule
from include.specs.performance import DayQuality, PerformanceReport, RealisedMetric
from include.specs.reports import Estimate

TEMPLATE = "performance_page.html.j2"
# Days that lie open, the newest first; as few as these more are not worth folding.
MOST_OPEN, FEW = 14, 4


@dataclass(frozen=True, kw_only=True)
class Row:
    """A metric and the intervals to draw of it, on a scale of their own.

    Args:
        clear: `worse` or `better` where the whole interval of the difference says so; empty elsewhere.
    """

    metric: Metric
    found: Estimate
    registered: Estimate | None
    drawn: tuple[Whisker, ...]
    compared: RealisedMetric | None = None
    clear: str = ""


def performance_page(
    report: PerformanceReport,
    *,
    rule: PerformanceRule | None = None,
    title: str = "",
    description: str = "",
    positive: str = "positive",
    synthetic: bool = False,
) -> str:
    """The page; a function of its arguments alone, so the same report always gives the same bytes.

    Args:
        rule: what the report was judged by, to be told in words.
        title, description: of the model, as its spec has them; its name stands in for a title.
        positive: what a row is called whose label is the positive one.
        synthetic: whether rows were made up, which the page then says before anything else.
    """
    shown = _shown(report)
    days = report.days[::-1]
    opened = len(days) if len(days) - MOST_OPEN < FEW else MOST_OPEN
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            report=report,
            rule=rule,
            title=title or report.model,
            description=description,
            positive=positive,
            synthetic=synthetic,
            metric=METRICS[report.metric],
            chart=days_chart(report),
            open=days[:opened],
            folded=days[opened:],
            state=state,
            estimate=estimate,
            shown=shown,
            realised=_realised(shown) if shown else (),
            expected=_expected(report),
            groups=by_name(report.fairness),
            fairness=TITLES,
            rows=sum(day.rows for day in report.days),
            labelled=sum(day.labelled for day in report.days),
        )
    )


def _shown(report: PerformanceReport) -> DayQuality | None:
    """The day that the verdict is about; where there is none, the newest of which anything is known."""
    told = report.fallen if report.verdict in ("warning", "degraded") else report.newest
    return told or next((day for day in reversed(report.days) if day.metrics), None)


def _realised(day: DayQuality) -> list[Row]:
    return [
        Row(
            metric=METRICS[name],
            found=found.realised,
            registered=found.registered,
            drawn=_drawn(name, [found.realised, found.registered]),
            compared=found,
            clear=_clear(name, found.difference),
        )
        for name, found in _ordered(day.metrics)
    ]


def _expected(report: PerformanceReport) -> list[Row]:
    """What is expected of the newest day that was estimated."""
    day = report.estimated
    if day is None or day.estimated is None:
        return []
    known = report.registered_of(day.version)
    registered = known.metrics if known else {}
    return [
        Row(
            metric=METRICS[name],
            found=found,
            registered=registered.get(name),
            drawn=_drawn(name, [found, *([registered[name]] if name in registered else [])]),
        )
        for name, found in _ordered(day.estimated.metrics)
    ]


def _ordered[V](metrics: Mapping[str, V]) -> Sequence[tuple[str, V]]:
    """In the order in which metrics are always listed: a mapping that was read from JSON has lost its own."""
    return [(name, metrics[name]) for name in METRICS if name in metrics]


def _drawn(name: str, values: Sequence[Estimate]) -> tuple[Whisker, ...]:
    """From nothing to the largest that the metric can be; where it has no largest, to that of these."""
    top = METRICS[name].high or max(*(value.high for value in values), 1e-9)
    return tuple(whiskers(values, low=METRICS[name].low, high=top))


def _clear(name: str, difference: Estimate) -> str:
    higher = METRICS[name].higher_is_better
    if difference.high < 0:
        return "worse" if higher else "better"
    if difference.low > 0:
        return "better" if higher else "worse"
    return ""
