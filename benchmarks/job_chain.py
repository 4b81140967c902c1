"""The jobs of a run, each a process of its own, files handed on by folder: SageMaker without its waiting."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from include.specs import codec, reports
from include.specs.catalog import model as catalogued
from include.specs.job import CONFIG_CHANNEL, CONFIG_FILE, EVALUATE, INGEST, PREPROCESS, TRAIN, JobStep
from include.specs.model import ModelSpec
from include.specs.partition import IngestionReport, PartitionManifest, PartitionRef, SourceObject
from include.specs.reports import ModelManifest
from include.specs.run import Champion, IngestionRun, Provenance, TrainingRun
from include.specs.s3_layout import day, manifest

REPOSITORY = Path(__file__).resolve().parents[1]
DATE = date(2026, 3, 1)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a process took: CPU seconds of user and system, wall seconds, and its largest resident size in MiB."""

    cpu_s: float
    wall_s: float
    peak_mib: float

    def __add__(self, other: Cost) -> Cost:
        """One after the other."""
        return Cost(
            cpu_s=self.cpu_s + other.cpu_s,
            wall_s=self.wall_s + other.wall_s,
            peak_mib=max(self.peak_mib, other.peak_mib),
        )


def measured(command: list[str], log: Path) -> Cost:
    """Run `command` to its end, its output in `log`.

    Raises:
        RuntimeError: it failed; the message ends with its log.
    """
    began = os.times().elapsed
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=stream, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text()[-4000:]}")
    # Linux counts ru_maxrss in KiB.
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime, wall_s=os.times().elapsed - began, peak_mib=usage.ru_maxrss / 1024
    )


@dataclass(frozen=True, kw_only=True)
class Chain:
    """One run's jobs below `folder`, a container root for each step."""

    folder: Path
    spec: ModelSpec
    origin: str = ""

    def ingest(self, source: Path) -> Cost:
        """The landing file to a partition."""
        key = f"landing/{self.spec.name}/{day(DATE)}{source.name}"
        landing = self._input(INGEST, "landing") / day(DATE)
        landing.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, landing / source.name)
        objects = (SourceObject(key=key, bytes=source.stat().st_size, etag="", origin=self.origin),)
        run = IngestionRun(model=self.spec, provenance=self._provenance("ingest"), date=DATE, sources=objects)
        self._configure(INGEST, run)
        return self._run(INGEST)

    def partition(self) -> PartitionRef:
        """What ingestion wrote, as a training run pins it."""
        path = self._output(INGEST, "report") / reports.INGESTION
        report = codec.decode(IngestionReport, path.read_bytes(), source=str(path))
        source = SourceObject(key=f"landing/{self.spec.name}/{day(DATE)}", bytes=0, etag="", origin=self.origin)
        written = PartitionManifest(
            model=self.spec.name,
            date=DATE,
            files=report.files,
            rows=report.rows,
            columns=report.columns,
            sources=(source,),
            quarantined=report.quarantined,
        )
        sha256 = hashlib.sha256(codec.encode(written)).hexdigest()
        return PartitionRef(manifest_key=manifest(self.spec.name, DATE), sha256=sha256, manifest=written)

    def training_run(self, champion: Champion | None = None) -> TrainingRun:
        """The run over that one partition."""
        return TrainingRun(
            model=self.spec, provenance=self._provenance("run-1"), partitions=(self.partition(),), champion=champion
        )

    def preprocess(self, run: TrainingRun) -> Cost:
        """The partition to the parts of the split."""
        self._hand_on(self._output(INGEST, "partition"), self._input(PREPROCESS, "raw") / day(DATE))
        self._configure(PREPROCESS, run)
        return self._run(PREPROCESS)

    def train(self, run: TrainingRun) -> Cost:
        """The parts to a model.tar.gz."""
        self._configure(TRAIN, run)
        for channel, output in (("train", "train"), ("validation", "validation"), ("split", "report")):
            self._hand_on(self._output(PREPROCESS, output), self._input(TRAIN, channel))
        cost = self._run(TRAIN)
        with tarfile.open(self.model, "w:gz", compresslevel=1) as tar:
            for path in sorted((self._root(TRAIN) / "model").iterdir()):
                tar.add(path, arcname=path.name)
        return cost

    def evaluate(self, run: TrainingRun, champion: Path | None = None) -> Cost:
        """The model, the hold-out and perhaps a champion's model.tar.gz to the reports."""
        self._configure(EVALUATE, run)
        for channel, output in (("test", "test"), ("split", "report")):
            self._hand_on(self._output(PREPROCESS, output), self._input(EVALUATE, channel))
        for channel, archive in (("candidate", self.model), ("champion", champion)):
            if archive:
                self._input(EVALUATE, channel).mkdir(parents=True, exist_ok=True)
                shutil.copy(archive, self._input(EVALUATE, channel) / "model.tar.gz")
        return self._run(EVALUATE)

    @property
    def model(self) -> Path:
        """The model.tar.gz of the run."""
        return self.folder / "model.tar.gz"

    def champion(self, version: int) -> Champion:
        """The run's model as a later run's champion."""
        path = self._root(TRAIN) / "model" / reports.MODEL_MANIFEST
        described = codec.decode(ModelManifest, path.read_bytes(), source=str(path))
        return Champion(
            version=version,
            package_arn=f"arn:aws:sagemaker:eu-west-1:000000000000:model-package/{self.spec.name}/{version}",
            approval_status="Approved",
            model_url=f"s3://lake/models/{self.spec.name}/run-1/model.tar.gz",
            sha256=described.sha256,
            boundary=described.boundary,
        )

    @property
    def reports(self) -> Path:
        """The folder with evaluation.json, gate.json and the page."""
        return self._output(EVALUATE, "report")

    def _provenance(self, run: str) -> Provenance:
        return Provenance(run=run, dag_id=f"{self.spec.name}_training", run_id="manual")

    def _configure(self, step: JobStep, run: IngestionRun | TrainingRun) -> None:
        folder = self._input(step, CONFIG_CHANNEL)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG_FILE).write_bytes(codec.encode(run))

    def _hand_on(self, output: Path, channel: Path) -> None:
        shutil.rmtree(channel, ignore_errors=True)
        shutil.copytree(output, channel)

    def _root(self, step: JobStep) -> Path:
        return self.folder / step.name

    def _input(self, step: JobStep, channel: str) -> Path:
        return self._root(step) / Path(step.input_path(channel)).relative_to("/opt/ml")

    def _output(self, step: JobStep, output: str) -> Path:
        return self._root(step) / Path(step.output_path(output)).relative_to("/opt/ml")

    def _run(self, step: JobStep) -> Cost:
        """A fresh container: what an earlier turn left, a finished checkpoint above all, would spare this one work."""
        for left in ("checkpoints", "model", "output"):
            shutil.rmtree(self._root(step) / left, ignore_errors=True)
        command = [sys.executable, "-m", step.module, "--root", str(self._root(step))]
        return measured(command, self.folder / f"{step.name}.log")


def chain(folder: Path, name: str, *, origin: str = "", **changes: object) -> Chain:
    """A chain of the catalog's model `name`, with fields of its spec replaced."""
    return Chain(folder=folder, spec=replace(catalogued(name), **changes), origin=origin)  # type: ignore[arg-type]  # fields by name
