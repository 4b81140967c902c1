"""What a skops file says, whatever its bytes: its types, and a digest that is equal across processes.

skops names a file's entries, and numbers its nodes, by memory address, so that the same model never has the same bytes
twice. Here the addresses are left out and every array stands for the digest of its own bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from include.specs.errors import PerennialError

SCHEMA = "schema.json"


class ModelFileError(PerennialError):
    """A file that is no skops file, or is larger than allowed once unpacked."""


def digest(file: Path, *, size_limit: int) -> str:
    """SHA-256 of the content of a skops file: the same for the same fitted pipeline, in every process.

    Raises:
        ModelFileError: the file cannot be read as one.
    """
    with _opened(file, size_limit) as archive:
        canonical = json.dumps(_canonical(_schema(archive), archive), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def types(file: Path, *, size_limit: int) -> tuple[str, ...]:
    """Every type that a skops file names, as dotted paths, sorted.

    Raises:
        ModelFileError: the file cannot be read as one.
    """
    with _opened(file, size_limit) as archive:
        return tuple(sorted(set(_types(_schema(archive)))))


def _opened(file: Path, size_limit: int) -> ZipFile:
    try:
        archive = ZipFile(file)
    except (BadZipFile, OSError) as error:
        raise ModelFileError(f"{file.name}: expected a skops file: {error}") from error
    size = sum(entry.file_size for entry in archive.infolist())
    if size > size_limit:
        archive.close()
        raise ModelFileError(f"{file.name}: expected at most {size_limit} bytes unpacked, it declares {size}")
    return archive


def _schema(archive: ZipFile) -> Any:
    try:
        return json.loads(archive.read(SCHEMA))
    except (KeyError, ValueError, BadZipFile, RecursionError) as error:
        raise ModelFileError(f"{archive.filename}: expected a readable {SCHEMA} in it: {error}") from error


def _canonical(node: Any, archive: ZipFile) -> Any:
    if isinstance(node, list):
        return [_canonical(item, archive) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _canonical(value, archive) for key, value in node.items() if key != "__id__"}
    if isinstance(plain.get("file"), str):
        plain["file"] = hashlib.sha256(archive.read(plain["file"])).hexdigest()
    if plain.get("__loader__") == "SetNode":
        plain["content"] = sorted(plain["content"], key=lambda item: json.dumps(item, sort_keys=True))
    return plain


def _types(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "__class__" in node and "__module__" in node:
            yield f"{node['__module__']}.{node['__class__']}"
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _types(item)
