"""When a difference between what a model meets and what it was judged on is called drift, and a fall of its quality
a degradation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from include.specs.cron import require_daily
from include.specs.errors import require
from include.specs.metrics import metric

# How SageMaker ends the name of a batch transform's output.
TRANSFORMED = ".out"


@dataclass(frozen=True, kw_only=True)
class DriftRule:
    """A feature breaches when its difference is material *and* more than chance.

    Material alone cries wolf on small days, chance alone on large ones: at a million rows every difference is
    significant, and few matter.

    Args:
        effect: the largest distance that does not matter, in [0, 1]: the Kolmogorov-Smirnov distance of a numeric
            feature or of the scores, the total variation of a categorical one or of the predicted classes. That of two
            samples is never 0: what chance gives (`contingency.noise`) is added, as the legs of a right triangle are,
            so that the limit of many levels on a small day is wider, and that on large ones is this.
        missing_points: the largest change of the share of blank cells that does not matter, in [0, 1].
        dead_share: of a column's cells, the largest share that may be blank or infinite before its feed has failed,
            which is no drift; where the baseline's is not even half of the day's. A column that is blank on most rows
            is dead only where it has no value at all, on a day that should have some.
        new_level_share: the largest share of rows in levels that the baseline never saw that does not matter.
        odds: the largest factor, up or down, by which the odds of being called positive may change without mattering.
            Where few rows are called positive, a distance sees nothing: four in a hundred instead of one are 0.03.
        separability: the largest ROC-AUC of a classifier that tells a day's rows from the baseline's that does not
            matter, in [0.5, 1].
        false_discovery_rate: of the features called different, the share that may be so by chance: q of the
            procedure of Benjamini and Hochberg (1995), over all tests of a day by weights of their kinds. On a quiet
            day it is the chance of an alarm, since on a small day every difference that chance makes large is material
            too; a quarter of a percent keeps quiet days of 500 rows below half a percent
            (`python -m benchmarks.drift.alarms`).
        minimum_rows: with fewer independent rows on either side there is no verdict.
        breaches, of_days: drift is a breach of the same feature on so many of the last days; fewer are a warning.
    """

    effect: float = 0.05
    missing_points: float = 0.02
    dead_share: float = 0.95
    new_level_share: float = 0.005
    odds: float = 2.0
    separability: float = 0.6
    false_discovery_rate: float = 0.0025
    minimum_rows: int = 200
    breaches: int = 2
    of_days: int = 3

    def __post_init__(self) -> None:
        for name in ("effect", "missing_points", "dead_share", "new_level_share"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"drift.{name}", "be within [0, 1]", value)
        require(0.5 <= self.separability <= 1, "drift.separability", "be within [0.5, 1]", self.separability)  # noqa: PLR2004 an AUC of chance
        require(self.odds >= 1, "drift.odds", "be at least 1", self.odds)
        rate = self.false_discovery_rate
        require(0 < rate < 1, "drift.false_discovery_rate", "be within (0, 1)", rate)
        require(self.minimum_rows > 1, "drift.minimum_rows", "be at least 2", self.minimum_rows)
        some = 0 < self.breaches <= self.of_days
        require(some, "drift.breaches", f"be within [1, of_days] ({self.of_days})", self.breaches)


@dataclass(frozen=True, kw_only=True)
class PerformanceRule:
    """A day breaches when its realised quality fell materially below the registered one *and* by more than chance.

    Args:
        metric: the one that decides; None for the gate's primary metric.
        fall: the largest fall (of log loss and Brier score: rise) that does not matter, in units of the metric.
        false_alarm_rate: how often chance alone may make a day on which nothing changed look as bad: the one-sided
            p-value below which a fall is more than chance.
        minimum_rows: with fewer labelled rows of either class a day has no verdict.
        minimum_share: nor with a smaller share of its rows labelled: the labels that come first are rarely like the
            others (a charge-back is known within days, that there is none only after months).
        breaches, of_days: quality is degraded after a breach on so many of the last days that have a verdict; fewer
            are a warning.
        history_days: of how many days, the report's own the last, the predictions are looked at: a label that comes
            later than that is never used. Each run reads the traffic of all of them.
    """

    metric: str | None = None
    fall: float = 0.03
    false_alarm_rate: float = 0.0025
    minimum_rows: int = 30
    minimum_share: float = 0.5
    breaches: int = 2
    of_days: int = 3
    history_days: int = 45

    def __post_init__(self) -> None:
        if self.metric is not None:
            metric(self.metric, field="performance.metric")
        require(self.fall >= 0, "performance.fall", "be at least 0", self.fall)
        rate = self.false_alarm_rate
        require(0 < rate < 0.5, "performance.false_alarm_rate", "be within (0, 0.5)", rate)  # noqa: PLR2004 one-sided
        require(self.minimum_rows > 1, "performance.minimum_rows", "be at least 2", self.minimum_rows)
        require(0 <= self.minimum_share <= 1, "performance.minimum_share", "be within [0, 1]", self.minimum_share)
        some = 0 < self.breaches <= self.of_days
        require(some, "performance.breaches", f"be within [1, of_days] ({self.of_days})", self.breaches)
        enough = self.history_days >= self.of_days
        require(enough, "performance.history_days", f"be at least of_days ({self.of_days})", self.history_days)


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """How a model is watched once it serves.

    Args:
        drift: when a difference is drift.
        performance: when a fall of the realised quality is a degradation.
        schedule: five-field cron, UTC, of every day, of the flow that looks at the day before. A run that begins before
            the day is whole waits for that.
        performance_schedule: the same, of the flow that looks at the labels that have come until then.
        endpoint: whose data capture is read; None for the one that is called as the model is.
        variants: of the endpoint, whose traffic is looked at together. A row that several of them answered, as a shadow
            variant does, counts once: as the first of these answered it.
        source: where the traffic is kept: in an endpoint's data capture, or in the outputs of batch transforms
            (join_source=Input), under `predictions/<model>/<day>/`.
        input_columns: of a row whose cells have no names, in their order; empty for the features in theirs.
        late_h: how many hours of the day after are looked through for records of the day: capture files come late.
        unreadable: the largest share of captured requests, or rows, that may be unreadable before the feed is broken.
        wait_h: hours that a run waits for a day's first capture file before it says that there was none, where the days
            before had some.
        retrain_on_drift, retrain_on_degradation: whether drift, and a degradation of the realised quality, ask for a
            training.
        cool_down_days: after either has asked for one, neither asks for another within so many days.
        history_days: how many days the drift report looks back on. How far that of quality does, is its rule's.
    """

    drift: DriftRule = field(default_factory=DriftRule)
    performance: PerformanceRule = field(default_factory=PerformanceRule)
    schedule: str = "0 6 * * *"
    performance_schedule: str = "0 8 * * *"
    endpoint: str | None = None
    variants: tuple[str, ...] = ("AllTraffic",)
    source: Literal["capture", "predictions"] = "capture"
    input_columns: tuple[str, ...] = ()
    late_h: int = 3
    unreadable: float = 0.05
    wait_h: float = 6.0
    retrain_on_drift: bool = True
    retrain_on_degradation: bool = True
    cool_down_days: int = 7
    history_days: int = 30

    def __post_init__(self) -> None:
        for name in ("schedule", "performance_schedule"):
            require_daily(getattr(self, name), f"monitoring.{name}")
        require(bool(self.variants), "monitoring.variants", "name at least one variant", self.variants)
        require(0 <= self.unreadable <= 1, "monitoring.unreadable", "be within [0, 1]", self.unreadable)
        known = ("capture", "predictions")
        require(self.source in known, "monitoring.source", f"be one of {known}", self.source)
        unique = len(set(self.input_columns)) == len(self.input_columns)
        require(unique, "monitoring.input_columns", "name each column once", self.input_columns)
        require(0 <= self.late_h <= 24, "monitoring.late_h", "be within [0, 24]", self.late_h)  # noqa: PLR2004 hours
        require(self.wait_h >= 0, "monitoring.wait_h", "be at least 0", self.wait_h)
        require(self.cool_down_days >= 0, "monitoring.cool_down_days", "be at least 0", self.cool_down_days)
        enough = self.history_days >= self.drift.of_days
        require(
            enough, "monitoring.history_days", f"be at least drift.of_days ({self.drift.of_days})", self.history_days
        )

    def whole_from(self, date: dt.date) -> dt.datetime:
        """When all of a day's traffic is there: at its end (UTC), or `late_h` later where an endpoint captures it."""
        late = dt.timedelta(hours=self.late_h if self.source == "capture" else 0)
        return dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), dt.UTC) + late
