"""One day of a served model: what it was asked, held against what its version was judged on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.ml.baseline.attribution import attributions
from include.ml.baseline.compared import as_compared, named, times_of_day
from include.ml.baseline.profile import read_hold_out
from include.ml.baseline.statistics import SCORE
from include.ml.capture.day import read_day
from include.ml.capture.faults import LOOK_AT
from include.ml.capture.layout import CALLED
from include.ml.capture.reading import Captured
from include.ml.container import Container, replace_file, say
from include.ml.data.arrays import kept, one_chunk, to_numpy
from include.ml.drift.attribution import attribution_drift
from include.ml.drift.classifiers import joint
from include.ml.drift.comparison import Question
from include.ml.drift.detection import detect
from include.ml.drift.groups import group_calls
from include.ml.drift.independence import Independent, independent
from include.ml.drift.persistence import WITHOUT_VERDICT
from include.ml.drift.prediction import Scores
from include.ml.drift.profile import ProfileBaseline
from include.ml.drift.quality import unknown_columns
from include.ml.drift.sides import FileBaseline, FileDay
from include.ml.drift.source import open_source
from include.ml.reporting.drift_page import drift_page
from include.specs import codec, reports
from include.specs.baseline import BaselineReport
from include.specs.capture import CaptureReport
from include.specs.dataset import Dataset
from include.specs.drift import DRIFT, DRIFT_HTML, BaselineRef, DriftReport, RowCount, Verdict, Violation
from include.specs.errors import ReportError, VersionError
from include.specs.run import MonitoringRun

# A column of ours beside the captured ones.
_CLASS_ALONE = "class without a score"
# What is added to the features: no column of the model's.
_CAPTURES_OWN = frozenset({"event_id", "row", "inference_id", "inference_time", "variant", CALLED, _CLASS_ALONE})


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The baseline as the version's evaluation left it, and the reports of earlier days.

    Args:
        profile: of all hold-out rows; None where the version was registered without one. sample: some of them whole.
    """

    statistics: BaselineReport
    profile: ProfileBaseline | None
    sample: Path
    history: tuple[DriftReport, ...]


def watch(container: Container) -> Mapping[str, int]:
    """Read the day, compare it, write the page and then drift.json; counts for the log's last line.

    Raises:
        ReportError: the baseline is missing, is another version's, or does not fit; an earlier report is none.
    """
    run = container.config(MonitoringRun)
    known = _known(container, run)
    captured = _captured(container, run)
    report = _report(run, known, captured)
    page = drift_page(
        report,
        history=known.history,
        rule=run.model.monitoring.drift,
        title=run.model.title,
        description=run.model.description,
        positive=run.model.dataset.positive,
        synthetic=run.synthetic,
    )
    folder = container.output("report")
    replace_file(folder / DRIFT_HTML, page.encode())
    replace_file(folder / DRIFT, codec.encode(report))
    say(f"verdict: {report.verdict}: {report.reasons}")
    return {"files": captured.report.files, "rows": captured.report.rows, "breached": len(report.drifted)}


def _known(container: Container, run: MonitoringRun) -> _Known:
    folder = container.channel("baseline")
    path = folder / reports.BASELINE_STATISTICS
    if not path.is_file():
        raise VersionError(
            f"version {run.version}: expected its baseline as {path}, found no such file; approve another"
        )
    statistics = codec.decode(BaselineReport, path.read_bytes(), source=str(path))
    if (statistics.model, statistics.run) != (run.model.name, run.baseline_run):
        raise ReportError(
            f"{path}: expected the baseline of {run.model.name} from the run {run.baseline_run}, "
            f"got that of {statistics.model} from {statistics.run}"
        )
    return _Known(
        statistics=statistics,
        profile=read_hold_out(folder / reports.BASELINE_PROFILE, statistics),
        sample=folder / reports.BASELINE_SAMPLE,
        history=_history(container),
    )


def _history(container: Container) -> tuple[DriftReport, ...]:
    folder = container.optional_channel("history")
    found = sorted(folder.rglob(DRIFT)) if folder else []
    return tuple(codec.decode(DriftReport, path.read_bytes(), source=str(path)) for path in found)


def _captured(container: Container, run: MonitoringRun) -> Captured:
    folder = container.optional_channel("capture")
    files = [path for path in folder.rglob("*") if path.is_file()] if folder else []
    captured = read_day(files, run.model, run.date)
    for reason, bad in captured.report.bad.items():
        say(f"{bad.count} unreadable ({reason}), for example {bad.example}")
    return captured


def _report(run: MonitoringRun, known: _Known, captured: Captured) -> DriftReport:
    unread = _unreadable(captured.report, limit=run.model.monitoring.unreadable)
    faults = (*unread, *unknown_columns(captured.report.unknown_columns))
    if any(fault.breaks for fault in unread):
        shares = f"{captured.report.bad_share:.1%} of what was captured cannot be read"
        return _without_comparison(run, known, captured, "broken", f"the feed is broken: {shares}", faults)
    if not captured.report.rows:
        reasons = f"no traffic was captured on {run.date}"
        return _without_comparison(run, known, captured, "insufficient_data", reasons, faults)
    with tempfile.TemporaryDirectory(prefix="day-") as folder:
        found = _compared(run, known, captured, Path(folder))
    return replace(found, violations=(*faults, *found.violations))


