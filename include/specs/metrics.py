"""The metrics that evaluation computes and a gate may name, in the field's own words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from include.specs.errors import SpecError, require


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a metric is called, which way is better, and the range of its values (inclusive; None is unbounded)."""

    name: str
    title: str
    higher_is_better: bool = True
    low: float = 0.0
    high: float | None = 1.0

    def require_value(self, value: object, *, field: str) -> None:
        """Raise `SpecError` for `field` unless `value` is one that the metric can have, and finite.

        >>> METRICS["log_loss"].require_value(None, field="gate.thresholds.log_loss")
        Traceback (most recent call last):
        include.specs.errors.SpecError: gate.thresholds.log_loss must be within [0, inf), got None
        """
        bounds = f"[{self.low:g}, inf)" if self.high is None else f"[{self.low:g}, {self.high:g}]"
        high = math.inf if self.high is None else self.high
        finite = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        inside = isinstance(value, int | float) and self.low <= value <= high
        require(finite and inside, field, f"be within {bounds}", value)

    @property
    def comparison(self) -> str:
        """How a threshold on it is written."""
        return ">=" if self.higher_is_better else "<="

    def meets(self, observed: float, required: float) -> bool:
        """Whether `observed` is at least as good as `required`.

        >>> METRICS["log_loss"].meets(0.40, 0.45), METRICS["roc_auc"].meets(0.80, 0.84)
        (True, False)
        """
        return observed >= required if self.higher_is_better else observed <= required


_ALL = (
    Metric(name="roc_auc", title="ROC-AUC"),
    Metric(name="pr_auc", title="PR-AUC (average precision)"),
    Metric(name="accuracy", title="Accuracy"),
    Metric(name="precision", title="Precision"),
    Metric(name="recall", title="Recall"),
    Metric(name="f1", title="F1"),
    Metric(name="recall_at_precision", title="Recall at the required precision"),
    Metric(name="log_loss", title="Log loss", higher_is_better=False, high=None),
    Metric(name="brier", title="Brier score", higher_is_better=False),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
# What a training job says of its validation part, for SageMaker to read.
OF_VALIDATION = ("roc_auc", "pr_auc", "log_loss", "brier")


def validation_line(name: str, value: str) -> str:
    """The line of a training job's log that says a metric of the validation part.

    >>> validation_line("brier", "0.136500")
    'validation:brier=0.136500;'
    """
    return f"validation:{name}={value};"


def metric(name: str, *, field: str) -> Metric:
    """The metric called `name`; `field` is where the name was written.

    Raises:
        SpecError: there is no such metric.
    """
    if name not in METRICS:
        raise SpecError(field, f"be one of {sorted(METRICS)}", name)
    return METRICS[name]
