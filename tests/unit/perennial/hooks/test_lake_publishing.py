"""Publishing a day: the partition is replaced as a whole, also where two runs publish it at a time."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from perennial.hooks.lake import Lake

from include.specs import codec, s3_layout
from include.specs.errors import PartitionError
from include.specs.partition import PartFile, PartitionManifest, PartitionRef

Make = Callable[..., PartitionManifest]
DAY = dt.date(2026, 3, 1)
KEY = s3_layout.manifest("churn", DAY)
PREFIX = s3_layout.partition("churn", DAY)
QUARANTINE = s3_layout.quarantine("churn", DAY)
# When another run may publish, while one does.
POINTS = ("before find_as", "before check_files", "before swap", "after swap")


@pytest.fixture
def lake(aws: SimpleNamespace) -> Lake:
    return Lake("lake", s3=aws.s3)


@pytest.fixture
def ingested(aws: SimpleNamespace, partition: Callable[..., PartitionRef]) -> Callable[..., PartitionManifest]:
    """Writes the files that a job leaves; the manifest that names them, not yet published."""

    def put(*names: str, date: dt.date = DAY) -> PartitionManifest:
        manifest = partition(date=date, files=names).manifest
        for name in names:
            aws.put(s3_layout.partition("churn", date) + name, b"1234")
        return manifest

    return put


def _files(aws: SimpleNamespace) -> set[str]:
    return {key.removeprefix(PREFIX) for key in aws.listing(PREFIX)} - {KEY.removeprefix(PREFIX)}


def _published(aws: SimpleNamespace) -> PartitionManifest:
    return codec.decode(PartitionManifest, aws.get(KEY), source=KEY)


class RacedLake(Lake):
    """A lake in which another run does something before, or after, the first call of one method."""

    def __init__(self, lake: Lake, point: str, other: Callable[[], object]) -> None:
        super().__init__(lake.bucket, s3=lake._s3)
        when, method = point.split()
        real = getattr(self, method)

        def raced(*args: object, **named: object) -> object:
            setattr(self, method, real)
            if when == "before":
                other()
            result = real(*args, **named)
            if when == "after":
                other()
            return result

        setattr(self, method, raced)


def test_publishing_replaces_the_partition_as_a_whole(
    lake: Lake, aws: SimpleNamespace, ingested: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only the manifest before named is gone, in batches; every other day, and what no manifest names, stays."""
    monkeypatch.setattr("perennial.hooks.lake._DELETE_BATCH", 2)
    lake.publish(ingested("part-0a.parquet", date=DAY + dt.timedelta(days=1)))
    aws.put(PREFIX + "part-of-another-run.parquet", b"soon to be published")
    before = aws.listing()
    lake.publish(ingested("kept.parquet", *(f"old-{i}.parquet" for i in range(5))))
    manifest = ingested("kept.parquet")
    assert lake.publish(manifest) == 5
    assert aws.listing() == sorted([*before, KEY, PREFIX + "kept.parquet"])
    assert _published(aws) == manifest


def test_rejected_rows_are_published_with_their_partition(lake: Lake, aws: SimpleNamespace, ingested: Make) -> None:
    """What the day before had set aside goes when it goes; without its file of rejected rows no partition appears."""
    rejected = [PartFile(name=f"rejected-{i}.csv", rows=1, bytes=4, sha256="c" * 64) for i in range(2)]
    one, two = (replace(ingested("a.parquet"), rejected=file) for file in rejected)
    aws.put(QUARANTINE + "rejected-0.csv", b"1234")
    aws.put(QUARANTINE + "rejected-of-another-run.csv", b"soon to be published")
    lake.publish(one)
    with pytest.raises(PartitionError, match=r"/quarantine/churn/.*rejected-1\.csv of 4 bytes, found no such object"):
        lake.publish(two)
    assert _published(aws) == one
    aws.put(QUARANTINE + "rejected-1.csv", b"1234")
    assert lake.publish(two) == 1
    assert aws.listing(QUARANTINE) == [
        QUARANTINE + "rejected-1.csv",
        QUARANTINE + "rejected-of-another-run.csv",
    ]
    assert lake.publish(ingested("a.parquet")) == 1


def test_publishing_deletes_nothing_of_another_model(lake: Lake, aws: SimpleNamespace, ingested: Make) -> None:
    """Though a manifest that was copied from there lies where this one goes."""
    lake.publish(ingested("a.parquet"))
    other = replace(ingested("b.parquet"), model="fraud")
    aws.put(s3_layout.partition("fraud", DAY) + "b.parquet", b"1234")
    aws.put(s3_layout.manifest("fraud", DAY), aws.get(KEY))
    assert lake.publish(other) == 1
    assert _files(aws) == {"a.parquet", "b.parquet"}
    lake.check_files(_published(aws))