def _compared(run: MonitoringRun, known: _Known, captured: Captured, folder: Path) -> DriftReport:
    dataset = run.model.dataset
    sides = {"baseline": pq.read_table(known.sample), "day": _with_classes(captured.table)}
    for name, table in sides.items():
        pq.write_table(times_of_day(table, dataset.features), folder / f"{name}.parquet", compression="none")
    question = Question(
        model=run.model.name,
        baseline=_reference(run, known),
        rule=run.model.monitoring.drift,
        features=tuple(as_compared(column) for column in dataset.features),
        window=run.date,
        scores=_scores(known, dataset),
        id=_unique(run, captured.table),
        known=_CAPTURES_OWN | {column.name for column in dataset.columns},
    )
    # Whole rows, which no profile has: for the classifier.
    baseline = open_source(folder / "baseline.parquet")
    counted = _counted(run, captured)
    day = replace(open_source(folder / "day.parquet"), kept=counted.kept, without_entity=counted.without_entity)
    found = detect(
        known.profile or FileBaseline(source=baseline),
        FileDay(source=day),
        question,
        history=known.history,
        joint=joint(baseline, day, rule=question.rule, seed=run.model.estimator.seed),
    )
    found = replace(found, rows=counted.told(found.rows))
    return _informed(found, run, known, kept(captured.table, counted.kept), sides["baseline"])


def _informed(report: DriftReport, run: MonitoringRun, known: _Known, day: pa.Table, sample: pa.Table) -> DriftReport:
    """The report with what decides nothing. `day`: the captured rows that count."""
    model, baseline = run.model, known.statistics
    scored = times_of_day(day, model.dataset.features).filter(day[SCORE].is_valid())
    enough = report.verdict not in WITHOUT_VERDICT and len(scored) >= model.monitoring.drift.minimum_rows
    today = (
        attributions(scored, to_numpy(scored[SCORE]), model.dataset.features)
        if enough and baseline.attributions
        else {}
    )
    return replace(
        report,
        fairness=group_calls(day, sample, model, threshold=baseline.prediction.threshold),
        attribution=attribution_drift(baseline.attributions, today),
    )


def _scores(known: _Known, dataset: Dataset) -> Scores:
    prediction = known.statistics.prediction
    # The profile has the scores of all rows that count, and of entities the sample has: they say the rate themselves.
    said = known.profile is not None or dataset.with_role("entity")
    return Scores(
        column=SCORE,
        threshold=prediction.threshold,
        expected_rate=None if said else prediction.positive_rate,
        classes=_CLASS_ALONE,
        positive=dataset.positive,
    )


def _with_classes(table: pa.Table) -> pa.Table:
    """With the class of the rows that were answered without a score: that is what some models say."""
    scored = pc.is_valid(one_chunk(table[SCORE]))
    alone = pc.if_else(scored, pa.scalar(None, pa.string()), one_chunk(table[CALLED]))
    return table.append_column(_CLASS_ALONE, alone)


def _counted(run: MonitoringRun, captured: Captured) -> Independent:
    return independent(captured.table, run.model.dataset, run.model.monitoring.variants)


def _unique(run: MonitoringRun, table: pa.Table) -> str | None:
    """The id that no two rows may have: that of a transform's output, which can come twice.

    Captured requests are told apart by their events: whoever asks about a customer again has not repeated a file.
    """
    batches = run.model.monitoring.source == "predictions"
    return next(iter(named([run.model.dataset.id], table)), None) if batches else None


def _unreadable(report: CaptureReport, *, limit: float) -> tuple[Violation, ...]:
    """What could not be read, a fault of the feed for each reason; it breaks the feed above `limit`."""
    return tuple(
        Violation(
            column="",
            kind="unreadable",
            rows=bad.count,
            breaks=report.bad_share > limit,
            message=f"{bad.count} captured records cannot be read, for example {bad.example}; "
            f"look at {LOOK_AT[reason]}",
        )
        for reason, bad in report.bad.items()
    )


def _without_comparison(
    run: MonitoringRun,
    known: _Known,
    captured: Captured,
    verdict: Verdict,
    reasons: str,
    violations: tuple[Violation, ...],
) -> DriftReport:
    sampled, day = pq.read_metadata(known.sample).num_rows, captured.report.rows
    rows, of_them = (known.profile.rows, known.profile.independent) if known.profile else (sampled, sampled)
    counted = RowCount(baseline=rows, current=day, independent_baseline=of_them, independent_current=day)
    return DriftReport(
        model=run.model.name,
        window=run.date,
        baseline=_reference(run, known),
        rows=_counted(run, captured).told(counted),
        verdict=verdict,
        reasons=reasons,
        features=(),
        violations=violations,
    )


def _reference(run: MonitoringRun, known: _Known) -> BaselineRef:
    return BaselineRef(version=run.version, run=run.baseline_run, sha256=known.statistics.sha256)
