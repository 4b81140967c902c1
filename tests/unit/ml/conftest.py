"""Two small models, one of states and one of events, and the folders that a job of theirs finds in its container."""

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from include.ml.container import Container
from include.ml.data.synthetic import synthesise
from include.ml.jobs import ingest, preprocess
from include.specs import codec, s3_layout
from include.specs.dataset import Column, Dataset, Synthetic
from include.specs.job import STEPS
from include.specs.model import Estimator, Gate, ModelSpec, Owner
from include.specs.partition import IngestionReport, PartitionManifest, PartitionRef, SourceObject
from include.specs.reports import INGESTION
from include.specs.run import Champion, IngestionRun, Provenance, TrainingRun

DATE = dt.date(2026, 3, 1)
PROVENANCE = Provenance(run="run-1", dag_id="toy_training", run_id="manual")
LOGISTIC = Estimator(path="sklearn.linear_model.LogisticRegression", hyperparameters={"C": 1.0, "max_iter": 500})
_COLUMNS = (
    Column(name="key", kind="id", role="id"),
    Column(name="size", kind="numeric", minimum=0, maximum=100),
    Column(name="weight", kind="numeric", missing=True),
    Column(name="colour", kind="categorical", levels=("red", "green", "blue")),
    Column(name="city", kind="categorical"),
    Column(name="note", kind="text", role="ignored", missing=True),
    Column(name="left", kind="categorical", role="label", levels=("no", "yes")),
)
_EVENTS = (
    Column(name="at", kind="timestamp", role="event_time"),
    Column(name="known_at", kind="timestamp", role="label_time", missing=True),
)
_RECIPE = Synthetic(rows=400, base_rate=0.3, effects={"size": 6.0, "colour": {"red": 1.0}})


@pytest.fixture
def toy() -> ModelSpec:
    """States: no event time, every row labelled."""
    return ModelSpec(
        name="toy",
        title="Toy",
        owner=Owner(name="Testers", email="testers@example.com"),
        description="A model small enough to fit in a test.",
        dataset=Dataset(columns=_COLUMNS, positive="yes", synthetic=_RECIPE),
        estimator=LOGISTIC,
        gate=Gate(thresholds={"roc_auc": 0.6}),
    )


@pytest.fixture
def events(toy: ModelSpec) -> ModelSpec:
    """Events: an event time, and rows whose label is not known yet."""
    label = replace(toy.dataset.label, missing=True)
    columns = (*_COLUMNS[:-1], *_EVENTS, label)
    return replace(toy, dataset=Dataset(columns=columns, positive="yes", synthetic=_RECIPE, unlabelled=True))


@pytest.fixture
def boosted(toy: ModelSpec) -> ModelSpec:
    """The toy with an estimator that is fitted in stages: of four iterations, where the training part has 260 rows."""
    parameters = {
        "max_iter": 12,
        "max_leaf_nodes": 4,
        "min_samples_leaf": 5,
        "max_features": 0.5,
        "early_stopping": False,
    }
    path = "sklearn.ensemble.HistGradientBoostingClassifier"
    return replace(toy, estimator=Estimator(path=path, hyperparameters=parameters, checkpoint_every=4 * 260))


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Lays out containers below `root`, and runs the jobs that others need the output of."""

    root: Path

    def container(self, step: str, config: object, name: str = "") -> Container:
        """A container of `step` with `config` in its channel."""
        found = Container(step=STEPS[step], root=self.root / (name or step))
        put(found.root / found.step.input_path("config").removeprefix("/opt/ml/") / "run.json", codec.encode(config))
        return found

    def landing(self, model: ModelSpec, files: Mapping[str, bytes], date: dt.date = DATE) -> Container:
        """A container of the ingest job with these landing files of `date`."""
        names = {f"{s3_layout.day(date)}{name}": content for name, content in files.items()}
        sources = tuple(
            SourceObject(key=f"landing/{model.name}/{name}", bytes=len(names[name]), etag="e") for name in names
        )
        config = IngestionRun(model=model, provenance=PROVENANCE, date=date, sources=sources)
        container = self.container("ingest", config, f"ingest-{date}")
        for name, content in names.items():
            put(container.root / "processing/input/landing" / name, content)
        return container

    def partition(self, model: ModelSpec, content: bytes, date: dt.date = DATE) -> tuple[PartitionRef, Path]:
        """A partition of one landing file, and the folder with its parts."""
        container = self.landing(model, {"rows.csv": content}, date)
        ingest.main(container)
        report = codec.decode(
            IngestionReport, (container.output("report") / INGESTION).read_bytes(), source="the ingest job"
        )
        manifest = PartitionManifest(
            model=model.name,
            date=date,
            files=report.files,
            rows=report.rows,
            columns=report.columns,
            sources=container.config(IngestionRun).sources,
        )
        pinned = PartitionRef(manifest_key=s3_layout.manifest(model.name, date), sha256="0" * 64, manifest=manifest)
        return pinned, container.output("partition")

    def raw(self, model: ModelSpec, contents: Mapping[dt.date, bytes], champion: Champion | None = None) -> Container:
        """A container of the preprocess job with a partition for each date."""
        made = [self.partition(model, content, date) for date, content in contents.items()]
        pinned = tuple(partition for partition, _ in made)
        config = TrainingRun(model=model, provenance=PROVENANCE, partitions=pinned, champion=champion)
        container = self.container("preprocess", config)
        for partition, folder in made:
            day = s3_layout.day(partition.manifest.date)
            shutil.copytree(folder, container.root / "processing/input/raw" / day, dirs_exist_ok=True)
        return container

    def split(self, model: ModelSpec, content: bytes, name: str = "") -> Container:
        """A container of the train job with the parts of one partition."""
        source = self.raw(model, {DATE: content})
        preprocess.main(source)
        container = self.container("train", source.config(TrainingRun), name)
        for output, channel in (("train", "train"), ("validation", "validation"), ("report", "split")):
            shutil.copytree(source.output(output), container.root / "input/data" / channel, dirs_exist_ok=True)
        return container


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Containers in a temporary folder."""
    return Workshop(root=tmp_path)


@pytest.fixture
def rows_csv() -> Callable[..., bytes]:
    """Made-up landing files of a model, as CSV."""

    def make(model: ModelSpec, rows: int = 400, seed: int = 1) -> bytes:
        table = synthesise(model.dataset, rows=rows, seed=seed, until=DATE)
        lines = [",".join(table.column_names)]
        lines += [",".join("" if cell is None else str(cell) for cell in row.values()) for row in table.to_pylist()]
        return ("\n".join(lines) + "\n").encode()

    return make


def put(path: Path, content: bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
