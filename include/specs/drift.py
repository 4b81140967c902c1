"""drift.json: what a day's traffic is, measured against the baseline, and what follows from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from include.specs.attribution import AttributionDrift
from include.specs.errors import ReportError
from include.specs.reports import Estimate, GroupFairness, finite

# File names in monitoring/<model>/<day>/
DRIFT, DRIFT_HTML = "drift.json", "report.html"

Verdict = Literal["stable", "warning", "drift", "insufficient_data", "broken"]
FeatureKind = Literal["numeric", "categorical", "text"]
ViolationKind = Literal[
    "unreadable",
    "missing_column",
    "new_column",
    "type_changed",
    "out_of_range",
    "infinite",
    "all_missing",
    "mostly_missing",
    "duplicates",
]


@dataclass(frozen=True, kw_only=True)
class SignificanceTest:
    """A test of significance: its p-value as it is, and adjusted for how many tests the day has."""

    name: str
    statistic: float
    p_value: float
    p_adjusted: float

    def __post_init__(self) -> None:
        finite(f"the test {self.name}", self.statistic, self.p_value, self.p_adjusted)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """How large a difference is, and from where on it matters: breached where value > threshold."""

    measure: str
    value: float
    threshold: float

    def __post_init__(self) -> None:
        finite(f"the effect {self.measure}", self.value, self.threshold)

    @property
    def material(self) -> bool:
        """Whether it is large enough to matter."""
        return self.value > self.threshold


@dataclass(frozen=True, kw_only=True)
class MissingDrift:
    """Blank cells: their share on either side, and the test of whether it changed."""

    baseline: float
    current: float
    test: SignificanceTest | None
    drifted: bool


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A distribution for the eye: shares of the rows that are not blank, by bin or by level.

    Args:
        edges: of the bins of a numeric feature, one more than there are shares; empty for a categorical one. The first
            and the last bin hold what lies beyond as well: one outlier must not flatten the picture.
        levels: of a categorical feature, the baseline's most frequent first; empty for a numeric one. Where there are
            many, some are left out, and the shares add up to less than one.
        baseline, current: shares, of equal length.
    """

    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    baseline: tuple[float, ...] = ()
    current: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        finite("a shape", *self.edges, *self.baseline, *self.current)
        bins = len(self.levels) or max(len(self.edges) - 1, 0)
        if {len(self.baseline), len(self.current)} != {bins}:
            raise ReportError(f"a shape of {bins} bins needs as many shares, got {self.baseline} and {self.current}")


@dataclass(frozen=True, kw_only=True)
class OddsRatio:
    """How many times the baseline's the odds are, with a 95 % interval; `limit`, up or down, is what matters not."""

    ratio: Estimate
    limit: float

    @property
    def material(self) -> bool:
        """Whether the whole interval lies beyond what does not matter."""
        return self.ratio.low > self.limit or self.ratio.high < 1 / self.limit


@dataclass(frozen=True, kw_only=True)
class FeatureDrift:
    """One feature, or the scores, or the predicted class.

    Args:
        test: of equal distributions; None where a side has no value to compare.
        novelty: of a categorical feature, of no more rows in levels that the baseline never saw than its own rare
            levels let expect.
        effect: what decides, with the test. Its threshold is the rule's, on small days wider by what chance gives.
        measures: what else is known, by name (`psi`, `wasserstein`, `cramers_v`, `jensen_shannon` …); decides nothing.
        new_levels, vanished_levels: level → rows (current, baseline), the most frequent first, at most a few dozen.
        new_level_share: of the current rows, those in levels that the baseline never saw.
        odds: of what is called positive: a second effect, which decides as `effect` does.
        drifted: whether it breached today. reason: the sentence that says why, or why not.
        days: on how many of the last days (`DriftRule.of_days`, today included) it breached.
        since: the first of the days without a pause on which it breached, or did not and was still called drift; None
            where it neither breached today nor is.
    """

    name: str
    kind: FeatureKind
    test: SignificanceTest | None
    effect: Effect
    missing: MissingDrift
    drifted: bool
    reason: str
    measures: Mapping[str, float] = field(default_factory=dict)
    new_levels: Mapping[str, int] = field(default_factory=dict)
    new_level_share: float = 0.0
    vanished_levels: Mapping[str, int] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    days: int = 0
    since: dt.date | None = None
    novelty: SignificanceTest | None = None
    odds: OddsRatio | None = None

    def __post_init__(self) -> None:
        finite(f"{self.name}: a measure", self.new_level_share, *self.measures.values())