def test_publishing_a_day_for_the_first_time(lake: Lake, aws: SimpleNamespace, ingested: Make) -> None:
    """Nothing was there, so nothing is deleted."""
    manifest = ingested("part-0a.parquet")
    assert lake.publish(manifest) == 0
    assert _published(aws) == manifest


def test_publishing_again_changes_nothing(lake: Lake, aws: SimpleNamespace, ingested: Make) -> None:
    """A retry of a run that was killed after it had published finds its own manifest, and keeps its own files."""
    manifest = ingested("a.parquet", "b.parquet")
    lake.publish(manifest)
    before = {key: aws.get(key) for key in aws.listing()}
    assert lake.publish(manifest) == 0
    assert {key: aws.get(key) for key in aws.listing()} == before


@pytest.mark.parametrize("body", [b"", b"{", b"{}", json.dumps({"files": [{"name": "a.parquet"}]}).encode()])
def test_manifest_that_nobody_can_read_is_replaced(
    lake: Lake, aws: SimpleNamespace, ingested: Make, body: bytes
) -> None:
    """It stands in nobody's way; the files that it may have named are not trusted to be its own, and stay."""
    ingested("a.parquet")
    aws.put(KEY, body)
    manifest = ingested("b.parquet")
    assert lake.publish(manifest) == 0
    assert _published(aws) == manifest
    assert _files(aws) == {"a.parquet", "b.parquet"}


def test_later_of_two_runs_wins_whole(lake: Lake, aws: SimpleNamespace, ingested: Make) -> None:
    """A run that was overtaken looks again: it deletes what the faster one has published, and nothing else."""
    lake.publish(ingested("old.parquet"))
    slower, faster = ingested("slower.parquet"), ingested("faster.parquet")
    ingested("third-run.parquet")
    raced = RacedLake(lake, "before swap", lambda: lake.publish(faster))
    assert raced.publish(slower) == 1
    assert _published(aws) == slower
    assert _files(aws) == {"slower.parquet", "third-run.parquet"}


def test_run_that_is_overtaken_before_it_tidies_up_leaves_the_later_one_alone(
    lake: Lake, aws: SimpleNamespace, ingested: Make
) -> None:
    """It still deletes what it has replaced, and nothing that came after."""
    lake.publish(ingested("old.parquet"))
    one, other = ingested("one.parquet"), ingested("other.parquet")
    assert RacedLake(lake, "before _delete", lambda: lake.publish(other)).publish(one) == 1
    assert _published(aws) == other
    assert _files(aws) == {"other.parquet"}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("old", ["", "a", "b", "a c", "b d", "c", "c d"])
@pytest.mark.parametrize("names", ["a | b", "a c | b c", "a | a", "a b | b", "b | a b"])
def test_files_of_the_published_manifest_are_there(
    lake: Lake, ingested: Make, names: str, old: str, point: str
) -> None:
    """Wherever one run overtakes the other, the day is that of one of them, with all of its files.

    Or a run finds that a file of its own is gone, and then the day is the other's.
    """
    lake.publish(ingested(*old.split()))
    one, other = (ingested(*each.split()) for each in names.split("|"))
    try:
        RacedLake(lake, point, lambda: lake.publish(other)).publish(one)
        ends = [one, other]
    except PartitionError:
        ends = [other]
    [published] = lake.partitions("churn")
    assert published.manifest in ends
    lake.check_files(published.manifest)


def test_run_whose_file_another_has_deleted_publishes_nothing(lake: Lake, aws: SimpleNamespace, ingested: Make) -> None:
    """It made the same file anew that was there before; a faster run has replaced that: what is there stays whole."""
    lake.publish(ingested("same.parquet"))
    again, other = ingested("same.parquet"), ingested("other.parquet")
    with pytest.raises(PartitionError, match=r"same\.parquet of 4 bytes, found no such object"):
        RacedLake(lake, "before swap", lambda: lake.publish(other)).publish(again)
    assert _published(aws) == other
    assert _files(aws) == {"other.parquet"}


def test_manifest_that_was_deleted_meanwhile_is_written_anew(lake: Lake, aws: SimpleNamespace, ingested: Make) -> None:
    """A person may delete a day while a run publishes it: the run's is the later word."""
    lake.publish(ingested("old.parquet"))
    manifest = ingested("new.parquet")
    raced = RacedLake(lake, "before swap", lambda: aws.s3.delete_object(Bucket="lake", Key=KEY))
    assert raced.publish(manifest) == 0
    assert _published(aws) == manifest
