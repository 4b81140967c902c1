"""A day of a served model as its job finds it, for tests: capture files, a baseline and earlier reports."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.baseline.profile import bound
from include.ml.baseline.statistics import SCORE, describe, write_sample
from include.ml.capture.layout import CALLED, layout
from include.ml.capture.writing import Dialect, write_capture
from include.ml.container import run_job
from include.ml.data import cells
from include.ml.data.synthetic import synthesise
from include.ml.evaluation.predictions import Predictions
from include.ml.jobs.watch_day import main
from include.specs import codec, reports, s3_layout
from include.specs.catalog import load
from include.specs.drift import DRIFT, DriftReport
from include.specs.model import ModelSpec
from include.specs.run import MonitoringRun, Provenance
from tests.unit.ml.jobs.watching import Watching

CHURN, FRAUD = load()["churn"], load()["fraud"]
DAY = dt.date(2026, 3, 4)
BASELINE_ROWS, ROWS = 2400, 600
THRESHOLD = 0.5


def rows_of(model: ModelSpec, *, rows: int, seed: int) -> pa.Table:
    """Typed rows of a model, as preprocessing leaves them."""
    made = synthesise(model.dataset, rows=rows, seed=seed, until=DAY)
    text = [column for column in model.dataset.columns if pa.types.is_string(made[column.name].type)]
    read = {column.name: cells.read(made[column.name].combine_chunks(), column).values for column in text}
    return pa.table({name: read.get(name, made[name]) for name in made.column_names})


def scores_of(table: pa.Table, model: ModelSpec) -> np.ndarray:
    """A model that goes by its first numeric feature."""
    name = next(column.name for column in model.dataset.features if column.kind == "numeric")
    values = np.asarray(pc.fill_null(table[name].cast(pa.float64()), 0.0))
    return values / (values + 300.0)


class Day(Watching):
    """The container of one day's job."""

    def __init__(self, root: Path, model: ModelSpec = CHURN) -> None:
        super().__init__(root)
        self.model = model
        self.traffic = rows_of(model, rows=ROWS, seed=2)
        self.history: tuple[DriftReport, ...] = ()
        self.run_of_baseline = "run-1"
        self.profiled = True

    def capture(
        self, table: pa.Table | None = None, *, dialect: Dialect | None = None, variant: str = "AllTraffic"
    ) -> Day:
        """Files of the endpoint that answered these rows in the course of the day."""
        table, model = self.traffic if table is None else table, self.model
        scores = scores_of(table, model)
        start = dt.datetime.combine(DAY, dt.time(), dt.UTC)
        times = [start + dt.timedelta(seconds=round(86_400 * place / len(table))) for place in range(len(table))]
        own = {
            "event_id": [f"event-{place}" for place in range(len(table))],
            "row": [0] * len(table),
            "inference_id": table[model.dataset.id.name],
            "inference_time": times,
            "variant": [variant] * len(table),
        }
        inputs = {column.name: table[column.name] for column in layout(model.dataset).inputs}
        answers = {SCORE: scores, CALLED: np.where(scores >= THRESHOLD, "Yes", "No").tolist()}
        write_capture(self.input, pa.table(own | inputs | answers), model.dataset, endpoint=model.name, dialect=dialect)
        return self

    def predict(self, table: pa.Table | None = None) -> Day:
        """The outputs of a batch transform of these rows instead: each row's id, features and score."""
        table, model = self.traffic if table is None else table, self.model
        names = (model.dataset.id.name, *(column.name for column in model.dataset.features))
        watched = dataclasses.replace(model.monitoring, source="predictions", input_columns=names)
        self.model = dataclasses.replace(model, monitoring=watched)
        rows = zip(*(table[name].to_pylist() for name in names), scores_of(table, model).tolist(), strict=True)
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
        key = s3_layout.predictions(model.name, DAY).removeprefix("predictions/")
        self.put(f"capture/{key}rows.csv.out", ("\n".join(lines) + "\n").encode())
        return self

    def run(self) -> int:
        """Run it here; its exit code."""
        self._baseline()
        for report in self.history:
            self.put(f"history/monitoring/{report.window}/{DRIFT}", codec.encode(report))
        origin = Provenance(run="manual-1", dag_id=f"{self.model.name}_drift", run_id="manual")
        run = MonitoringRun(model=self.model, provenance=origin, date=DAY, version=3, baseline_run="run-1", captured=())
        self.put("config/run.json", codec.encode(run))
        return run_job("drift", main, ["--root", str(self.root)])

    @property
    def report(self) -> DriftReport:
        """drift.json."""
        return codec.decode(DriftReport, (self.output / DRIFT).read_bytes(), source=DRIFT)

    def _baseline(self) -> None:
        table = rows_of(self.model, rows=BASELINE_ROWS, seed=1)
        features = table.select([column.name for column in self.model.dataset.features])
        entity = self.model.dataset.with_role("entity")
        entities = table[entity[0].name] if entity else None
        predictions = Predictions(
            labels=np.arange(len(table)) % 2 == 0, scores=scores_of(table, self.model), threshold=THRESHOLD
        )
        profile = self.input / "baseline" / reports.BASELINE_PROFILE
        profile.parent.mkdir(parents=True, exist_ok=True)
        report = describe(features, predictions, self.model, run=self.run_of_baseline, sha256="a" * 64)
        if self.profiled:
            report = bound(report, profile, features, predictions, self.model, entities=entities)
        self.put(f"baseline/{reports.BASELINE_STATISTICS}", codec.encode(report))
        write_sample(
            self.input / "baseline" / reports.BASELINE_SAMPLE,
            features,
            predictions.scores,
            seed=0,
            entities=entities,
        )


def shifted(table: pa.Table, name: str, factor: float) -> pa.Table:
    """The same rows with a number of another size."""
    return table.set_column(table.column_names.index(name), name, pc.multiply(table[name], factor))


def with_column(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The same rows with other values in a column."""
    return table.set_column(table.column_names.index(name), name, values)
