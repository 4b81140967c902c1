"""Reports on realised quality, measured by the code that measures: made-up days of a model whose labels come late."""

import dataclasses
import datetime as dt
from functools import cache, partial

import numpy as np
import pyarrow as pa

from include.ml.evaluation.evaluation import Predictions
from include.ml.performance.calibration import calibration
from include.ml.performance.confidence import estimated
from include.ml.performance.labels import Labels
from include.ml.performance.predictions import Answered
from include.ml.performance.quality import performance
from include.ml.performance.registered import Registered, Versions
from include.specs.catalog import load
from include.specs.performance import BadLabels, LabelsReport, PerformanceReport
from tests.unit.ml.performance.served_days import drawn, evaluation_of

MODEL = load()["churn"]
RULE = MODEL.monitoring.performance
TODAY = dt.date(2026, 3, 4)
ROWS = 500
# Labels come within so many days: all of them then, half of them on the last two.
WEEKS = 20


@cache
def _registered(version: int = 3, *, blur: float = 0.0) -> Registered:
    hold_out = drawn(1500, seed=96 + version, blur=blur)
    evaluation = dataclasses.replace(evaluation_of(hold_out, model="churn"), run=f"run-{version}")
    known = calibration(hold_out.scores, hold_out.labels)
    return Registered(
        version=version,
        evaluation=evaluation,
        model=MODEL,
        estimate=partial(estimated, threshold=0.5, calibration=known),
    )


@cache
def report(
    *,
    days: int = 45,
    fell: int = 0,
    labelled: bool = True,
    version: int = 3,
    rows: int = ROWS,
    served: tuple[tuple[int | None, int], ...] = (),
    past: tuple[tuple[int, float], ...] = (),
) -> PerformanceReport:
    """Days up to today: the last `fell` with labels are worse, the first ten were answered by `version`.

    Args:
        served: or, of the oldest days, which versions answered so many each.
        past: earlier versions, and how blurred the hold-out was that each was registered with.
    """
    who = [each for each, number in served for _ in range(number)] or [version] * 10
    answered, ids, positive = [], [], []
    for ago in range(days - 1, -1, -1):
        known = labelled and ago >= WEEKS - 2
        worse = known and ago < WEEKS + fell
        day = drawn(rows, seed=1000 + ago, blur=0.8 if worse else 0.0)
        date = TODAY - dt.timedelta(days=ago)
        keys = [f"{date}-{row}" for row in range(rows)]
        share = (0.0 if not known else 0.4 if ago < WEEKS else 0.97) * rows
        ids += keys[: round(share)]
        positive += day.labels[: round(share)].tolist()
        place = days - 1 - ago
        answered.append(_answered(date, keys, day, version=who[place] if place < len(who) else 3))
    read = LabelsReport(
        files=len(ids) and 12,
        rows=len(ids) and len(ids) + 41,
        ids=len(ids),
        repeated=30 if ids else 0,
        contradicted=8 if ids else 0,
        bad={"no_id": BadLabels(count=3, example="labels.parquet, row 17: None, Yes, 2026-02-11")} if ids else {},
    )
    labels = Labels(
        ids=pa.array(ids, pa.string()),
        positive=np.array(positive, bool),
        latest=np.ones(len(ids), np.int64),
        report=read,
    )
    known = tuple(_registered(number, blur=blur) for number, blur in past)
    return performance(answered, labels, Versions(watched=_registered(), past=known), window=TODAY)


def _answered(date: dt.date, keys: list[str], day: Predictions, *, version: int | None) -> Answered:
    of = np.random.default_rng(date.toordinal())
    groups = {"gender": of.choice(["Female", "Male"], len(keys)), "SeniorCitizen": of.choice(["0", "1"], len(keys))}
    times = np.zeros(len(keys), np.int64)
    return Answered(
        date=date,
        version=version,
        ids=pa.array(keys),
        times=times,
        scores=day.scores,
        columns=pa.table(groups),
        repeated=2,
    )


def stable() -> PerformanceReport:
    """Nothing fell."""
    return report()


def warning() -> PerformanceReport:
    """The newest day with labels fell."""
    return report(fell=1)


def degraded() -> PerformanceReport:
    """Several did."""
    return report(fell=5)


def insufficient() -> PerformanceReport:
    """No label has come."""
    return report(labelled=False, days=12)


def several() -> PerformanceReport:
    """Three versions, and some days of nobody; the second fell before it was replaced, of the third no day has labels
    enough."""
    return report(fell=4, served=((1, 12), (None, 3), (2, 14)), past=((1, 0.25), (2, 0.0)))
