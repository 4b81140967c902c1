"""What a run leaves behind for people and for the gate. Numbers are finite: a NaN is an error where it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from include.specs.errors import ReportError
from include.specs.run import SplitBoundary

# File names in experiments/<model>/<run>/
PREPROCESSING, EVALUATION, METRICS_FILE, GATE, HTML = (
    "preprocessing.json",
    "evaluation.json",
    "metrics.json",
    "gate.json",
    "evaluation_report.html",
)
# The candidate's manifest, copied out of model.tar.gz for readers that have no need of the model
CANDIDATE = "candidate_manifest.json"
# In baselines/<model>/<run>/
BASELINE_STATISTICS, BASELINE_SAMPLE, BASELINE_PROFILE = "statistics.json", "sample.parquet", "profile.arrow"
# In model.tar.gz
MODEL_FILE, MODEL_MANIFEST = "model.skops", "manifest.json"
INGESTION = "ingestion.json"
# Of a rule's numbers; a float64 between 0 and 1 has no more that say anything.
FEWEST_DECIMALS, MOST_DECIMALS = 4, 17


def finite(where: str, *values: float) -> None:
    """Raise `ReportError` unless all of `values` are finite numbers."""
    for value in values:
        if not math.isfinite(value):
            raise ReportError(
                f"{where} must be a finite number, got {value}; the data or the model behind it is broken"
            )


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A metric's value and its 95 % interval over the rows of the hold-out."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        finite("an estimate", self.value, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class PartCount:
    """Rows and positives of one part of the split."""

    rows: int
    positives: int


@dataclass(frozen=True, kw_only=True)
class PreprocessingReport:
    """What preprocessing made of the partitions.

    Args:
        comparable: of the hold-out, the rows that candidate and champion are compared on: those that the champion was
            not fitted on either, in the hold-out's proportion of the classes; None without a champion.
        sha256: of the rows' source: the digests of the partitions' files, in order.
        dropped: rows that no part got, by reason.
    """

    parts: Mapping[str, PartCount]
    boundary: SplitBoundary
    method: Literal["stratified", "event_time", "entity"]
    sha256: str
    comparable: PartCount | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ModelManifest:
    """What lies in model.tar.gz: enough to refuse it before anything is loaded, and to serve it after.

    Args:
        sha256: of the model file's bytes. content_sha256: of what the file says, the same in every process.
        types: every type the file may hold; a loader refuses others.
        threshold: probability from which a row is called positive.
        packages: name → version it was fitted with.
        kinds: feature → the kind it was read as; empty in artifacts of before this was kept.
    """

    model: str
    run: str
    sha256: str
    content_sha256: str
    types: tuple[str, ...]
    features: tuple[str, ...]
    positive: str
    threshold: float
    boundary: SplitBoundary
    hyperparameters: Mapping[str, bool | int | float | str | None]
    packages: Mapping[str, str]
    data_sha256: str
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SliceReport:
    """The metrics of one group of hold-out rows."""

    rows: int
    positives: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class GroupFairness:
    """How one group is treated beside everybody else, by the measures of SageMaker Clarify.

    Args:
        rows, called, positives: of the group: all, those called positive, and those observed to be; `positives` is None
            where labels are not known. other_rows, other_called, other_positives: of everybody else.
        measures: name → value with its 95 % interval; one that is not defined for these rows is left out.
        reason: why nothing was measured; empty where something was.
    """

    rows: int
    called: int
    other_rows: int
    other_called: int
    positives: int | None = None
    other_positives: int | None = None
    measures: Mapping[str, Estimate] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Counts at the chosen threshold."""

    threshold: float
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Points of a curve, at most a few hundred, x ascending. `x` and `y` have the same length."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        finite("a curve", *self.x, *self.y)
        if len(self.x) != len(self.y):
            raise ReportError(f"a curve needs as many x as y, got {len(self.x)} and {len(self.y)}")


@dataclass(frozen=True, kw_only=True)
class ChampionReport:
    """The champion, scored on the very rows the candidate was scored on."""

    version: int
    metrics: Mapping[str, Estimate]
    curves: Mapping[str, Curve] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """The rows that the metrics are over, and the digest of the data they came from.

    Args:
        comparable: hold-out rows that neither candidate nor champion was fitted on, in its proportion of the classes;
            None without a champion. Where they are enough for a comparison they are the rows of all metrics, otherwise
            the whole hold-out is.
    """

    rows: int
    positives: int
    sha256: str
    synthetic: bool = False
    comparable: PartCount | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """evaluation.json.

    Args:
        difference: candidate minus champion, paired over the rows.
        fairness: group of the specification → how it is treated; decides nothing.
    """

    model: str
    run: str
    metrics: Mapping[str, Estimate]
    data: DataReport
    confusion: Confusion
    champion: ChampionReport | None = None
    difference: Mapping[str, Estimate] = field(default_factory=dict)
    slices: Mapping[str, SliceReport] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    fairness: Mapping[str, GroupFairness] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GateRule:
    """One condition: as written (`roc_auc >= 0.80`), what was observed, what was required, and whether it held."""

    rule: str
    observed: float
    required: float
    passed: bool

    def __post_init__(self) -> None:
        finite(f"the rule {self.rule!r}", self.observed, self.required)

    @property
    def decimals(self) -> int:
        """How many decimals tell what was observed from what was required: four, or more where they are close.

        >>> GateRule(rule="roc_auc >= 0.85", observed=0.849996, required=0.85, passed=False).decimals
        6
        """
        enough = range(FEWEST_DECIMALS, MOST_DECIMALS + 1)
        apart = (d for d in enough if f"{self.observed:.{d}f}" != f"{self.required:.{d}f}")
        return next(apart, FEWEST_DECIMALS)


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """gate.json: the verdict, every rule behind it, and the reason in one sentence."""

    verdict: Literal["register", "reject"]
    rules: tuple[GateRule, ...]
    reasons: str

    def __post_init__(self) -> None:
        if not self.rules:
            raise ReportError("a gate without rules is open: expected at least one rule, got none")
        if (self.verdict == "register") != all(rule.passed for rule in self.rules):
            raise ReportError(f"the verdict {self.verdict!r} contradicts the rules {self.rules}")
