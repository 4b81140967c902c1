"""A report on realised quality as small as it can be, for tests of what is done with one."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from include.specs.performance import (
    DayQuality,
    EstimatedQuality,
    LabelsReport,
    PerformanceReport,
    PerformanceVerdict,
    RealisedMetric,
    RegisteredRef,
)
from include.specs.reports import Estimate

DAY = dt.date(2026, 3, 1)
_WEEKS = dt.timedelta(days=20)


def about(value: float, *, reach: float = 0.03) -> Estimate:
    """An estimate with an interval of that reach."""
    return Estimate(value=value, low=round(value - reach, 6), high=round(value + reach, 6))


def report_of(
    verdict: PerformanceVerdict = "degraded", *, date: dt.date = DAY, run: str = "earlier", **changes: Any
) -> PerformanceReport:
    """A report of one day with labels, which fell where the verdict says that one did, and one that has none yet.

    Args:
        run: that the evaluation is of. changes: of the report's other fields.
    """
    breached, judged = verdict in ("warning", "degraded"), verdict != "insufficient_data"
    fall = 0.12 if breached else 0.0
    worse = {
        "roc_auc": compared(0.84, -fall),
        "brier": compared(0.13, fall),
        "recall": compared(0.7, -0.01),
    }
    labelled = DayQuality(
        date=date - _WEEKS,
        version=3,
        rows=800,
        labelled=620 if judged else 20,
        positives=210 if judged else 5,
        judged=judged,
        breached=breached,
        reasons="as said",
        metrics=worse if judged else {},
        estimated=estimate_of(0.83),
    )
    waiting = DayQuality(
        date=date,
        version=3,
        rows=900,
        labelled=0,
        positives=0,
        judged=False,
        breached=False,
        reasons="0 of 900 predictions have a label; it takes 50% of them",
        estimated=estimate_of(0.81),
    )
    report = PerformanceReport(
        model="churn",
        window=date,
        registered=RegisteredRef(version=3, run=run, rows=1400, positives=370),
        metric="roc_auc",
        verdict=verdict,
        since=labelled.date - dt.timedelta(days=1) if breached else None,
        reasons=f"It is {verdict}.",
        days=(labelled, waiting),
        labels=LabelsReport(files=1, rows=620, ids=620),
    )
    return dataclasses.replace(report, **changes)


def compared(registered: float, change: float) -> RealisedMetric:
    """A metric that changed by so much."""
    return RealisedMetric(
        realised=about(registered + change),
        registered=about(registered, reach=0.02),
        difference=about(change, reach=0.036),
        p_value=1e-9 if change else 0.5,
    )


def estimate_of(value: float) -> EstimatedQuality:
    """What a day's scores let expect of one metric."""
    return EstimatedQuality(rows=900, metrics={"roc_auc": about(value)}, calibrated=True, basis="as said")
