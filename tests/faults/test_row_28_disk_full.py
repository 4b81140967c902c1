"""Row 28: the disk of a job is full when it writes what it has made.

The jobs of a localaws of its own lie on a small tmpfs. In the image `ml-full` the interpreter fills what the inputs
have left of it, but for a few kilobytes, and then becomes the job.
"""

import dataclasses
import datetime as dt
import math
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.specs.incidents import FAILURES, FailureReport
from include.specs.model import Estimator
from tests.faults.flow import Flow, Run
from tests.faults.place import Place, image, jobs_run_as, place

pytestmark = pytest.mark.row(28, "disk full in a job", "clean failure; no partial artifact")
DAY = dt.date(2026, 3, 1)
EARLIER = DAY - dt.timedelta(days=1)
ROOMS = ("raw", "quarantine", "experiments")
DISK, PAGE_KIB = "16m", 4
# TMPDIR is the job's own, and on the same disk as all it writes. Filled, then given back as much as is to be left.
FILL = """#!/bin/sh
dd if=/dev/zero of="$TMPDIR/ballast" bs=4096 2>/dev/null
truncate -s "-$(cat "$LEFT_KIB")K" "$TMPDIR/ballast"
exec {python} "$@"
"""
# What SageMaker was left of a training, and of a processing job.
NO_SPACE = r"AlgorithmError: (, exit code: 1; )?OSError: \[Errno 28\] No space left on device"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A localaws whose jobs have a disk of 16 MiB."""
    folder = tmp_path_factory.mktemp("localaws")
    script = folder / "full/python"
    script.parent.mkdir()
    script.write_text(FILL.format(python=shlex.quote(sys.executable)))
    script.chmod(0o755)
    full = image("ml-full", path=[str(script.parent)])
    full["environment"] |= {"LEFT_KIB": str(folder / "left_kib")}
    data = folder / "data"
    with place(folder, "--data-dir", str(data), images=(full,), wrapper=_small_disk(data / "jobs")) as started:
        yield started


def _small_disk(disk: Path) -> tuple[str, ...]:
    """What starts a process that has a tmpfs there, which nobody else sees."""
    disk.mkdir(parents=True)
    enter = f'mount -t tmpfs -o size={DISK} none "$0" && exec "$@"'
    return ("unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c", enter, str(disk))


def _fails(flow: Flow, run: Run, task_id: str, *, left_kib: int = 2 * PAGE_KIB) -> None:
    (flow.place.server.log.parent / "left_kib").write_text(str(left_kib))
    with jobs_run_as("ml-full"), pytest.raises(AirflowFailException, match=NO_SPACE):
        run.execute(task_id)


@pytest.mark.parametrize("part_fits", [False, True], ids=["part", "what-follows"])
def test_an_ingestion_leaves_no_half_partition(flow: Flow, part_fits: bool) -> None:
    """Whether the part finds no room or what is written after it: the task fails for good and says why, and nothing is
    in the lake, whole or in part. With room again, the same run makes the partition.

    Fails when what a failed job has made is kept (`Container.fail` in `include.ml`): then its reason finds no room.
    Fails when a job goes on after a failed write (`replace_file`).
    """
    for day in (EARLIER, DAY):
        flow.land(day)
    flow.ingest(EARLIER)
    [part] = flow.partitions()[0].manifest.files
    run = flow.ingestion(DAY)
    run.execute("find_landing")
    before = {room: flow.written(room) for room in ROOMS}
    left_kib = PAGE_KIB * math.ceil(part.bytes / 1024 / PAGE_KIB) if part_fits else PAGE_KIB
    _fails(flow, run, "ingest", left_kib=left_kib)
    after = {room: flow.written(room) for room in ROOMS}
    [failure] = [key for key in after["experiments"] if f"/{FAILURES}" in key]
    assert re.search(NO_SPACE, flow.read_as(FailureReport, failure).message)
    del after["experiments"][failure]
    assert after == before
    run.execute("ingest")
    run.finish()
    assert [ref.manifest.rows for ref in flow.partitions()] == [400, 400]


def test_a_training_leaves_no_half_model(flow: Flow) -> None:
    """The task fails for good and says why; there is no model.tar.gz; with room again, the same run makes it.

    Fails when half a model is kept (`Container.fail`): then the reason finds no room.
    """
    flow.land(DAY)
    flow.ingest(DAY)
    run = flow.training()
    run.execute("resolve")
    run.execute("candidate.preprocess")
    _fails(flow, run, "candidate.train")
    assert flow.keys("models") == []
    assert run.execute("candidate.train")["model_url"].endswith("model.tar.gz")
    assert [key.rsplit("/", 1)[1] for key in flow.keys("models")] == ["model.tar.gz"]


def test_a_training_leaves_no_half_checkpoint(flow: Flow) -> None:
    """Checkpoints go to S3 while a job runs and when it has failed: one that could not be finished is none.

    Fails when an unfinished file stays where it was (`include.ml.container.replace_file`): it is kept as a checkpoint.
    """
    in_stages = Estimator(
        path="sklearn.ensemble.HistGradientBoostingClassifier", hyperparameters={"max_iter": 40}, checkpoint_every=1
    )
    flow = Flow(spec=dataclasses.replace(flow.spec, estimator=in_stages), place=flow.place)
    flow.land(DAY)
    flow.ingest(DAY)
    run = flow.training()
    run.execute("resolve")
    run.execute("candidate.preprocess")
    _fails(flow, run, "candidate.train")
    assert (flow.keys("checkpoints"), flow.keys("models")) == ([], [])
