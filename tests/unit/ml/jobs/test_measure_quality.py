"""Days of a served model as the job sees them: captures, labels, a baseline and an evaluation in; a verdict out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from include.ml.baseline.statistics import SCORE, write_sample
from include.ml.capture.layout import CALLED, layout
from include.ml.capture.writing import Dialect, write_capture
from include.ml.container import run_job
from include.ml.data.synthetic import synthesise
from include.ml.evaluation.predictions import Predictions
from include.ml.jobs.measure_quality import main
from include.specs import codec, reports, s3_layout
from include.specs.catalog import load
from include.specs.performance import PERFORMANCE, PERFORMANCE_HTML, PerformanceReport
from include.specs.run import PerformanceRun, Provenance, ServedDay
from tests.unit.ml.performance.served_days import drawn, evaluation_of, put_labels

CHURN = load()["churn"]
FIRST = dt.date(2026, 3, 4)
ROWS = 500
HOLD_OUT = drawn(1500, seed=99)
WEEKS = dt.timedelta(days=30)


class Served:
    """The container of one run, three days of traffic in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.input = root, root / "processing/input"
        self.output = root / "processing/output/report"
        self.days: list[dt.date] = []
        self.version, self.run_of_evaluation = 3, "run-1"
        self.window = FIRST + WEEKS
        self.model = CHURN

    def day(self, predictions: Predictions, *, labelled: bool = True, dialect: Dialect | None = None) -> Served:
        """Captured traffic of one more day, and a file of its labels."""
        date = FIRST + dt.timedelta(days=len(self.days))
        self.days.append(date)
        ids = self._capture(predictions, date, dialect)
        if labelled:
            known = dt.datetime.combine(date, dt.time(), dt.UTC) + dt.timedelta(days=20)
            words = np.where(predictions.labels, "Yes", "No").tolist()
            path = self.input / s3_layout.labels("churn", known.date()) / "part-0.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            put_labels(path, [(key, word, known) for key, word in zip(ids, words, strict=True)])
        return self

    def _capture(self, predictions: Predictions, date: dt.date, dialect: Dialect | None) -> list[str]:
        rows = predictions.rows
        table = synthesise(CHURN.dataset, rows=rows, seed=1, until=date)
        ids = [f"{date}-{row}" for row in range(rows)]
        start = dt.datetime.combine(date, dt.time(), dt.UTC)
        own = {
            "event_id": [f"event-{key}" for key in ids],
            "row": [0] * rows,
            "inference_id": ids,
            "inference_time": [start + dt.timedelta(seconds=86_400 * row // rows) for row in range(rows)],
            "variant": ["AllTraffic"] * rows,
        }
        inputs = {column.name: table[column.name] for column in layout(CHURN.dataset).inputs}
        inputs[CHURN.dataset.id.name] = pa.array(ids)
        answers = {SCORE: predictions.scores, CALLED: np.where(predictions.called, "Yes", "No").tolist()}
        whole = pa.table(own | inputs | answers)
        write_capture(self.input, whole, CHURN.dataset, endpoint="churn", dialect=dialect)
        return ids

    def run(self, *, labels_in_sample: bool = True) -> int:
        """Run it here; its exit code."""
        evaluation = evaluation_of(HOLD_OUT, model="churn")
        self._put(f"evaluation/{reports.EVALUATION}", codec.encode(evaluation))
        sample = self.input / "baseline" / reports.BASELINE_SAMPLE
        sample.parent.mkdir(parents=True, exist_ok=True)
        features, labels = pa.table({"tenure": HOLD_OUT.scores}), HOLD_OUT.labels if labels_in_sample else None
        write_sample(sample, features, HOLD_OUT.scores, seed=0, labels=labels)
        run = PerformanceRun(
            model=self.model,
            provenance=Provenance(run="manual-1", dag_id="churn_performance", run_id="manual"),
            date=self.window,
            days=tuple(ServedDay(date=date, version=3) for date in self.days),
            version=self.version,
            baseline_run=self.run_of_evaluation,
        )
        self._put("config/run.json", codec.encode(run))
        return run_job("performance", main, ["--root", str(self.root)])

    @property
    def report(self) -> PerformanceReport:
        """performance.json."""
        return codec.decode(PerformanceReport, (self.output / PERFORMANCE).read_bytes(), source=PERFORMANCE)

    @property
    def reason(self) -> str:
        """What SageMaker would show as FailureReason."""
        return (self.root / "output/message").read_text()

    def _put(self, name: str, content: bytes) -> None:
        path = self.input / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path / "ml")


@pytest.mark.parametrize("input_", ["csv", "records"])
def test_labels_that_come_weeks_later_find_their_day(served: Served, input_: str) -> None:
    """By the request's inference id, or by the id in its body; a day that is waiting for its labels is estimated."""
    spoken = Dialect(input=input_)
    served.day(drawn(ROWS, seed=1), dialect=spoken).day(drawn(ROWS, seed=2), labelled=False, dialect=spoken)
    assert served.run() == 0
    first, second = served.report.days
    assert (served.report.verdict, served.report.metric) == ("stable", "roc_auc")
    assert (first.rows, first.labelled, second.labelled) == (ROWS, ROWS, 0)
    assert (first.judged, second.judged, second.metrics) == (True, False, {})
    assert second.estimated is not None
    assert second.estimated.calibrated


def test_quality_that_falls_is_told(served: Served) -> None:
    """Two such days are a degradation, since the first."""
    served.day(drawn(ROWS, seed=1)).day(drawn(ROWS, seed=2, blur=0.9)).day(drawn(ROWS, seed=3, blur=0.9))
    assert served.run() == 0
    assert (served.report.verdict, served.report.since) == ("degraded", served.days[1])


def test_a_run_for_the_past_knows_what_was_known_then(served: Served) -> None:
    """Labels of the day after are of no use to it."""
    served.window = FIRST + dt.timedelta(days=20)
    served.day(drawn(ROWS, seed=1)).day(drawn(ROWS, seed=2))
    assert served.run() == 0
    assert [day.labelled for day in served.report.days] == [ROWS, 0]
    assert served.report.labels.later == ROWS


def test_nothing_has_come(served: Served) -> None:
    """No traffic and no label: that is said, and nothing fails. A mark that a writer leaves is no file of labels."""
    served.days.append(FIRST)
    mark = served.input / s3_layout.labels("churn", FIRST) / "_SUCCESS"
    mark.parent.mkdir(parents=True)
    mark.touch()
    assert served.run() == 0
    assert (served.report.verdict, served.report.days[0].rows) == ("insufficient_data", 0)


def test_an_old_baseline_says_that_it_has_no_labels(served: Served) -> None:
    """The estimate is made from scores as they are."""
    served.day(drawn(ROWS, seed=1), labelled=False)
    assert served.run(labels_in_sample=False) == 0
    found = served.report.days[0].estimated
    assert found is not None
    assert not found.calibrated
    assert "the baseline has no labels" in found.basis


def test_the_evaluation_of_another_run_is_refused(served: Served) -> None:
    """What one version was is not what another must be."""
    served.run_of_evaluation = "run-0"
    assert served.day(drawn(50, seed=1)).run() == 1
    assert "expected the evaluation of the run run-0, got that of run-1" in served.reason
    assert not (served.output / PERFORMANCE).exists()


def test_a_broken_file_of_labels_is_named(served: Served) -> None:
    """It is not taken for no labels."""
    served.day(drawn(50, seed=1))
    [file] = served.input.rglob("part-0.parquet")
    file.write_bytes(b"PAR1")
    assert served.run() == 1
    assert "part-0.parquet: expected labels as a Parquet file" in served.reason


def test_what_batch_transforms_said_is_measured_day_by_day(served: Served) -> None:
    """By the folder that their outputs are in, joined to labels by the id of each row."""
    names = (CHURN.dataset.id.name, *(column.name for column in CHURN.dataset.features))
    watched = dataclasses.replace(CHURN.monitoring, source="predictions", input_columns=names)
    served.model = dataclasses.replace(CHURN, monitoring=watched)
    for seed in (1, 2):
        served.day(drawn(ROWS, seed=seed))
    shutil.rmtree(served.input / "capture")
    table = synthesise(CHURN.dataset, rows=ROWS, seed=1, until=FIRST)
    rows = list(zip(*(table[name].to_pylist() for name in names[1:]), strict=True))
    for seed, date in enumerate(served.days, start=1):
        scores = drawn(ROWS, seed=seed).scores
        lines = [
            ",".join("" if cell is None else str(cell) for cell in (f"{date}-{n}", *row, scores[n]))
            for n, row in enumerate(rows)
        ]
        key = s3_layout.predictions("churn", date).removeprefix("predictions/")
        served._put(f"capture/{key}rows.csv.out", "\n".join(lines).encode())
    assert served.run() == 0
    assert [(day.rows, day.labelled) for day in served.report.days] == [(ROWS, ROWS)] * 2
    assert served.report.verdict == "stable"


def test_same_days_give_the_same_bytes(tmp_path: Path) -> None:
    """In whatever folder."""
    found = []
    for name in ("one", "two"):
        served = Served(tmp_path / name).day(drawn(ROWS, seed=1))
        assert served.run() == 0
        found.append((served.output / PERFORMANCE).read_bytes())
    assert found[0] == found[1]


def test_the_page_is_written_beside_the_report(served: Served) -> None:
    """In the words of the spec."""
    served.day(drawn(ROWS, seed=1)).day(drawn(ROWS, seed=2), labelled=False)
    assert served.run() == 0
    page = (served.output / PERFORMANCE_HTML).read_text()
    assert CHURN.title in page
    assert "This is an estimate" in page
    assert {path.name for path in served.output.iterdir()} == {PERFORMANCE, PERFORMANCE_HTML}
