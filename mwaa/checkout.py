"""What git knows of a checkout: which files are its own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mwaa.errors import DeployError

NO_CHECKOUT = "not a git repository"


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A folder as git knows it; `tracked` are its files, by their paths in it."""

    tracked: frozenset[str]


def checkout(folder: Path) -> Checkout | None:
    """What git knows of `folder`; None where there is no git, or it tracks nothing there.

    Raises:
        DeployError: git cannot read it.
    """
    tracked = _git(folder, "ls-files", "-z").split("\0")
    return Checkout(tracked=frozenset(tracked)) if any(tracked) else None


def _git(folder: Path, *arguments: str) -> str:
    """What git answers; nothing where there is no git, or the folder is in no checkout."""
    # What git says of itself is read below, and is to be in one language.
    env = os.environ | {"LC_ALL": "C"}
    try:
        asked = subprocess.run(("git", *arguments), cwd=folder, env=env, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    if asked.returncode and NO_CHECKOUT not in asked.stderr:
        raise DeployError(f"git cannot read {folder}: {asked.stderr.strip()}")
    return asked.stdout.strip()
