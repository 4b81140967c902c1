"""The data bucket as orchestration sees it: what has no manifest is not there."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from perennial.hooks.lake import Lake, _within

from include.specs import codec, s3_layout
from include.specs.errors import PartitionError, ReportError
from include.specs.partition import PartFile, PartitionRef, SourceObject

Make = Callable[..., PartitionRef]
MARCH = [dt.date(2026, 3, day) for day in range(1, 6)]
FILE = PartFile(name="part-0a.parquet", rows=5, bytes=4, sha256="a" * 64)
DATES = st.dates(dt.date(2020, 1, 1), dt.date(2020, 2, 1))


@pytest.fixture
def lake(aws: SimpleNamespace) -> Lake:
    return Lake("lake", s3=aws.s3)


@pytest.fixture
def publish(aws: SimpleNamespace, partition: Make) -> Callable[..., PartitionRef]:
    """Writes a partition's files and its manifest."""

    def put(date: dt.date, **more: object) -> PartitionRef:
        ref = partition(date=date, **more)
        for file in ref.manifest.files:
            aws.put(s3_layout.partition("churn", date) + file.name, b"1234")
        aws.put(ref.manifest_key, ref.manifest)
        return ref

    return put


def test_missing_object_is_named(lake: Lake) -> None:
    """What is not there is named by its full address."""
    with pytest.raises(ReportError, match=r"expected s3://lake/experiments/x\.json, found no such object"):
        lake.read("experiments/x.json")


def test_unreadable_bucket_is_an_error_of_its_own(aws: SimpleNamespace) -> None:
    """No bucket is not the same as no object: the caller sees AWS's own error."""
    with pytest.raises(ClientError, match="NoSuchBucket"):
        Lake("another", s3=aws.s3).read("x")


@pytest.mark.parametrize(
    ("body", "what"),
    [(b"{", "expected JSON of a PartFile"), (b'{"name": "a"}', "not a PartFile"), (b'{"rows": NaN}', "NaN")],
)
def test_object_of_another_form_is_refused(lake: Lake, aws: SimpleNamespace, body: bytes, what: str) -> None:
    """What cannot be read is named by its address, with what was expected there."""
    aws.put("odd.json", body)
    with pytest.raises(ReportError, match=rf"s3://lake/odd\.json.*{what}"):
        lake.read_as(PartFile, "odd.json")


def test_written_object_is_json(lake: Lake, aws: SimpleNamespace) -> None:
    """What is written is read back, and a browser shows it as what it is."""
    lake.write_manifest("m", [{"prefix": "s3://lake/"}, "a", "b"])
    assert json.loads(aws.get("m")) == [{"prefix": "s3://lake/"}, "a", "b"]
    assert aws.s3.head_object(Bucket="lake", Key="m")["ContentType"] == "application/json"


def test_object_is_found_with_its_tag(lake: Lake, aws: SimpleNamespace) -> None:
    """What is there comes with the tag of that content; what is not there is None, and no error."""
    assert lake.find_as(PartFile, "file.json") is None
    aws.put("file.json", FILE)
    found, tag = lake.find_as(PartFile, "file.json") or (None, "")
    assert (found, tag) == (FILE, aws.s3.head_object(Bucket="lake", Key="file.json")["ETag"])


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "a"}'])
def test_object_of_another_form_is_not_found_to_be_absent(lake: Lake, aws: SimpleNamespace, body: bytes) -> None:
    """It is there, and cannot be read: that is an error with its address."""
    aws.put("odd.json", body)
    with pytest.raises(ReportError, match=r"s3://lake/odd\.json"):
        lake.find_as(PartFile, "odd.json")


def test_bucket_that_cannot_be_read_holds_no_answer(aws: SimpleNamespace) -> None:
    """Not being able to look is not the same as finding nothing."""
    with pytest.raises(ClientError, match="NoSuchBucket"):
        Lake("another", s3=aws.s3).find_as(PartFile, "x")


def test_object_is_created_only_where_none_is(lake: Lake, aws: SimpleNamespace) -> None:
    """The second of two who create it is told that it was second, and changes nothing."""
    assert lake.swap("x.json", b"1", tag=None) is True
    assert lake.swap("x.json", b"2", tag=None) is False
    assert aws.get("x.json") == b"1"
    assert aws.s3.head_object(Bucket="lake", Key="x.json")["ContentType"] == "application/json"


def test_object_is_replaced_only_by_who_has_seen_it(lake: Lake, aws: SimpleNamespace) -> None:
    """Of two who saw the same, the first replaces it; the other has to look again."""
    lake.swap("x.json", codec.encode(FILE), tag=None)
    _, tag = lake.find_as(PartFile, "x.json") or (None, "")
    assert lake.swap("x.json", b"2", tag=tag) is True
    assert lake.swap("x.json", b"3", tag=tag) is False
    assert aws.get("x.json") == b"2"