@dataclass(frozen=True, kw_only=True)
class Separability:
    """How well a classifier tells a day's rows from the baseline's: ROC-AUC out of fold, one half where it cannot.

    Args:
        drivers: feature → how much of it rests on that feature, the most first.
        since: as of a feature.
    """

    roc_auc: Estimate
    threshold: float
    drifted: bool
    drivers: Mapping[str, float] = field(default_factory=dict)
    since: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class LastingDrift:
    """A feature that is quiet today, and breached on so many of the last days that it is still called drift.

    Args:
        on: the newest of those days. feature: as it was then, without its shape; `days` and `since` are today's.
    """

    on: dt.date
    feature: FeatureDrift


@dataclass(frozen=True, kw_only=True)
class PredictionDrift:
    """What the model says: its scores, and the share of rows that it calls positive.

    Args:
        expected_rate: the baseline's share of rows called positive. rate: today's.
    """

    scores: FeatureDrift
    called: FeatureDrift
    expected_rate: float
    rate: float

    def __post_init__(self) -> None:
        finite("a rate", self.expected_rate, self.rate)


@dataclass(frozen=True, kw_only=True)
class GroupCalls:
    """How often a group is called positive beside everybody else; of the measures there are those that need no labels.

    Args:
        baseline: of the same group; None where the baseline had no such rows.
    """

    today: GroupFairness
    baseline: GroupFairness | None


@dataclass(frozen=True, kw_only=True)
class Violation:
    """Something that is no drift but a fault of the feed.

    Args:
        breaks: whether the feature cannot be compared because of it; then the verdict is `broken`.
        message: what was expected, what came, and what to look at.
    """

    column: str
    kind: ViolationKind
    rows: int
    breaks: bool
    message: str


@dataclass(frozen=True, kw_only=True)
class RowCount:
    """Rows read, and those of them that count as independent: one an id, and one an entity where the data has them.

    Args:
        answered_twice: of the current rows, those that another variant of the endpoint answered as well.
        asked_again: of the others, those whose id a later row of the day has, too.
        without_entity: of the current rows, those that name no entity where others do; each counts for itself.
    """

    baseline: int
    current: int
    independent_baseline: int
    independent_current: int
    without_entity: int = 0
    answered_twice: int = 0
    asked_again: int = 0


@dataclass(frozen=True, kw_only=True)
class BaselineRef:
    """Which version's baseline this was compared with, and the digest of the data behind that."""

    version: int | None
    run: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """drift.json.

    Args:
        window: the day, or None where two files were compared.
        exact: False where a bounded-memory profile was used; then `error` is the largest error of a distance.
        reasons: the verdict's sentence.
        lasting: where drift is the verdict, and not for today alone: what else it rests on, the largest effect first.
        fairness: group of the specification → how often it is called positive; decides nothing.
        attribution: what the scores go by; None where a side has too few rows, or the baseline none; decides nothing.
    """

    model: str
    window: dt.date | None
    baseline: BaselineRef
    rows: RowCount
    verdict: Verdict
    reasons: str
    features: tuple[FeatureDrift, ...]
    prediction: PredictionDrift | None = None
    separability: Separability | None = None
    violations: tuple[Violation, ...] = ()
    exact: bool = True
    error: float = 0.0
    fairness: Mapping[str, GroupCalls] = field(default_factory=dict)
    attribution: AttributionDrift | None = None
    lasting: tuple[LastingDrift, ...] = ()

    @property
    def since(self) -> dt.date | None:
        """The first day of all that breached today or lasts; None where nothing does."""
        features = (*self.drifted, *(each.feature for each in self.lasting))
        every = [*(feature.since for feature in features), self.separability.since if self.separability else None]
        return min((since for since in every if since), default=None)

    @property
    def drifted(self) -> tuple[FeatureDrift, ...]:
        """Everything that breached today, predictions included, the largest effect first."""
        predicted = (self.prediction.scores, self.prediction.called) if self.prediction else ()
        found = [feature for feature in (*self.features, *predicted) if feature.drifted]
        return tuple(sorted(found, key=lambda feature: (-feature.effect.value, feature.name)))
