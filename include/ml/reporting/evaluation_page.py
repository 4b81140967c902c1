"""evaluation_report.html: what a person needs to approve a version, or to see why there is none, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.ml.reporting import charts
from include.ml.reporting.groups import TITLES, by_name
from include.ml.reporting.page import environment
from include.specs.metrics import METRICS, Metric
from include.specs.reports import (
    Curve,
    Estimate,
    EvaluationReport,
    GateReport,
    ModelManifest,
    PreprocessingReport,
    SliceReport,
)
from include.specs.run import TrainingRun

TEMPLATE = "evaluation_page.html.j2"
MOST_DRIVERS = 15
# More than these are counted, not listed.
MOST_PARTITIONS = 40
# Below this fall in ROC-AUC a bar would be a hair's width.
NOTHING = 5e-5


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One line of the table of metrics."""

    metric: Metric
    candidate: Estimate
    champion: Estimate | None
    difference: Estimate | None
    whiskers: tuple[charts.Whisker, ...]
    required: float | None

    @property
    def clear(self) -> str:
        """Whether the difference's interval is wholly on one side of zero, as a word."""
        gap = self.difference
        if gap is None or gap.low <= 0 <= gap.high:
            return ""
        return "better" if (gap.value > 0) == self.metric.higher_is_better else "worse"


@dataclass(frozen=True, kw_only=True)
class Driver:
    """One bar of what drives the model: the fall in ROC-AUC, and the bar's length in percent."""

    feature: str
    fall: float
    length: float


@dataclass(frozen=True, kw_only=True)
class SliceRow:
    """One line of the table of slices."""

    name: str
    slice: SliceReport
    judged: bool
    passed: bool
    whisker: charts.Whisker | None
    required: float


def evaluation_page(
    evaluation: EvaluationReport,
    verdict: GateReport,
    *,
    run: TrainingRun,
    split: PreprocessingReport,
    manifest: ModelManifest,
) -> str:
    """The page; a function of its arguments alone, so the same run always gives the same bytes."""
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            evaluation=evaluation,
            gate=verdict,
            run=run,
            split=split,
            manifest=manifest,
            spec=run.model,
            metrics=_metrics(evaluation, run.model.gate.thresholds),
            charts=_charts(evaluation),
            drivers=_drivers(evaluation.importance),
            slices=_slices(evaluation, run, verdict),
            groups=by_name(evaluation.fairness),
            fairness=TITLES,
            partitions=sorted(run.partitions, key=lambda partition: partition.manifest.date),
            most_partitions=MOST_PARTITIONS,
        )
    )


def _metrics(evaluation: EvaluationReport, required: Mapping[str, float]) -> list[MetricRow]:
    champion = evaluation.champion.metrics if evaluation.champion else {}
    return [
        _metric(
            known, evaluation.metrics[name], champion.get(name), evaluation.difference.get(name), required.get(name)
        )
        for name, known in METRICS.items()
        if name in evaluation.metrics
    ]


def _metric(
    known: Metric, candidate: Estimate, champion: Estimate | None, gap: Estimate | None, required: float | None
) -> MetricRow:
    present = [estimate for estimate in (candidate, champion) if estimate is not None]
    high = known.high or 1.25 * max(required or 0, *(estimate.high for estimate in present))
    return MetricRow(
        metric=known,
        candidate=candidate,
        champion=champion,
        difference=gap,
        whiskers=tuple(charts.whiskers(present, low=known.low, high=high)),
        required=None if required is None else charts.Scale(low=known.low, high=high, start=0, end=100)(required),
    )


def _charts(evaluation: EvaluationReport) -> list[charts.Chart]:
    curves: dict[str, Mapping[str, Curve]] = {"candidate": evaluation.curves}
    if evaluation.champion:
        curves[f"champion (version {evaluation.champion.version})"] = evaluation.champion.curves
    return [
        charts.roc_chart(curves, evaluation.confusion),
        charts.precision_recall_chart(curves, evaluation.confusion),
        charts.calibration_chart(curves),
    ]


def _drivers(importance: Mapping[str, float]) -> list[Driver]:
    ranked = sorted(importance.items(), key=lambda item: (-item[1], item[0]))
    shown = [(name, fall) for name, fall in ranked if fall >= NOTHING][:MOST_DRIVERS]
    return [Driver(feature=name, fall=fall, length=round(100 * fall / shown[0][1], 2)) for name, fall in shown]


def _slices(evaluation: EvaluationReport, run: TrainingRun, verdict: GateReport) -> list[SliceRow]:
    """Whether a slice was judged, and how, is read from the verdict: the page never judges by itself."""
    rule = run.model.gate.slices
    if rule is None:
        return []
    outcome = {judged.rule.partition(" where ")[2]: judged.passed for judged in verdict.rules}
    known = METRICS[rule.metric]
    scale = charts.Scale(low=known.low, high=known.high or 1.0, start=0, end=100)
    rows = []
    for name, slice_ in evaluation.slices.items():
        estimate = slice_.metrics.get(rule.metric)
        whisker = charts.whiskers([estimate], low=known.low, high=scale.high)[0] if estimate else None
        rows.append(
            SliceRow(
                name=name,
                slice=slice_,
                judged=name in outcome,
                passed=outcome.get(name, True),
                whisker=whisker,
                required=scale(rule.floor),
            )
        )
    return rows
