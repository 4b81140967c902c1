"""The days that a model has served, as the job's container finds them: capture, labels, and what each version that
answered was registered with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from textwrap import shorten

from include.ml.capture.day import read_day
from include.ml.container import Container, replace_file, say
from include.ml.performance.calibration import Calibration, read_calibration
from include.ml.performance.confidence import estimated
from include.ml.performance.groups import columns_of
from include.ml.performance.labels import Labels, read_labels
from include.ml.performance.predictions import Answered, answered
from include.ml.performance.quality import performance
from include.ml.performance.registered import Estimator, Registered, Versions
from include.ml.reporting.performance_page import performance_page
from include.specs import codec, reports, s3_layout
from include.specs.errors import ReportError
from include.specs.performance import PERFORMANCE, PERFORMANCE_HTML, PerformanceReport
from include.specs.reports import EvaluationReport
from include.specs.run import PerformanceRun, ServedDay, ServedVersion

# Of an error of a past version, what stands beside each of its days; the log has all of it.
QUOTED = 160


def measure(container: Container) -> Mapping[str, int]:
    """Read the days, measure them, write the page and then performance.json; counts for the log's last line.

    Raises:
        ReportError: the baseline or the evaluation of the watched version is missing, or is another run's or model's.
        DataContractError: a file of labels is none.
    """
    run = container.config(PerformanceRun)
    versions = _versions(container, run)
    labels = _labels(container, run)
    files = _files(container.optional_channel("capture"))
    # One by one: of a day, little is kept.
    days = (_answered(day, files, run) for day in run.days)
    report = performance(days, labels, versions, window=run.date)
    folder = container.output("report")
    replace_file(folder / PERFORMANCE_HTML, _page(report, run).encode())
    replace_file(folder / PERFORMANCE, codec.encode(report))
    if early := report.labels.too_early:
        say(f"{early} ids were asked about, and have only labels that were told too early to be of those predictions")
    say(f"verdict: {report.verdict}: {report.reasons}")
    return {
        "days": len(report.days),
        "rows": sum(day.rows for day in report.days),
        "labelled": sum(day.labelled for day in report.days),
    }


def _page(report: PerformanceReport, run: PerformanceRun) -> str:
    return performance_page(
        report,
        rule=run.model.monitoring.performance,
        title=run.model.title,
        description=run.model.description,
        positive=run.model.dataset.positive,
        synthetic=run.synthetic,
    )


def _versions(container: Container, run: PerformanceRun) -> Versions:
    """What each version was registered with. That of a past one may be gone, which is no fault of today's."""
    watched = _registered(container, run, run.watched, _calibration(container, run.watched))
    past, lost = [], dict[int, str]()
    for served in run.past:
        try:
            past.append(_registered(container, run, served, _calibration_if_any(container, served)))
        except ReportError as error:
            say(f"version {served.version}: its days are counted only: {error}")
            lost[served.version] = shorten(str(error), QUOTED, placeholder=" …")
    return Versions(watched=watched, past=tuple(past), lost=lost)


def _registered(
    container: Container, run: PerformanceRun, served: ServedVersion, calibration: Calibration | None
) -> Registered:
    evaluation = _evaluation(container, run, served)
    estimate: Estimator | None = None
    if calibration:
        say(f"version {served.version}: {calibration.basis}")
        estimate = partial(estimated, threshold=evaluation.confusion.threshold, calibration=calibration)
    return Registered(version=served.version, evaluation=evaluation, model=run.model, estimate=estimate)


def _evaluation(container: Container, run: PerformanceRun, served: ServedVersion) -> EvaluationReport:
    name = s3_layout.experiment(run.model.name, served.run) + reports.EVALUATION
    path = container.channel("evaluations") / served.run / reports.EVALUATION
    if not path.is_file():
        raise ReportError(f"{name}: expected the evaluation of version {served.version}, found no such file")
    evaluation = codec.decode(EvaluationReport, path.read_bytes(), source=name)
    if evaluation.run != served.run:
        raise ReportError(f"{name}: expected the evaluation of the run {served.run}, got that of {evaluation.run}")
    return evaluation


def _calibration(container: Container, served: ServedVersion) -> Calibration:
    return read_calibration(container.channel("baselines") / served.run / reports.BASELINE_SAMPLE)


def _calibration_if_any(container: Container, served: ServedVersion) -> Calibration | None:
    """None where a past version's sample is gone: labels judge its days even so."""
    try:
        return _calibration(container, served)
    except ReportError as error:
        say(f"version {served.version}: its days are not estimated: {error}")
        return None


def _labels(container: Container, run: PerformanceRun) -> Labels:
    files = [path for path in _files(container.optional_channel("labels")) if path.suffix == ".parquet"]
    labels = read_labels(files, run.model.dataset, _start(run.date) + dt.timedelta(days=1))
    for reason, bad in labels.report.bad.items():
        say(f"{bad.count} labels left out ({reason}), for example {bad.example}")
    return labels


def _answered(day: ServedDay, files: Sequence[Path], run: PerformanceRun) -> Answered:
    """What can be read of the day: how much may be unreadable is what drift judges, a day earlier."""
    window = (_start(day.date), _start(day.date) + dt.timedelta(days=1))
    near = [path for path in files if _may_hold(path, window, late_h=run.model.monitoring.late_h)]
    captured = read_day(near, run.model, day.date)
    for reason, bad in captured.report.bad.items():
        say(f"{day.date}: {bad.count} could not be read ({reason}), for example {bad.example}")
    unreadable = {reason: bad.count for reason, bad in captured.report.bad.items()}
    return answered(
        captured.table,
        run.model.dataset,
        day.date,
        version=day.version,
        columns=columns_of(run.model),
        unreadable=unreadable,
    )


def _may_hold(path: Path, window: tuple[dt.datetime, dt.datetime], *, late_h: int) -> bool:
    """Whether a capture file may hold records of the window: it is of one of its hours, late, or was begun just before.

    >>> day = (dt.datetime(2026, 3, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
    >>> hours = ("02/28/22", "02/28/23", "03/01/00", "03/02/02", "03/02/03")
    >>> [_may_hold(Path(f"capture/e/v/2026/{hour}/a.jsonl"), day, late_h=3) for hour in hours]
    [False, True, True, True, False]
    """
    begun, (start, end) = s3_layout.captured_in(path.as_posix()), window
    return begun is None or start - s3_layout.CAPTURE_FILE <= begun < end + dt.timedelta(hours=late_h)


def _files(folder: Path | None) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []


def _start(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), dt.UTC)
