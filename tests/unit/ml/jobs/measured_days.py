"""The container of the job that measures quality: captures, labels, and what versions were registered with."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa

from include.ml.baseline.statistics import SCORE, write_sample
from include.ml.capture.layout import CALLED, layout
from include.ml.capture.writing import Dialect, write_capture
from include.ml.container import run_job
from include.ml.data.synthetic import synthesise
from include.ml.evaluation.predictions import Predictions
from include.ml.jobs.measure_quality import main
from include.specs import codec, reports, s3_layout
from include.specs.catalog import load
from include.specs.performance import PERFORMANCE, PerformanceReport
from include.specs.reports import EvaluationReport
from include.specs.run import PerformanceRun, Provenance, ServedDay, ServedVersion
from tests.unit.ml.jobs.watching import Watching
from tests.unit.ml.performance.served_days import drawn, evaluation_of, put_labels

CHURN = load()["churn"]
FIRST = dt.date(2026, 3, 4)
ROWS = 500
HOLD_OUT = drawn(1500, seed=99)
WEEKS = dt.timedelta(days=30)


class MeasuredDays(Watching):
    """The container of one run, three days of traffic in it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.days: dict[dt.date, int | None] = {}
        self.run_of_evaluation = "run-1"
        self.past: list[ServedVersion] = []
        self.window = FIRST + WEEKS
        self.model = CHURN

    def day(
        self,
        predictions: Predictions,
        *,
        labelled: bool = True,
        dialect: Dialect | None = None,
        version: int | None = 3,
    ) -> MeasuredDays:
        """Captured traffic of one more day, and a file of its labels."""
        date = FIRST + dt.timedelta(days=len(self.days))
        self.days[date] = version
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

    def before(self, version: int, hold_out: Predictions, **changes: object) -> MeasuredDays:
        """Another version that has answered, with what it was registered with; `changes` are of its evaluation."""
        self.past.append(ServedVersion(version=version, run=f"run-of-{version}"))
        evaluation = dataclasses.replace(evaluation_of(hold_out, model="churn"), run=f"run-of-{version}")
        self._register(dataclasses.replace(evaluation, **changes), hold_out, f"run-of-{version}")
        return self

    def run(self, *, labels_in_sample: bool = True) -> int:
        """Run it here; its exit code."""
        self._register(evaluation_of(HOLD_OUT, model="churn"), HOLD_OUT, self.run_of_evaluation, labels_in_sample)
        run = PerformanceRun(
            model=self.model,
            provenance=Provenance(run="manual-1", dag_id="churn_performance", run_id="manual"),
            date=self.window,
            days=tuple(ServedDay(date=date, version=version) for date, version in self.days.items()),
            version=3,
            baseline_run=self.run_of_evaluation,
            past=tuple(self.past),
        )
        self.put("config/run.json", codec.encode(run))
        return self.run_again()

    def run_again(self) -> int:
        """The same, on what lies there by now."""
        return run_job("performance", main, ["--root", str(self.root)])

    def _register(
        self, evaluation: EvaluationReport, hold_out: Predictions, folder: str, labels_in_sample: bool = True
    ) -> None:
        """What a version's manifests bring."""
        self.put(f"evaluations/{folder}/{reports.EVALUATION}", codec.encode(evaluation))
        sample = self.input / "baselines" / folder / reports.BASELINE_SAMPLE
        sample.parent.mkdir(parents=True, exist_ok=True)
        features, labels = pa.table({"tenure": hold_out.scores}), hold_out.labels if labels_in_sample else None
        write_sample(sample, features, hold_out.scores, seed=0, labels=labels)

    @property
    def report(self) -> PerformanceReport:
        """performance.json."""
        return codec.decode(PerformanceReport, (self.output / PERFORMANCE).read_bytes(), source=PERFORMANCE)
