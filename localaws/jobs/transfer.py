"""Transfer: S3 objects into a job's folder, and its results back into S3."""

from __future__ import annotations

import errno
import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from moto.core.exceptions import ServiceException
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey, S3Backend, s3_backends
from moto.utilities.utils import get_partition

from localaws.jobs.isolation import ML_ROOT

MAX_LINKS = 40  # that one may lead to the next, as the kernel has it
_FAILED = "ClientError: Data download failed"


class TransferError(Exception):
    """A transfer that the request asked for cannot be done; the message is the job's FailureReason."""


@dataclass(frozen=True, kw_only=True)
class S3Location:
    """A bucket and a key or prefix in it."""

    bucket: str
    key: str

    def child(self, name: str) -> S3Location:
        """A location below this one.

        >>> S3Location(bucket="b", key="out/").child("model.tar.gz").uri
        's3://b/out/model.tar.gz'
        """
        return S3Location(bucket=self.bucket, key=f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    @property
    def uri(self) -> str:
        """The location as s3://bucket/key."""
        return f"s3://{self.bucket}/{self.key}"


def parse_uri(uri: str) -> S3Location:
    """Split s3://bucket/key.

    Raises:
        TransferError: the scheme is another one, or the bucket is missing.

    >>> parse_uri("s3://lake/raw/churn/").key
    'raw/churn/'
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise TransferError(f"ClientError: {uri!r} is no S3 URI; expected s3://bucket/prefix")
    return S3Location(bucket=bucket, key=key)


def relative_path(prefix: str, key: str) -> str:
    """Where an object of a prefix lands below the input's folder.

    >>> relative_path("raw/churn/", "raw/churn/2026/part.csv"), relative_path("raw/churn", "raw/churn/part.csv")
    ('2026/part.csv', 'part.csv')
    >>> relative_path("raw/part.csv", "raw/part.csv"), relative_path("raw/pa", "raw/part.csv")
    ('part.csv', 'part.csv')
    """
    if key != prefix and (key.startswith(f"{prefix}/") or prefix.endswith("/") or not prefix):
        return key[len(prefix) :].lstrip("/")
    return key[prefix.rfind("/") + 1 :]


class ObjectStore:
    """The S3 of one account, as a job uses it.

    ``before`` hears of each operation, by S3's name for it; what it raises is raised.
    """

    def __init__(
        self, *, account: str, region: str, before: Callable[[str, S3Location], None] = lambda _operation, _at: None
    ) -> None:
        self._backend: S3Backend = s3_backends[account][get_partition(region)]
        self._before = before

    def keys(self, location: S3Location) -> list[str]:
        """Sorted keys of the objects whose key starts with the location's; none when the bucket is missing."""
        self._before("ListObjectsV2", location)
        try:
            bucket = self._backend.get_bucket(location.bucket)
        except (S3ClientError, ServiceException):
            return []
        found = (name for name, key in bucket.keys.items() if isinstance(key, FakeKey))
        return sorted(name for name in found if name.startswith(location.key) and not name.endswith("/"))

    def read(self, location: S3Location) -> bytes:
        """An object's content.

        Raises:
            TransferError: there is no such object.
        """
        self._before("GetObject", location)
        try:
            key = self._backend.get_object(location.bucket, location.key)
        except (S3ClientError, ServiceException):
            key = None
        if not isinstance(key, FakeKey):
            raise TransferError(
                f"ClientError: Data download failed:NoSuchKey (404): The specified key does not exist: {location.uri}"
            )
        return key.value

    def write(self, location: S3Location, content: bytes) -> None:
        """Put an object.

        Raises:
            TransferError: the bucket does not exist.
        """
        self._before("PutObject", location)
        try:
            self._backend.put_object(location.bucket, location.key, content)
        except (S3ClientError, ServiceException) as error:
            raise TransferError(
                f"ClientError: Data upload failed: cannot write {location.uri}: {error}; create the bucket first"
            ) from error


def download_prefix(store: ObjectStore, uri: str, target: Path) -> int:
    """Copy every object under the prefix below ``target``; returns how many there were.

    Raises:
        TransferError: an object cannot be a file there.
    """
    location = parse_uri(uri)
    keys = store.keys(location)
    return _download(store, location.bucket, {key: relative_path(location.key, key) for key in keys}, target)


def download_manifest(store: ObjectStore, uri: str, target: Path) -> int:
    """Copy the objects that a manifest lists: ``[{"prefix": "s3://…"}, "relative/path", …]``; returns how many.

    Raises:
        TransferError: the manifest is malformed, or an object is missing or cannot be a file there.
    """
    prefix, names = _manifest(store.read(parse_uri(uri)), uri)
    return _download(store, prefix.bucket, {prefix.key + name: name for name in names}, target)


def _manifest(content: bytes, uri: str) -> tuple[S3Location, list[str]]:
    try:
        head, *names = json.loads(content)
        prefix = head["prefix"]
    except (ValueError, TypeError, KeyError):
        prefix, names = None, []
    if not all(isinstance(text, str) for text in (prefix, *names)):
        raise TransferError(
            f'ClientError: Data download failed: {uri} is no manifest; expected [{{"prefix": "s3://…"}}, "name", …]'
        )
    return parse_uri(prefix), names


def _download(store: ObjectStore, bucket: str, names: Mapping[str, str], target: Path) -> int:
    """Copy objects: key to the path below ``target``. S3 tells keys apart that are one path to a disk."""
    placed: dict[Path, str] = {}
    for key, relative in names.items():
        content = store.read(S3Location(bucket=bucket, key=key))
        path = _place(target, relative, content)
        if path in placed:
            raise TransferError(f"{_FAILED}: the objects {placed[path]!r} and {key!r} would be one file")
        placed[path] = key
    return len(names)


def _place(target: Path, relative: str, content: bytes) -> Path:
    try:
        path = (target / relative).resolve()
        if not path.is_relative_to(target.resolve()):
            raise TransferError(f"{_FAILED}: the key {relative!r} leads out of the input's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise TransferError(f"{_FAILED}: {relative!r} is both an object and a folder of other objects") from error
    except ValueError as error:
        raise TransferError(f"{_FAILED}: {relative!r} cannot be a file's name: {error}") from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise TransferError(f"{_FAILED}: {relative!r} is too long for a file's name") from error
    return path


def files_in(folder: Path, ml_folder: Path) -> dict[Path, Path]:
    """The files below a folder of a job, sorted, each with where its content is: a link's is what it points to.

    Args:
        folder: a folder below ``ml_folder``.
        ml_folder: what /opt/ml is to the job, and so to its absolute links.
    """
    found = {path: _followed(path, ml_folder) for path in sorted(folder.rglob("*"))}
    return {path: content for path, content in found.items() if content.is_file()}


def _followed(path: Path, ml_folder: Path) -> Path:
    for _ in range(MAX_LINKS):
        if not path.is_symlink():
            break
        target = path.parent / path.readlink()
        path = ml_folder / target.relative_to(ML_ROOT) if target.is_relative_to(ML_ROOT) else target
    return path


@dataclass(kw_only=True)
class Mirror:
    """Keeps an S3 prefix equal to a folder's files: each ``sync`` uploads what is new or has changed.

    As on AWS nothing is deleted from S3. ``ml_folder`` is what /opt/ml is to the job.
    """

    store: ObjectStore
    folder: Path
    ml_folder: Path
    target: S3Location
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def sync(self) -> None:
        """Upload each file whose size or time of modification differs from what was uploaded last."""
        for path, content_path in files_in(self.folder, self.ml_folder).items():
            try:
                version = _version(content_path)
                content = content_path.read_bytes() if self._seen.get(path) != version else None
            except OSError:  # the job removed it meanwhile
                continue
            if content is not None:
                self.store.write(self.target.child(path.relative_to(self.folder).as_posix()), content)
                self._seen[path] = version

    def skip_present(self) -> None:
        """Take what is there now as uploaded."""
        present = files_in(self.folder, self.ml_folder)
        self._seen = {path: _version(content_path) for path, content_path in present.items()}


def _version(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def tar_gz(folder: Path) -> bytes:
    """The folder's content as a tar.gz; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, compresslevel=6) as zipped,
        tarfile.open(fileobj=zipped, mode="w|") as archive,
    ):
        for path in sorted(folder.rglob("*")):
            archive.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)
    return buffer.getvalue()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = 0
    return entry
