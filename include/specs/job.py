"""What a job is to both sides: orchestration names its module, computation finds its files by channel name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from include.specs.errors import require

# The paths of SageMaker's container contract.
PROCESSING_ROOT = "/opt/ml/processing"
TRAINING_INPUT_ROOT = "/opt/ml/input/data"
# The channel that holds the run's configuration (`include.specs.run`), and the file in it.
CONFIG_CHANNEL = "config"
CONFIG_FILE = "run.json"


@dataclass(frozen=True, kw_only=True)
class StepResources:
    """What a step runs on, and for how long at most. Spot is for training jobs; times are in seconds.

    Args:
        fallback_instance_types: asked for one after the other when AWS has no capacity for `instance_type`.
    """

    instance_type: str = "ml.m5.large"
    fallback_instance_types: tuple[str, ...] = ()
    instance_count: int = 1
    volume_gb: int = 30
    max_run_s: int = 3600
    spot: bool = False
    max_wait_s: int | None = None

    def __post_init__(self) -> None:
        for instance_type in self.instance_types:
            named = instance_type.startswith("ml.")
            require(named, "resources.instance_type", "be a SageMaker instance type (ml.…)", instance_type)
        count = self.instance_count
        require(count == 1, "resources.instance_count", "be 1: no job of this project divides its work", count)
        for name in ("volume_gb", "max_run_s"):
            require(getattr(self, name) > 0, f"resources.{name}", "be positive", getattr(self, name))
        # SageMaker refuses a spot job that may wait for less time than it may run.
        enough = self.max_wait_s is None or self.max_wait_s >= self.max_run_s
        require(enough, "resources.max_wait_s", f"be at least max_run_s ({self.max_run_s})", self.max_wait_s)

    @property
    def instance_types(self) -> tuple[str, ...]:
        """All that may be asked for, in that order."""
        return (self.instance_type, *self.fallback_instance_types)


@dataclass(frozen=True, kw_only=True)
class JobStep:
    """One kind of job: the module it runs, the channels it reads and the outputs it leaves.

    Args:
        inputs: channel names; each is a folder of that name under the container's input path.
        optional: those of `inputs` that may be absent.
        outputs: folder names under the container's output path; a training job has none but its model.
        leaves: of these, what every job of the step that went well has left: a file, or (`train/`) any in that folder.
    """

    name: str
    module: str
    kind: Literal["processing", "training", "transform"]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()

    def input_path(self, channel: str) -> str:
        """Where the container finds `channel`.

        >>> TRAIN.input_path("train"), EVALUATE.input_path("test")
        ('/opt/ml/input/data/train', '/opt/ml/processing/input/test')
        """
        root = TRAINING_INPUT_ROOT if self.kind == "training" else f"{PROCESSING_ROOT}/input"
        return f"{root}/{channel}"

    def output_path(self, output: str) -> str:
        """Where the container leaves `output` (processing jobs)."""
        return f"{PROCESSING_ROOT}/output/{output}"


INGEST = JobStep(
    name="ingest",
    module="include.ml.jobs.ingest",
    kind="processing",
    inputs=(CONFIG_CHANNEL, "landing"),
    outputs=("partition", "quarantine", "report"),
    leaves=("report/ingestion.json",),
)
PREPROCESS = JobStep(
    name="preprocess",
    module="include.ml.jobs.preprocess",
    kind="processing",
    inputs=(CONFIG_CHANNEL, "raw"),
    outputs=("train", "validation", "test", "report"),
    leaves=("train/", "validation/", "test/", "report/"),
)
TRAIN = JobStep(
    name="train",
    module="include.ml.jobs.train",
    kind="training",
    inputs=(CONFIG_CHANNEL, "train", "validation", "split"),
)
EVALUATE = JobStep(
    name="evaluate",
    module="include.ml.jobs.evaluate",
    kind="processing",
    inputs=(CONFIG_CHANNEL, "test", "split", "candidate", "champion"),
    optional=("champion",),
    outputs=("report", "baseline"),
    leaves=("report/gate.json", "baseline/statistics.json"),
)
DETECT_DRIFT = JobStep(
    name="drift",
    module="include.ml.jobs.watch_day",
    kind="processing",
    inputs=(CONFIG_CHANNEL, "baseline", "capture", "history"),
    optional=("capture", "history"),
    outputs=("report",),
    leaves=("report/drift.json",),
)
MEASURE_QUALITY = JobStep(
    name="performance",
    module="include.ml.jobs.measure_quality",
    kind="processing",
    inputs=(CONFIG_CHANNEL, "baselines", "evaluations", "capture", "labels"),
    optional=("capture", "labels"),
    outputs=("report",),
    leaves=("report/performance.json",),
)
STEPS: Mapping[str, JobStep] = {
    step.name: step for step in (INGEST, PREPROCESS, TRAIN, EVALUATE, DETECT_DRIFT, MEASURE_QUALITY)
}
