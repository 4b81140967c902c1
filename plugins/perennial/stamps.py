"""Which bundle and which code this process runs: `make bundle` lays files that say it beside vocabulary and plugins.

Nothing here imports `include`: the triggerer reads its stamp too, and has no DAG folder on its path.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

STAMP = "bundle.json"
CODE_VERSION = "code_version"


def stamp(folder: Path) -> str:
    """The digest of the bundle that `folder` came in; empty where it came in none, as on a laptop."""
    file = folder / STAMP
    return str(json.loads(file.read_text())["sha256"]) if file.exists() else ""


def code_version(include: Path) -> str:
    """Which code this process runs, by the bundle that the vocabulary in the folder `include` came in.

    Where that came in none, as where folders are mounted and edited: the digest of its and the plugins' Python files.
    """
    file = include / CODE_VERSION
    return file.read_text().strip() if file.exists() else f"sha256:{_digest(include, Path(__file__).parent)}"


def _digest(*folders: Path) -> str:
    found = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            with suppress(FileNotFoundError):  # an edit may be going on
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                found.update(f"{content}  {folder.name}/{file.relative_to(folder).as_posix()}\n".encode())
    return found.hexdigest()


def plugins() -> str:
    """The digest of the plugins that this process has imported."""
    return stamp(Path(__file__).parent)
