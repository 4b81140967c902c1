"""The data bucket, seen from orchestration: small JSON objects and listings. Data itself is moved by jobs."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from include.specs import codec, s3_layout
from include.specs.errors import PartitionError, PerennialError, ReportError
from include.specs.partition import PartitionManifest, PartitionRef, SourceObject
from perennial.hooks.aws import CONNECTION, client

_log = logging.getLogger(__name__)
# What reading or writing a record may raise: S3 refuses it, is not there, or holds something else.
LAKE_ERRORS = (ClientError, BotoCoreError, PerennialError)
_MISSING = ("NoSuchKey", "404", "NotFound")
# S3's answers to a conditional write that came second: 412 after the other has ended, 409 while it goes on.
_OUTDATED = ("PreconditionFailed", "ConditionalRequestConflict")
_DELETE_BATCH = 1000  # S3 deletes at most so many keys in a call


class Lake:
    """One data bucket."""

    def __init__(self, bucket: str, *, s3: Any = None) -> None:
        self.bucket = bucket
        self._s3 = s3 or client("s3", connection=CONNECTION)

    def read(self, key: str) -> bytes:
        """The object's body.

        Raises:
            ReportError: there is no such object.
        """
        found = self._find(key)
        if found is None:
            raise ReportError(f"expected s3://{self.bucket}/{key}, found no such object")
        return found[0]

    def read_as[T](self, cls: type[T], key: str) -> T:
        """The `cls` that the object at `key` holds.

        Raises:
            ReportError: no such object, or it does not hold one.
        """
        return codec.decode(cls, self.read(key), source=s3_layout.uri(self.bucket, key))

    def find_as[T](self, cls: type[T], key: str) -> tuple[T, str] | None:
        """The `cls` at `key` and the tag of that content, for `swap`; None where there is no such object.

        Raises:
            ReportError: it holds something else.
        """
        found = self._find(key)
        return found and (codec.decode(cls, found[0], source=s3_layout.uri(self.bucket, key)), found[1])

    def known_as[T](self, cls: type[T], key: str) -> tuple[T | None, str | None]:
        """As `find_as`, for what is to be replaced: one that nobody can read says nothing, and has its tag."""
        try:
            return self.find_as(cls, key) or (None, None)
        except ReportError:
            return None, str(self._s3.head_object(Bucket=self.bucket, Key=key)["ETag"])

    def _find(self, key: str) -> tuple[bytes, str] | None:
        """Body and tag of the object; None where there is no such object."""
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None
        return answer["Body"].read(), answer["ETag"]

    def swap(self, key: str, body: bytes, *, tag: str | None) -> bool:
        """Put a JSON object in place of the one with `tag`, or (None) where none was; False if somebody was faster."""
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            self.write(key, body, **condition)
        except ClientError as error:
            # An object that was deleted since is not the one with that tag either.
            if error.response["Error"]["Code"] not in (*_OUTDATED, *_MISSING):
                raise
            return False
        return True

    def write(self, key: str, body: bytes, **condition: str) -> None:
        """Put a JSON object, in one piece; if S3 finds the `condition` true, where there is one (see `swap`)."""
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", **condition)

    def write_manifest(self, key: str, entries: list[Any]) -> None:
        """Put the manifest of a SageMaker input."""
        self.write(key, json.dumps(entries, indent=1).encode())

    def read_manifest(self, key: str) -> tuple[str, ...]:
        """The names in the manifest of a SageMaker input, below its prefix.

        Raises:
            ReportError: no such object, or it is no manifest.
        """
        try:
            head, *names = json.loads(self.read(key))
            if "prefix" in head and all(isinstance(name, str) for name in names):
                return tuple(names)
        except (ValueError, TypeError) as error:
            raise self._no_manifest(key) from error
        raise self._no_manifest(key)

    def _no_manifest(self, key: str) -> ReportError:
        return ReportError(f'{s3_layout.uri(self.bucket, key)}: expected [{{"prefix": "s3://…"}}, "name", …]')

    def sources(self, prefix: str) -> tuple[SourceObject, ...]:
        """The objects under `prefix` that are data, by key: no folder, and no mark of whoever wrote them."""
        keys = [item["Key"] for item in self._list(prefix) if not item["Key"].endswith("/")]
        found = [self.source(key) for key in keys if not s3_layout.is_mark(key.removeprefix(prefix))]
        return tuple(sorted(found, key=lambda source: source.key))

    def source(self, key: str) -> SourceObject:
        """The object at `key`, with its version and what its maker says of it."""
        head = self._s3.head_object(Bucket=self.bucket, Key=key)
        return SourceObject(
            key=key,
            bytes=head["ContentLength"],
            etag=head["ETag"].strip('"'),
            version_id=head.get("VersionId"),
            origin=head["Metadata"].get("origin"),
        )

    def objects(self, prefix: str) -> tuple[SourceObject, ...]:
        """As `sources`, by one listing however many there are: without their versions, and what their makers say."""
        found = [item for item in self._list(prefix) if not item["Key"].endswith("/")]
        return tuple(SourceObject(key=i["Key"], bytes=i["Size"], etag=i["ETag"].strip('"')) for i in found)

    def partitions(
        self, model: str, *, start: dt.date | None = None, end: dt.date | None = None
    ) -> tuple[PartitionRef, ...]:
        """The partitions of a model from `start` to before `end`, oldest first. Only what has a manifest is there."""
        return tuple(self._partition(key) for key in self._manifests(model, start, end))

    def dates(self, model: str, *, start: dt.date | None = None) -> tuple[dt.date, ...]:
        """The days from `start` on that have a partition, oldest first; none is read."""
        return tuple(s3_layout.date_of(key) for key in self._manifests(model, start, None))

    def _manifests(self, model: str, start: dt.date | None, end: dt.date | None) -> list[str]:
        listed = (item["Key"] for item in self._list(s3_layout.raw(model)))
        named = sorted(key for key in listed if key.endswith(s3_layout.MANIFEST))
        keys = [key for key in named if s3_layout.is_manifest(model, key)]
        if strays := sorted(set(named) - set(keys)):
            _log.warning("%s makes no partition: no day's manifest is there (%d such)", strays[0], len(strays))
        return [key for key in keys if _within(s3_layout.date_of(key), start, end)]

    def has_any(self, beginning: str) -> bool:
        """Whether there is an object whose key is, or begins with, `beginning`."""
        found = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=beginning, MaxKeys=1)
        return bool(found.get("Contents"))

    def check_files(self, manifest: PartitionManifest) -> None:
        """Refuse a partition of which a file is absent or has another size.

        Raises:
            PartitionError: it names the key.
        """
        files = _files(manifest, of=manifest)
        folders = sorted({key.rpartition("/")[0] + "/" for key in files})
        sizes = {item["Key"]: item["Size"] for folder in folders for item in self._list(folder)}
        for key, size in files.items():
            if sizes.get(key) != size:
                found = f"{sizes[key]} bytes" if key in sizes else "no such object"
                raise PartitionError(
                    f"expected s3://{self.bucket}/{key} of {size} bytes, found {found}; clear the run's first task "
                    "with what follows, and the day is made anew"
                )

    def publish(self, manifest: PartitionManifest) -> int:
        """Make `manifest` the partition, then delete what only the one before it named; how many files that were.

        Of two runs that publish one date at a time the later wins whole: it replaces what the earlier has published,
        not what was there before both. Nothing else is deleted: files that no manifest names may be another run's that
        is about to publish. Files are named by their content, so two runs may name the same: the later looks whether
        the earlier has left them there, and the earlier whether the later needs them.

        Raises:
            PartitionError: a file is absent or has another size; nothing is published.
        """
        key, body = s3_layout.manifest(manifest.model, manifest.date), codec.encode(manifest)
        while True:
            before, tag = self.known_as(PartitionManifest, key)
            self.check_files(manifest)
            if self.swap(key, body, tag=tag):
                break
        stale = _files(before, of=manifest).keys() - _files(manifest, of=manifest).keys()
        stale -= _files(self.known_as(PartitionManifest, key)[0], of=manifest).keys() if stale else set()
        self._delete(sorted(stale))
        return len(stale)

    def _delete(self, keys: list[str]) -> None:
        for batch in _batches(keys, _DELETE_BATCH):
            self._s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in batch]})

    def _list(self, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            yield from page.get("Contents", [])

    def _partition(self, key: str) -> PartitionRef:
        body = self.read(key)
        manifest = codec.decode(PartitionManifest, body, source=s3_layout.uri(self.bucket, key))
        return PartitionRef(manifest_key=key, sha256=hashlib.sha256(body).hexdigest(), manifest=manifest)


def _files(named: PartitionManifest | None, *, of: PartitionManifest) -> dict[str, int]:
    """Key → bytes of each file that is `named`, of the quarantine too, where the partition `of` has its files.

    A manifest that somebody has copied there from another model or day says that it is of that; its files are not.
    """
    if named is None:
        return {}
    prefix = s3_layout.partition(of.model, of.date)
    files = {prefix + file.name: file.bytes for file in named.files}
    if named.rejected:
        files[s3_layout.quarantine(of.model, of.date) + named.rejected.name] = named.rejected.bytes
    return files


def _within(date: dt.date, start: dt.date | None, end: dt.date | None) -> bool:
    return (start is None or date >= start) and (end is None or date < end)


def _batches(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[i : i + size] for i in range(0, len(items), size))
