"""One evaluation: judge a candidate against the spec and the champion, and keep what drift will compare with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sklearn.pipeline import Pipeline

from include.ml.baseline.profile import bound
from include.ml.baseline.statistics import describe, write_sample
from include.ml.container import Container, replace_file, say
from include.ml.data.preprocessing import read_report
from include.ml.evaluation.assessment import Assessed, assess, comparable_rows
from include.ml.evaluation.gate import judge
from include.ml.evaluation.hold_out import HoldOut, read, score
from include.ml.evaluation.importance import importance
from include.ml.evaluation.predictions import Predictions
from include.ml.reporting.evaluation_page import evaluation_page
from include.ml.training.artifact import load
from include.specs import codec, reports
from include.specs.errors import PerennialError, ReportError, VersionError
from include.specs.model import ModelSpec
from include.specs.reports import EvaluationReport, GateReport, ModelManifest, PreprocessingReport
from include.specs.run import TrainingRun

Model = tuple[Pipeline, ModelManifest]
AFRESH = "clear the run's train task, or trigger a new run"


def evaluate(container: Container) -> Mapping[str, int]:
    """Read the hold-out and the models, write the reports and the baseline; counts for the log's last line.

    Raises:
        ReportError: an input is missing or is not what it must be, or a model answers another question than the spec's.
        ArtifactError: a model's digest or types are not the ones it was registered with.
    """
    run = container.config(TrainingRun)
    split = read_report(container.channel("split"))
    candidate = _candidate(container, run)
    hold_out = read(container.channel("test"), run.model)
    assessed = _scored(container, run, candidate, hold_out)
    drives = _importance(candidate, assessed.hold_out, run)
    evaluation = assess(assessed, run, sha256=split.sha256, importance=drives)
    verdict = judge(evaluation, run.model.gate)
    _write_baseline(container.output("baseline"), assessed, run, split)
    _write_reports(container.output("report"), evaluation, verdict, run, split, candidate[1])
    say(f"gate: {verdict.verdict}: {verdict.reasons}")
    return {"rows": assessed.candidate.rows, "rules": len(verdict.rules)}


def _scored(container: Container, run: TrainingRun, candidate: Model, hold_out: HoldOut) -> Assessed:
    if run.champion is None:
        return Assessed(hold_out=hold_out, candidate=_predictions(candidate, hold_out, run))
    rows, counted, enough = comparable_rows(hold_out)
    champion = _predictions(_champion(container, run), rows, run) if enough else None
    ours = _predictions(candidate, rows, run)
    return Assessed(hold_out=rows, candidate=ours, champion=champion, comparable=counted)


def _candidate(container: Container, run: TrainingRun) -> Model:
    pipeline, manifest = load(_archive(container.channel("candidate")))
    if other := _other_question(manifest, run.model):
        raise ReportError(f"the candidate: {other}; {AFRESH}")
    return pipeline, manifest


def _champion(container: Container, run: TrainingRun) -> Model:
    """The champion as the registry knows it.

    Raises:
        ReportError: the run names a champion and the job was not given its model.
        VersionError: it cannot be loaded, answers another question or reads other columns.
    """
    folder, champion = container.optional_channel("champion"), run.champion
    if champion is None or folder is None:
        raise ReportError("the run names a champion: expected its model.tar.gz in the channel 'champion', got none")
    who = f"champion version {champion.version}"
    remedy = "set that version's approval to Rejected, so that it is no champion, and train again"
    try:
        pipeline, manifest = load(_archive(folder), sha256=champion.sha256)
    except PerennialError as error:
        raise VersionError(f"{who}: {error}; {remedy}") from error
    if other := _other_question(manifest, run.model):
        raise VersionError(f"{who}: {other}; {remedy}")
    return pipeline, manifest


def _other_question(manifest: ModelManifest, model: ModelSpec) -> str:
    """What the model answers or reads in place of what the spec asks; empty where it is what is asked.

    One that gives the probability of another class, or reads a column as something else, scores without an error and is
    not comparable: no metric may be made of its scores.
    """
    expected, got = (model.name, model.dataset.positive), (manifest.model, manifest.positive)
    if got != expected:
        return (
            f"expected a model of {expected[0]!r} that gives the probability of {expected[1]!r}, got one of "
            f"{got[0]!r} and {got[1]!r}"
        )
    known = {column.name: column.kind for column in model.dataset.features}
    if unknown := sorted(set(manifest.features) - set(known)):
        return f"it reads {', '.join(unknown)}, no features of the spec any more"
    changed = [
        f"{name} as {kind}, which is {known[name]}" for name, kind in manifest.kinds.items() if kind != known[name]
    ]
    return f"it reads {', '.join(sorted(changed))} in the spec by now" if changed else ""


def _predictions(model: Model, hold_out: HoldOut, run: TrainingRun) -> Predictions:
    pipeline, manifest = model
    return Predictions(
        labels=hold_out.labels,
        scores=score(pipeline, hold_out.features, run.model),
        threshold=manifest.threshold,
        required_precision=run.model.decision.required_precision,
    )


def _importance(candidate: Model, hold_out: HoldOut, run: TrainingRun) -> dict[str, float]:
    return importance(
        hold_out.features,
        hold_out.labels,
        tuple(column.name for column in run.model.dataset.features),
        partial(score, candidate[0], model=run.model),
        seed=run.model.estimator.seed,
    )


def _archive(folder: Path) -> Path:
    """The model.tar.gz that a channel holds, wherever SageMaker's prefix put it."""
    found = sorted(folder.rglob("model.tar.gz"))
    if len(found) != 1:
        raise ReportError(f"{folder}: expected one model.tar.gz, got {len(found)}")
    return found[0]


def _write_baseline(folder: Path, assessed: Assessed, run: TrainingRun, split: PreprocessingReport) -> None:
    features, predictions, entities = assessed.hold_out.features, assessed.candidate, assessed.hold_out.entities
    described = describe(features, predictions, run.model, run=run.provenance.run, sha256=split.sha256)
    path = folder / reports.BASELINE_PROFILE
    statistics = bound(described, path, features, predictions, run.model, entities=entities)
    replace_file(folder / reports.BASELINE_STATISTICS, codec.encode(statistics))
    write_sample(
        folder / reports.BASELINE_SAMPLE,
        features,
        predictions.scores,
        seed=run.model.estimator.seed,
        labels=predictions.labels,
        entities=entities,
    )


def _write_reports(
    folder: Path,
    evaluation: EvaluationReport,
    verdict: GateReport,
    run: TrainingRun,
    split: PreprocessingReport,
    manifest: ModelManifest,
) -> None:
    """gate.json last: who finds a verdict finds everything that it was reached from."""
    page = evaluation_page(evaluation, verdict, run=run, split=split, manifest=manifest)
    point = {name: estimate.value for name, estimate in evaluation.metrics.items()}
    for name, content in (
        (reports.HTML, page.encode()),
        (reports.METRICS_FILE, codec.encode(point)),
        (reports.CANDIDATE, codec.encode(manifest)),
        (reports.EVALUATION, codec.encode(evaluation)),
        (reports.GATE, codec.encode(verdict)),
    ):
        replace_file(folder / name, content)
