"""Contents: S3 objects' bytes on disk, each in a file that is named by its digest and written once."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from weakref import WeakKeyDictionary

from moto.s3.models import FakeKey


class BlobStore:
    """Contents by digest, each in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._known: WeakKeyDictionary[FakeKey, tuple[object, str]] = WeakKeyDictionary()
        self.used: set[str] = set()

    def put(self, key: FakeKey) -> str:
        """The digest of an object's content, which is on disk afterwards."""
        version = (key.last_modified, key.size)
        known_version, digest = self._known.get(key, (None, ""))
        if known_version != version:
            digest = self._write(_content(key))
            self._known[key] = (version, digest)
        self.used.add(digest)
        return digest

    def _write(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self._folder / digest
        if not path.exists():
            write_durably(path, content)
        return digest

    def get(self, digest: str) -> bytes:
        """A content by its digest."""
        return (self._folder / digest).read_bytes()

    def remove_unused(self) -> None:
        """Remove what the last complete snapshot does not use."""
        for path in self._folder.iterdir():
            if path.name not in self.used:
                path.unlink()


def _content(key: FakeKey) -> bytes:
    try:
        return key.value
    except ValueError:  # deleted meanwhile: its buffer is closed
        return b""


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that either the old or the new content is there, whatever happens meanwhile."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
