"""drift.json for a person at a terminal: 80 columns, the largest effect first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from include.specs.drift import DriftReport, FeatureDrift

WIDTH = 80
# More are counted: drift.json has them all.
SHOWN = 20
NAMED = 3
MEASURES = {"kolmogorov_smirnov": "KS", "total_variation": "TV", "roc_auc": "AUC"}


def summary(report: DriftReport) -> str:
    """The verdict, why, what is broken, and a line a feature."""
    rows = report.rows
    lines = [
        f"verdict: {report.verdict}",
        *_wrapped(report.reasons),
        f"rows: {rows.independent_current:,} against {rows.independent_baseline:,} of the baseline"
        + ("" if rows.independent_current == rows.current else f" (one an entity, of {rows.current:,})"),
        *([f"rows without an entity: {rows.without_entity:,}, each for itself"] if rows.without_entity else []),
    ]
    lines += [] if report.exact else [f"distances are exact to {report.error:.1e}: rows were counted, not kept"]
    if report.violations:
        lines += ["", "faults of the feed:"]
        lines += [line for fault in report.violations for line in _wrapped(f"- {fault.message}")]
    return "\n".join([*lines, *_separability(report), "", *_table(report)])


def _separability(report: DriftReport) -> list[str]:
    """How well a classifier tells the rows apart, and by what."""
    found = report.separability
    if found is None:
        return []
    area = found.roc_auc
    by = f", by {', '.join(list(found.drivers)[:NAMED])}" if found.drivers else ""
    verb = "tells" if found.drifted else "does not tell"
    told = f"a classifier {verb} the rows apart: ROC-AUC {area.value:.3f} ({area.low:.3f}-{area.high:.3f}){by}"
    return textwrap.wrap(told, WIDTH, subsequent_indent="  ")


def _table(report: DriftReport) -> Iterator[str]:
    predicted = (report.prediction.scores, report.prediction.called) if report.prediction else ()
    every = sorted((*report.features, *predicted), key=lambda each: (not each.drifted, -each.effect.value, each.name))
    yield f"{'feature':<32}{'':3}{'distance':>10}{'matters':>10}{'adjusted p':>12}{'blank cells':>13}"
    for feature in every[:SHOWN]:
        yield _line(feature)
    if len(every) > SHOWN:
        yield f"and {len(every) - SHOWN} more, none of them further apart"


def _line(feature: FeatureDrift) -> str:
    name = textwrap.shorten(feature.name, 30, placeholder="…") or feature.name[:30]
    effect, missing = feature.effect, feature.missing
    p_value = "" if feature.test is None else f"{feature.test.p_adjusted:.2g}"
    blank = f"{missing.baseline:.1%} {missing.current:.1%}" if missing.baseline or missing.current else ""
    return (
        f"{'*' if feature.drifted else ' '} {name:<30}{MEASURES[effect.measure]:>3}{effect.value:>10.4f}"
        f"{effect.threshold:>10.4f}{p_value:>12}{blank:>13}"
    ).rstrip()


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
