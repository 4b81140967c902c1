"""The metrics that evaluation computes and a gate may name, in the field's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.specs.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a metric is called, which way is better, and the range of its values (inclusive; None is unbounded)."""

    name: str
    title: str
    higher_is_better: bool = True
    low: float = 0.0
    high: float | None = 1.0

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


def metric(name: str, *, field: str) -> Metric:
    """The metric called `name`; `field` is where the name was written.

    Raises:
        SpecError: there is no such metric.
    """
    if name not in METRICS:
        raise SpecError(field, f"be one of {sorted(METRICS)}", name)
    return METRICS[name]
