"""A day's drift report as small as it can be, for tests of what is done with one."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from include.specs.drift import (
    BaselineRef,
    DriftReport,
    Effect,
    FeatureDrift,
    MissingDrift,
    RowCount,
    SignificanceTest,
    Verdict,
)

DAY = dt.date(2026, 3, 1)


def report_of(verdict: Verdict = "drift", *, date: dt.date = DAY, run: str = "earlier", **changes: Any) -> DriftReport:
    """A report of one feature, which breached where the verdict says that something did.

    Args:
        run: that the baseline is of. changes: of the report's other fields.
    """
    breached = verdict in ("warning", "drift")
    tenure = FeatureDrift(
        name="tenure",
        kind="numeric",
        test=SignificanceTest(name="ks", statistic=0.12, p_value=1e-9, p_adjusted=2e-9),
        effect=Effect(measure="ks", value=0.12 if breached else 0.01, threshold=0.05),
        missing=MissingDrift(baseline=0.0, current=0.0, test=None, drifted=False),
        drifted=breached,
        reason="as said",
        since=date - dt.timedelta(days=1) if breached else None,
    )
    report = DriftReport(
        model="churn",
        window=date,
        baseline=BaselineRef(version=3, run=run, sha256="f" * 64),
        rows=RowCount(baseline=1400, current=900, independent_baseline=1400, independent_current=900),
        verdict=verdict,
        reasons=f"It is {verdict}.",
        features=(tenure,),
    )
    return dataclasses.replace(report, **changes)