def test_object_that_was_deleted_is_not_replaced(lake: Lake, aws: SimpleNamespace) -> None:
    """It is not the one that was seen, and does not come back."""
    lake.swap("x.json", codec.encode(FILE), tag=None)
    _, tag = lake.find_as(PartFile, "x.json") or (None, "")
    aws.s3.delete_object(Bucket="lake", Key="x.json")
    assert lake.swap("x.json", b"2", tag=tag) is False
    assert aws.listing() == []


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"])
@pytest.mark.parametrize("tag", [None, '"e"'])
def test_every_way_of_coming_second_is_told_alike(code: str, tag: str | None) -> None:
    """S3 has another word for it while the other write goes on than after it has ended."""
    with Stubber(boto3.client("s3")) as s3:
        s3.add_client_error("put_object", code)
        assert Lake("lake", s3=s3.client).swap("x.json", b"1", tag=tag) is False


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "SlowDown"])
def test_write_that_was_refused_is_an_error(code: str) -> None:
    """Nobody was faster: looking again would not help."""
    with Stubber(boto3.client("s3")) as s3:
        s3.add_client_error("put_object", code)
        with pytest.raises(ClientError, match=code):
            Lake("lake", s3=s3.client).swap("x.json", b"1", tag=None)


def test_sources_are_pinned_with_version_and_origin(lake: Lake, aws: SimpleNamespace) -> None:
    """Each object is known by key, size, digest and version; folders that a console made are none."""
    aws.s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    aws.put("landing/churn/b.csv", b"two")
    aws.put("landing/churn/a.csv", b"one!", Metadata={"origin": "synthetic seed=1"})
    aws.put("landing/churn/", b"")
    first, second = lake.sources("landing/churn/")
    version = aws.s3.head_object(Bucket="lake", Key="landing/churn/a.csv")["VersionId"]
    etag = hashlib.md5(b"one!", usedforsecurity=False).hexdigest()
    assert first == SourceObject(
        key="landing/churn/a.csv", bytes=4, etag=etag, version_id=version, origin="synthetic seed=1"
    )
    assert (second.key, second.origin) == ("landing/churn/b.csv", None)


def test_replaced_source_is_another_source(lake: Lake, aws: SimpleNamespace) -> None:
    """New content under the same key, of the same size, is seen."""
    aws.put("landing/churn/a.csv", b"one")
    before = lake.sources("landing/churn/")
    aws.put("landing/churn/a.csv", b"two")
    assert lake.sources("landing/churn/") != before


def test_partition_without_manifest_does_not_exist(
    lake: Lake, aws: SimpleNamespace, publish: Callable[..., PartitionRef]
) -> None:
    """Files that a job has written are invisible until the manifest is."""
    aws.put("raw/churn/year=2026/month=03/day=02/part-0a.parquet", b"1234")
    publish(MARCH[0])
    assert [ref.manifest.date for ref in lake.partitions("churn")] == [MARCH[0]]


def test_partition_is_pinned_by_the_digest_of_its_manifest(lake: Lake, publish: Callable[..., PartitionRef]) -> None:
    """A reference holds the manifest and the digest of its bytes."""
    wanted = publish(MARCH[0])
    [found] = lake.partitions("churn")
    assert found.manifest == wanted.manifest
    assert found.sha256 == hashlib.sha256(codec.encode(wanted.manifest)).hexdigest()


def test_partitions_of_a_window(lake: Lake, publish: Callable[..., PartitionRef]) -> None:
    """From the first day to before the last, oldest first; an open end takes all there is."""
    for date in reversed(MARCH):
        publish(date)

    def dates(**window: dt.date) -> list[int]:
        return [ref.manifest.date.day for ref in lake.partitions("churn", **window)]

    assert dates() == [1, 2, 3, 4, 5]
    assert dates(start=MARCH[1], end=MARCH[3]) == [2, 3]
    assert dates(start=MARCH[3]) == [4, 5]
    assert dates(end=MARCH[2]) == [1, 2]
    assert dates(start=MARCH[2], end=MARCH[2]) == []


def test_dates_are_those_of_the_partitions(
    lake: Lake, aws: SimpleNamespace, publish: Callable[..., PartitionRef]
) -> None:
    """Oldest first, and without a manifest that would have to be read: one that is broken has a date all the same."""
    publish(MARCH[2])
    aws.put(s3_layout.manifest("churn", MARCH[0]), b"{}")
    aws.put("raw/churn/year=2026/month=03/day=05/part-0a.parquet", b"1234")
    assert lake.dates("churn") == (MARCH[0], MARCH[2])
    assert lake.dates("churn", start=MARCH[1]) == (MARCH[2],)


