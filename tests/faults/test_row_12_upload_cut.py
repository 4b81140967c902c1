"""Row 12: a process is killed in the middle of a partition's manifest, or a part never arrives whole."""

import datetime as dt
import hashlib

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.specs import s3_layout
from tests.faults.aws_rows import started
from tests.faults.flow import Flow, Run, as_csv, rows
from tests.faults.place import killed_while_it_sends

pytestmark = [
    pytest.mark.row(12, "upload cut midway", "the partition does not exist (manifest last)"),
    # Python warns of threads that a fork leaves behind: what is forked here sends requests, and is killed.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]
DAY = dt.date(2026, 3, 1)


def _cut(run: Run) -> None:
    """Run it up to where its process is killed: the parts are there, and half of the manifest has been sent."""
    run.finish_until("publish")
    killed_while_it_sends(
        "before-send.s3.PutObject",
        lambda: run.execute("publish"),
        when=lambda request: request.url.endswith(s3_layout.MANIFEST),
    )


def _digests(flow: Flow) -> dict[str, bool]:
    """Each file that a reader of the lake is told of, and whether it is the one that its manifest names."""
    return {
        file.name: hashlib.sha256(flow.read(s3_layout.partition(flow.spec.name, DAY) + file.name)).hexdigest()
        == file.sha256
        for ref in flow.partitions()
        for file in ref.manifest.files
    }


def test_a_partition_without_its_manifest_does_not_exist(flow: Flow) -> None:
    """Its parts are in the lake and no reader sees them; a training finds no data; a retry makes it whole.

    Fails when the manifest is not last: when the ingest job leaves a `_manifest.json` beside its parts
    (`include.ml.data.partition.write`).
    """
    flow.land(DAY)
    run = flow.ingestion(DAY)
    _cut(run)
    assert [key for key in flow.keys("raw") if "/part-" in key]
    assert flow.partitions() == ()
    with pytest.raises(AirflowFailException, match="has no partitions"):
        flow.train()
    run.execute("publish")
    assert [ref.manifest.rows for ref in flow.partitions()] == [400]


def test_the_partition_of_before_stays_as_it_was(flow: Flow) -> None:
    """A day that is ingested again and cut keeps its old partition: the same manifest, and every file that it names.

    Fails when `Lake.publish` deletes the files of before ahead of writing the manifest, or when parts are written over
    one another (a name without the digest in `include.ml.data.partition.write`).
    """
    flow.land(DAY)
    flow.ingest(DAY)
    before = flow.partitions()
    flow.land(DAY, as_csv(rows(flow.spec.dataset, seed=2)))
    run = flow.ingestion(DAY, asked=True)
    _cut(run)
    assert flow.partitions() == before
    assert set(_digests(flow).values()) == {True}
    run.execute("publish")
    assert flow.partitions() != before
    assert set(_digests(flow).values()) == {True}


@pytest.mark.parametrize("share", [0.5, None], ids=["half", "absent"])
def test_a_part_that_is_not_whole_is_not_published(flow: Flow, share: float | None) -> None:
    """The task fails, names the part and what it found of it, and writes no manifest. Once the run is cleared, the day
    is made anew, by another job.

    Fails when `PublishPartitionOperator` no longer checks the files (`Lake.check_files`), or when a completed job is
    joined whose partition is not whole (`is_partition_left`).
    """
    flow.land(DAY)
    run = flow.ingestion(DAY)
    run.execute("find_landing")
    run.execute("ingest")
    [part] = [key for key in flow.keys("raw") if "/part-" in key]
    whole = flow.read(part)
    if share:
        flow.put(part, whole[: int(len(whole) * share)])
    else:
        flow.remove(part)
    found = f"{len(whole) // 2} bytes" if share else "no such object"
    with pytest.raises(AirflowFailException, match=rf"{part} of {len(whole)} bytes, found {found}"):
        run.execute("publish")
    assert flow.partitions() == ()
    assert s3_layout.manifest(flow.spec.name, DAY) not in flow.keys("raw")
    flow.ingest(DAY)
    assert flow.read(part) == whole
    assert len(flow.partitions()) == 1
    first, second = started(flow, "ingest")
    assert second == f"{first}-2"
