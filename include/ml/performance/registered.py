"""What days are held against: the evaluation of the version that answered each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from include.ml.evaluation.predictions import Floats
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.monitoring import PerformanceRule
from include.specs.performance import EstimatedQuality, RegisteredRef
from include.specs.reports import EvaluationReport

Estimator = Callable[[Floats], EstimatedQuality]


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A version as it was registered.

    Args:
        evaluation: of the version.
        model: the specification by which days are judged, which is that of today for every version.
        estimate: the quality of a day by its scores alone; None for no such estimate.

    Raises:
        ReportError: the evaluation is another model's, or lacks the metric that decides.
    """

    version: int
    evaluation: EvaluationReport
    model: ModelSpec
    estimate: Estimator | None = None

    def __post_init__(self) -> None:
        evaluation = self.evaluation
        if evaluation.model != self.model.name:
            raise ReportError(f"expected the evaluation of {self.model.name}, got that of {evaluation.model}")
        if self.metric not in evaluation.metrics:
            raise ReportError(
                f"evaluation.json of {evaluation.run}: expected the metric {self.metric}, which decides; "
                f"it has {', '.join(sorted(evaluation.metrics))}"
            )

    @property
    def rule(self) -> PerformanceRule:
        """When a fall counts."""
        return self.model.monitoring.performance

    @property
    def metric(self) -> str:
        """The one that decides."""
        return self.rule.metric or self.model.gate.primary_metric

    @property
    def threshold(self) -> float:
        """The score from which this version calls a row positive."""
        return self.evaluation.confusion.threshold

    @property
    def reference(self) -> RegisteredRef:
        """What a report keeps of it."""
        return RegisteredRef(
            version=self.version,
            run=self.evaluation.run,
            rows=self.evaluation.data.rows,
            positives=self.evaluation.data.positives,
            metrics=self.evaluation.metrics,
        )


@dataclass(frozen=True, kw_only=True)
class Versions:
    """The versions that answered.

    Args:
        watched: the one that serves now, whether it has answered any of the days or not.
        past: the others that answered any of them.
        lost: those that answered, too, with why there is nothing to hold their days against.
    """

    watched: Registered
    past: tuple[Registered, ...] = ()
    lost: Mapping[int, str] = field(default_factory=dict)

    @property
    def known(self) -> tuple[int, ...]:
        """The versions whose days can be judged."""
        return tuple(each.version for each in (self.watched, *self.past))

    def of(self, version: int | None) -> Registered | None:
        """That version as it was registered; None where nobody knows."""
        return next((each for each in (self.watched, *self.past) if each.version == version), None)

    def why_not(self, version: int | None) -> str:
        """Why a day that `version` answered is counted only."""
        if version is None:
            return "nobody knows which version answered, and which evaluation would be its"
        return f"version {version} answered; {self.lost.get(version, 'its evaluation is not known')}"
