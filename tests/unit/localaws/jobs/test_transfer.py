"""Transfer: where objects land, and what a folder's archive is."""

from __future__ import annotations

import os
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from localaws.jobs import transfer
from localaws.jobs.transfer import ObjectStore, S3Location, TransferError


class Objects(ObjectStore):
    """An object store in a dictionary."""

    def __init__(self, **content: bytes) -> None:
        self.content = {name.replace("__", "/"): value for name, value in content.items()}

    def keys(self, location: S3Location) -> list[str]:
        return sorted(key for key in self.content if key.startswith(location.key))

    def read(self, location: S3Location) -> bytes:
        return self.content[location.key]

    def write(self, location: S3Location, content: bytes) -> None:
        self.content[location.key] = content


@pytest.mark.parametrize("uri", ["https://bucket/key", "s3:///key", "bucket/key", ""])
def test_what_is_no_s3_uri_is_refused(uri: str) -> None:
    """Another scheme and a missing bucket are errors that show the URI."""
    with pytest.raises(TransferError, match="no S3 URI"):
        transfer.parse_uri(uri)


def test_a_key_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    """An object whose key climbs up is refused, and nothing is written outside."""
    store = Objects()
    store.content["in/../../escaped"] = b"x"
    with pytest.raises(TransferError, match="leads out"):
        transfer.download_prefix(store, "s3://b/in/", tmp_path / "deep" / "target")
    assert not (tmp_path / "escaped").exists()


def test_an_object_that_is_a_folder_too_is_refused(tmp_path: Path) -> None:
    """S3 may hold both ``a`` and ``a/b``; a disk may not, and the error says so."""
    store = Objects()
    store.content = {"in/a": b"1", "in/a/b": b"2"}
    with pytest.raises(TransferError, match="both an object and a folder"):
        transfer.download_prefix(store, "s3://b/in/", tmp_path)


def test_objects_that_would_be_one_file_are_refused(tmp_path: Path) -> None:
    """S3 tells ``a`` and ``/a`` below a prefix apart; that one would be lost is said, with both keys."""
    store = Objects()
    store.content = {"in/a": b"1", "in//a": b"2"}
    with pytest.raises(TransferError, match="'in//a' and 'in/a' would be one file"):
        transfer.download_prefix(store, "s3://b/in/", tmp_path)


@pytest.mark.parametrize(("name", "words"), [("x" * 300, "too long"), ("a\0b", "cannot be a file's name")])
def test_a_key_that_is_no_name_for_a_file_is_refused(tmp_path: Path, name: str, words: str) -> None:
    """S3 takes names that a disk does not; the error is the request's, not ours."""
    store = Objects()
    store.content = {f"in/{name}": b"1"}
    with pytest.raises(TransferError, match=f"^ClientError: Data download failed: .* {words}"):
        transfer.download_prefix(store, "s3://b/in/", tmp_path)


@pytest.mark.parametrize(
    "manifest",
    [
        b"no JSON",
        b'{"a": 1}',
        b"[]",
        b'["s3://b/p/", "x"]',
        b'[{"prefix": 5}, "x"]',
        b'[{"prefix": "s3://b/p/"}, {"source-ref": "x"}]',
    ],
)
def test_a_malformed_manifest_is_refused(tmp_path: Path, manifest: bytes) -> None:
    """A manifest that is no list of a prefix and names says what was expected."""
    with pytest.raises(TransferError, match=r"s3://b/manifest is no manifest; expected \[\{"):
        transfer.download_manifest(Objects(manifest=manifest), "s3://b/manifest", tmp_path)


def test_a_manifest_may_name_an_object_twice(tmp_path: Path) -> None:
    """It is one file all the same."""
    store = Objects(manifest=b'[{"prefix": "s3://b/p/"}, "x", "x"]', p__x=b"1")
    assert transfer.download_manifest(store, "s3://b/manifest", tmp_path) == 1
    assert (tmp_path / "x").read_bytes() == b"1"


def test_a_mirror_uploads_what_changed_and_nothing_else(tmp_path: Path) -> None:
    """A second sync uploads the changed file only."""
    store = Objects()
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    mirror = transfer.Mirror(store=store, folder=tmp_path, ml_folder=tmp_path, target=S3Location(bucket="b", key="out"))
    mirror.sync()
    store.content.clear()
    (tmp_path / "b").write_text("22")
    mirror.sync()
    assert store.content == {"out/b": b"22"}


def test_a_link_is_uploaded_as_what_it_points_to(tmp_path: Path) -> None:
    """By a path of the container or a relative one, through another link, and again when what it points to changes."""
    store, out = Objects(), tmp_path / "processing" / "out"
    out.mkdir(parents=True)
    (out / "v1.csv").write_text("1")
    (out / "latest.csv").symlink_to("/opt/ml/processing/out/v1.csv")
    (out / "first.csv").symlink_to("latest.csv")
    (out / "nowhere.csv").symlink_to("/opt/ml/processing/other/v1.csv")
    (out / "itself.csv").symlink_to("itself.csv")
    mirror = transfer.Mirror(store=store, folder=out, ml_folder=tmp_path, target=S3Location(bucket="b", key="out"))
    mirror.sync()
    assert store.content == {f"out/{name}.csv": b"1" for name in ("v1", "latest", "first")}
    (out / "v1.csv").write_text("22")
    mirror.sync()
    assert store.content["out/latest.csv"] == b"22"


def test_an_archive_does_not_depend_on_when_and_who(tmp_path: Path) -> None:
    """The same names and contents give the same bytes, whatever the times; and it unpacks."""
    archives = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "model").write_text("weights")
        os.utime(folder / "model", (number * 1e9, number * 1e9))
        archives.append(transfer.tar_gz(folder))
    assert archives[0] == archives[1]
    assert archives[0][4:8] == bytes(4)  # gzip's own time, which two quick runs would share
    with tarfile.open(fileobj=BytesIO(archives[0])) as archive:
        assert archive.getnames() == ["model"]
