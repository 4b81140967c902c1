"""performance.json: how good a model was on each day that it served, as far as labels have come, and what follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from include.specs.capture import Reason
from include.specs.errors import ReportError
from include.specs.reports import Estimate, GroupFairness, finite

# File names in monitoring/<model>/<day>/; drift's page of the same day is called report.html.
PERFORMANCE, PERFORMANCE_HTML = "performance.json", "performance_report.html"

PerformanceVerdict = Literal["stable", "warning", "degraded", "insufficient_data"]
# Why a row of the labels was not used.
LabelFault = Literal["no_id", "no_time", "no_label", "unknown_level"]


@dataclass(frozen=True, kw_only=True)
class BadLabels:
    """How many rows of the labels were left out for one reason, and the first of them."""

    count: int
    example: str


@dataclass(frozen=True, kw_only=True)
class LabelsReport:
    """What was read of the labels.

    Args:
        rows: of all files. ids: that have a label.
        later: rows whose label was not known yet when the report's time ended.
        repeated: rows that say of an id what its newest label says. contradicted: older rows that say otherwise.
        never_asked: ids with a label that no prediction of the report's days was asked about.
        too_early: ids that were asked about, whose newest label was told before it could be that of any of those
            predictions.
    """

    files: int
    rows: int = 0
    ids: int = 0
    later: int = 0
    repeated: int = 0
    contradicted: int = 0
    never_asked: int = 0
    too_early: int = 0
    bad: Mapping[LabelFault, BadLabels] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RegisteredRef:
    """The evaluation that quality is held against: of which version and run, on how many rows, and what it found."""

    version: int | None
    run: str
    rows: int
    positives: int
    metrics: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RealisedMetric:
    """A metric of a day's labelled rows beside the same metric of the hold-out, each with its 95 % interval.

    Args:
        difference: realised minus registered; the two are over different rows.
        p_value: how often chance alone gives a difference that is worse (one-sided).
    """

    realised: Estimate
    registered: Estimate
    difference: Estimate
    p_value: float

    def __post_init__(self) -> None:
        finite("a p-value", self.p_value)


@dataclass(frozen=True, kw_only=True)
class EstimatedQuality:
    """An estimate, made without labels: what the metrics of a day are if its scores mean what they meant on the
    hold-out. It sees that the rows are others, and not that the world behind them is another.

    Args:
        rows: that were scored, with an id of their own or without.
        metrics: each with an interval that holds the realised value of the same rows in 95 of 100 days.
        calibrated: whether scores were turned into probabilities first. basis: how, or why not.
    """

    rows: int
    metrics: Mapping[str, Estimate]
    calibrated: bool
    basis: str


@dataclass(frozen=True, kw_only=True)
class DayQuality:
    """One day of predictions.

    Args:
        version: that answered, against whose evaluation the day is held.
        rows: predictions that can be told from each other by id and have a score.
        labelled, positives: of those, rows whose label has come, and positive ones among them.
        repeated: earlier predictions for the id of a later one on the same day; only the last counts.
        unusable: predictions without an id of their own, or without a score.
        unreadable: why requests, or rows of them, could not be read → how many. Files that may hold records of two days
            have faults of which nobody knows the day: they count on both.
        too_early: of the rows without a label, those whose id has one that was told too early to be theirs.
        judged: whether there are enough labels for a verdict. breached: whether quality fell on this day.
        reasons: one sentence.
    """

    date: dt.date
    version: int | None
    rows: int
    labelled: int
    positives: int
    repeated: int = 0
    unusable: int = 0
    unreadable: Mapping[Reason, int] = field(default_factory=dict)
    too_early: int = 0
    judged: bool
    breached: bool
    reasons: str
    metrics: Mapping[str, RealisedMetric] = field(default_factory=dict)
    estimated: EstimatedQuality | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.positives <= self.labelled <= self.rows:
            raise ReportError(
                f"{self.date}: expected positives <= labelled <= rows, "
                f"got {self.positives}, {self.labelled} and {self.rows}"
            )
        if self.too_early > self.rows - self.labelled:
            raise ReportError(
                f"{self.date}: expected too_early <= rows - labelled, "
                f"got {self.too_early} of {self.rows} rows, {self.labelled} of them with a label"
            )
        if self.breached and not self.judged:
            raise ReportError(f"{self.date}: a day without a verdict cannot have breached")

    @property
    def share_labelled(self) -> float:
        """Of the rows, those whose label has come; 0 where there are none."""
        return self.labelled / self.rows if self.rows else 0.0


@dataclass(frozen=True, kw_only=True)
class PerformanceReport:
    """performance.json.

    Args:
        window: the day at whose end was known what this says.
        registered: of the version that the verdict is about: the one that answered the newest day with a verdict; where
            no day has one, of the version that is watched.
        others: of the other versions that answered any of the days, and of the watched one where it is another.
        watched: the version that serves at the window's end; None in reports that know of no other than `registered`.
        metric: the one that decides.
        since: the first day, without a pause, of the breaches behind a warning or a degradation.
        reasons: the verdict's sentence.
        days: the oldest first.
        fairness: group of the specification → how it is treated, over the labelled rows of all days that the version
            of the verdict answered; decides nothing.
    """

    model: str
    window: dt.date
    registered: RegisteredRef
    metric: str
    verdict: PerformanceVerdict
    since: dt.date | None
    reasons: str
    days: tuple[DayQuality, ...]
    labels: LabelsReport
    fairness: Mapping[str, GroupFairness] = field(default_factory=dict)
    # Reports from before days were held against versions of their own have neither, and need none.
    others: tuple[RegisteredRef, ...] = ()
    watched: int | None = None

    def __post_init__(self) -> None:
        dates = [day.date for day in self.days]
        if dates != sorted(set(dates)):
            raise ReportError(f"expected each day once, the oldest first, got {[str(date) for date in dates]}")
        if (self.since is None) == (self.verdict in ("warning", "degraded")):
            raise ReportError(f"the verdict {self.verdict!r} and since {self.since} contradict each other")

    def registered_of(self, version: int | None) -> RegisteredRef | None:
        """What a day of that version is held against; None where that is not known."""
        known = (self.registered, *self.others)
        return next((each for each in known if each.version == version), None) if version is not None else None

    @property
    def newest(self) -> DayQuality | None:
        """The last day that has a verdict."""
        return next((day for day in reversed(self.days) if day.judged), None)

    @property
    def fallen(self) -> DayQuality | None:
        """The last day on which the quality of the version that the verdict is about fell."""
        own = (day for day in reversed(self.days) if day.version == self.registered.version)
        return next((day for day in own if day.breached), None)

    @property
    def served_until(self) -> dt.date | None:
        """The last day that the version of the verdict answered; None where it is the one that is watched."""
        if self.watched in (None, self.registered.version):
            return None
        return max((day.date for day in self.days if day.version == self.registered.version), default=None)

    @property
    def estimated(self) -> DayQuality | None:
        """The last day whose quality was estimated without labels."""
        return next((day for day in reversed(self.days) if day.estimated), None)