def test_partitions_of_another_model_are_not_listed(lake: Lake, publish: Callable[..., PartitionRef]) -> None:
    """A model whose name begins like another's does not see its data."""
    publish(MARCH[0])
    assert lake.partitions("chur") == ()


@pytest.mark.parametrize("folder", ["old/", "backup/year=2026/month=03/day=01/", "year=2026/month=13/day=01/"])
def test_copy_of_a_manifest_makes_no_partition(
    lake: Lake,
    aws: SimpleNamespace,
    publish: Callable[..., PartitionRef],
    folder: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is passed over, whatever is in it, and the log says so: nothing that somebody keeps there stops a training."""
    wanted = publish(MARCH[0])
    key = aws.put(f"raw/churn/{folder}_manifest.json", b"not ours")
    assert [ref.manifest for ref in lake.partitions("churn")] == [wanted.manifest]
    assert lake.dates("churn") == (MARCH[0],)
    assert f"{key} makes no partition" in caplog.text


def test_broken_manifest_is_refused(lake: Lake, aws: SimpleNamespace) -> None:
    """A manifest that cannot be read stops the run; its partition is not passed over."""
    key = aws.put(s3_layout.manifest("churn", MARCH[0]), b"{}")
    with pytest.raises(ReportError, match=key):
        lake.partitions("churn")


@given(date=DATES, start=st.none() | DATES, end=st.none() | DATES)
def test_window_is_half_open(date: dt.date, start: dt.date | None, end: dt.date | None) -> None:
    """Every day lies in exactly one of two windows that meet."""
    assert _within(date, start, end) == ((start or dt.date.min) <= date < (end or dt.date.max))


def test_objects_are_found_by_how_they_begin(lake: Lake, aws: SimpleNamespace) -> None:
    """A whole key begins with itself; a folder of another name is another."""
    aws.put("processed/churn/r/train-2/part", b"1")
    assert lake.has_any("processed/churn/r/train-2/part")
    assert lake.has_any("processed/churn/r/train-2/")
    assert not lake.has_any("processed/churn/r/train/")


def test_complete_partition_passes(lake: Lake, publish: Callable[..., PartitionRef]) -> None:
    """All files there, each of its size."""
    lake.check_files(publish(MARCH[0]).manifest)


def test_missing_file_is_named(lake: Lake, aws: SimpleNamespace, publish: Callable[..., PartitionRef]) -> None:
    """A file that the manifest names and that is not there is named by its key."""
    manifest = publish(MARCH[0], files=("part-0a.parquet", "part-1b.parquet")).manifest
    key = s3_layout.partition("churn", MARCH[0]) + "part-1b.parquet"
    aws.s3.delete_object(Bucket="lake", Key=key)
    with pytest.raises(PartitionError, match=rf"s3://lake/{key} of 4 bytes, found no such object"):
        lake.check_files(manifest)


def test_cut_file_is_named(lake: Lake, aws: SimpleNamespace, publish: Callable[..., PartitionRef]) -> None:
    """A file of another size is named, with both sizes."""
    manifest = publish(MARCH[0]).manifest
    aws.put(s3_layout.partition("churn", MARCH[0]) + "part-0a.parquet", b"12")
    with pytest.raises(PartitionError, match=r"part-0a\.parquet of 4 bytes, found 2 bytes"):
        lake.check_files(manifest)


def test_a_listing_says_what_it_can(aws: SimpleNamespace, lake: Lake) -> None:
    """Key, size and tag of each object, in one call; what its maker says of it takes another for each."""
    for name in ("b.jsonl", "a.jsonl"):
        aws.put(f"capture/{name}", b"four", Metadata={"origin": "synthetic"})
    aws.put("capture/", b"")
    found = lake.objects("capture/")
    assert [(each.key, each.bytes, each.origin) for each in found] == [
        ("capture/a.jsonl", 4, None),
        ("capture/b.jsonl", 4, None),
    ]
    asked = lake.source("capture/a.jsonl")
    assert (asked.etag, asked.synthetic) == (found[0].etag, True)


def test_manifest_is_read_as_it_was_written(lake: Lake) -> None:
    """The names below its prefix."""
    lake.write_manifest("a.manifest", [{"prefix": "s3://lake/raw/"}, "a/b.parquet", "c.parquet"])
    assert lake.read_manifest("a.manifest") == ("a/b.parquet", "c.parquet")
    lake.write_manifest("empty.manifest", [{"prefix": "s3://lake/raw/"}])
    assert lake.read_manifest("empty.manifest") == ()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"7", b'["a"]', b"[null]", b'[{"prefix": ""}, 3]'])
def test_what_is_no_manifest_is_refused(lake: Lake, content: bytes) -> None:
    """It names the object, and what was expected."""
    lake.write("a.manifest", content)
    with pytest.raises(ReportError, match=r's3://lake/a.manifest: expected \[{"prefix"'):
        lake.read_manifest("a.manifest")
