"""A zip file whose bytes are a function of what is in it: no clock, no user, no compressor's version. Pure."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name
READABLE_FILE = 0o100644 << 16
UNIX = 3


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The zip file of `files`, path → content.

    Contents are stored, not compressed: what a compressor makes of the same bytes differs between its versions.

    >>> zipped({"b": b"2", "a": b"1"}) == zipped({"a": b"1", "b": b"2"})
    True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.create_system, entry.external_attr = UNIX, READABLE_FILE
            archive.writestr(entry, content)
    return buffer.getvalue()


def sha256(content: bytes) -> str:
    """The digest of a content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def tree_sha256(files: Mapping[str, bytes]) -> str:
    """The digest of a tree: of every path with the digest of what is there."""
    return sha256("".join(f"{sha256(content)}  {path}\n" for path, content in sorted(files.items())).encode())
