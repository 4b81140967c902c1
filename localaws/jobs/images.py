"""Image names: what stands in for a container image when there is no container.

In bare mode an image is a name that is mapped to folders of executables (a virtual environment's ``bin``), a working
directory and the image's own environment variables.
"""

from __future__ import annotations

import fnmatch
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
FIELDS = {"match", "path", "workdir", "environment"}


class ImageFileError(ValueError):
    """The images file is not what it must be; the message names the file, the entry and the field."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """What one image name stands for.

    ``path`` are the folders put first on PATH; ``workdir`` is None when the job's own folder is to be used.
    """

    match: str
    path: tuple[str, ...] = ()
    workdir: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def search_path(self) -> str:
        """The image's PATH: its own folders, then the system's."""
        return ":".join((*self.path, *SYSTEM_PATH))

    def find(self, command: str, *, search_path: str, workdir: str) -> str | None:
        """Where ``command`` is, as a container of this image would look it up; None when it is nowhere."""
        if "/" in command:
            return shutil.which(str(Path(workdir) / command))
        return shutil.which(command, path=search_path)


@dataclass(frozen=True, kw_only=True)
class ImageCatalog:
    """Image patterns in order of precedence, and the image that answers to every other name."""

    images: tuple[Image, ...] = ()
    default: Image

    def resolve(self, uri: str) -> Image:
        """The first image whose pattern matches the full URI.

        >>> catalog = ImageCatalog(images=(Image(match="*/ml:*", path=("/venv/bin",)),), default=Image(match="*"))
        >>> catalog.resolve("123.dkr.ecr.eu-west-1.amazonaws.com/ml:v1").path
        ('/venv/bin',)
        >>> catalog.resolve("busybox").path
        ()
        """
        return next((image for image in self.images if fnmatch.fnmatchcase(uri, image.match)), self.default)


def read_images(path: Path) -> tuple[Image, ...]:
    """Read an images file: a JSON list of objects with match, path, workdir and environment.

    Raises:
        ImageFileError: the file cannot be read, or an entry is malformed.
    """
    try:
        entries = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ImageFileError(f"{path}: expected a JSON list of images, got {error}") from error
    if not isinstance(entries, list):
        raise ImageFileError(f"{path}: expected a JSON list of images, got {type(entries).__name__}")
    return tuple(_image(entry, f"{path}: entry {number}") for number, entry in enumerate(entries))


def _image(entry: Any, where: str) -> Image:
    if not isinstance(entry, dict) or not isinstance(entry.get("match"), str):
        raise ImageFileError(f"{where}: expected an object with a text field 'match', got {entry!r}")
    if unknown := sorted(set(entry) - FIELDS):
        raise ImageFileError(f"{where}: unknown field {unknown[0]!r}; the fields are {', '.join(sorted(FIELDS))}")
    path, environment = entry.get("path", []), entry.get("environment", {})
    if not isinstance(path, list) or not all(isinstance(folder, str) for folder in path):
        raise ImageFileError(f"{where}: 'path' must be a list of folders, got {path!r}")
    if not isinstance(environment, dict) or not all(isinstance(value, str) for value in environment.values()):
        raise ImageFileError(f"{where}: 'environment' must map names to texts, got {environment!r}")
    if not isinstance(entry.get("workdir"), str | None):
        raise ImageFileError(f"{where}: 'workdir' must be a folder, got {entry['workdir']!r}")
    return Image(match=entry["match"], path=tuple(path), workdir=entry.get("workdir"), environment=environment)
