"""A job's folder: what the job sees as ``/opt/ml``, and its home and scratch space; removed when the job has ended."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from localaws.jobs.isolation import ML_ROOT


class PathError(ValueError):
    """A path of a request lies outside /opt/ml, where a job here has nothing."""


@dataclass(frozen=True, kw_only=True)
class JobFolder:
    """One job's place on the host's disk."""

    root: Path

    @property
    def ml(self) -> Path:
        """The host folder that is /opt/ml to the job."""
        return self.root / "ml"

    @property
    def opt(self) -> Path:
        """Where the job's own /opt is put together; empty to everybody else."""
        return self.root / "opt"

    @property
    def home(self) -> Path:
        """The job's HOME, and its working directory where the image names none."""
        return self.root / "home"

    @property
    def scratch(self) -> Path:
        """The job's TMPDIR."""
        return self.root / "tmp"

    def on_host(self, container_path: str) -> Path:
        """The host path of a path under /opt/ml.

        Raises:
            PathError: the path is not under /opt/ml.

        >>> JobFolder(root=Path("/jobs/1")).on_host("/opt/ml/processing/input")
        PosixPath('/jobs/1/ml/processing/input')
        """
        path = PurePosixPath(container_path)
        if not path.is_relative_to(ML_ROOT) or ".." in path.parts:
            raise PathError(f"{container_path!r} must be a path under {ML_ROOT}")
        return self.ml / path.relative_to(ML_ROOT)

    def write_json(self, container_path: str, content: Any) -> None:
        """Write a configuration file of the container contract."""
        path = self.on_host(container_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2))

    def read_text(self, container_path: str, *, max_chars: int) -> str:
        """The start of a file the job may have written; empty when it wrote none."""
        try:
            with self.on_host(container_path).open(encoding="utf-8", errors="replace") as file:
                return file.read(max_chars).strip()
        except OSError:
            return ""

    def make(self, *container_paths: str) -> None:
        """Make folders of the container contract."""
        for path in container_paths:
            self.on_host(path).mkdir(parents=True, exist_ok=True)

    def used_bytes(self) -> int:
        """Bytes on disk in what the job can write; files that vanish while we look count nothing."""
        return sum(_allocated(path) for part in (self.ml, self.home, self.scratch) for path in part.rglob("*"))

    def remove(self) -> None:
        """Remove all of it, whatever the job left behind."""
        shutil.rmtree(self.root, ignore_errors=True)


def _allocated(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0


def create(parent: Path, name: str) -> JobFolder:
    """Make a fresh folder for one run of a job."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = JobFolder(root=Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent)))
    for part in (folder.ml, folder.opt, folder.home, folder.scratch):
        part.mkdir()
    return folder


def write_configs(folder: JobFolder, files: Mapping[str, Any]) -> None:
    """Write all configuration files: container path to content."""
    for container_path, content in files.items():
        folder.write_json(container_path, content)
