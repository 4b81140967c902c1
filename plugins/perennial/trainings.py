"""Whether a training would make anything new: what the newest one is about is on record, by conditional writes.

A request may come when what it is for is being trained on: of two ingestions that end together each asks for a
training, and the one that the first has asked for finds both partitions.
"""

from __future__ import annotations

from collections.abc import Callable

from airflow.sdk.exceptions import AirflowSkipException

from include.specs import codec, s3_layout
from include.specs.partition import PartitionManifest
from include.specs.run import TrainingRecord, TrainingRun
from perennial import naming
from perennial.hooks.lake import Lake


def begin(
    lake: Lake, run: TrainingRun, *, image: str, only_if_new: bool, counts: Callable[[TrainingRecord], bool]
) -> None:
    """Put on record what `run` is about, unless that is a past window: no request is about one.

    The champion makes no difference: the same rows, spec, code and image are the same model, whatever that is compared
    with.

    Args:
        image: what the run's jobs will run in.
        only_if_new: whether a training on what the newest one was about is in vain.
        counts: whether the run of a record has trained, or still may.

    Raises:
        AirflowSkipException: it is in vain.
    """
    if run.past_window:
        return
    key, mine = s3_layout.newest_training(run.model.name), record_of(run, image)
    while True:
        known, tag = lake.known_as(TrainingRecord, key)
        if known == mine:
            return
        if only_if_new and known and _are_one(known, mine) and counts(known):
            raise AirflowSkipException(f"{known.run_id} trains on the same rows under the same spec: nothing is new")
        if lake.swap(key, codec.encode(mine), tag=tag):
            return


def record_of(run: TrainingRun, image: str) -> TrainingRecord:
    """The record of a run whose jobs run in `image`; two are about the same if their models will be."""
    rows = [[str(ref.manifest.date), content_of(ref.manifest)] for ref in run.partitions]
    about = naming.digest([codec.encode(run.model).decode(), run.provenance.code_version, rows])
    return TrainingRecord(dag_id=run.provenance.dag_id, run_id=run.provenance.run_id, about=about, image=image)


def _are_one(known: TrainingRecord, mine: TrainingRecord) -> bool:
    """Whether another run's model is that of this one.

    The image is not in the digest: a record that does not say it would differ from all, for one training too many.
    """
    return known.run_id != mine.run_id and known.about == mine.about and known.image in ("", mine.image)


def content_of(manifest: PartitionManifest) -> str:
    """The digest of the rows of a partition, whatever they were read from."""
    return naming.digest(sorted(file.sha256 for file in manifest.files))
