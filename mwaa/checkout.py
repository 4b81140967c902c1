"""What git knows of a checkout: which files are its own, and which commit they are of."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mwaa.errors import DeployError

NO_CHECKOUT = "not a git repository"


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A folder as git knows it.

    Args:
        tracked: its files, by their paths in it.
        commit: its full name. dirty: whether a tracked file differs from it.
    """

    tracked: frozenset[str]
    commit: str
    dirty: bool


def checkout(folder: Path) -> Checkout | None:
    """What git knows of `folder`; None where there is no git, or it tracks nothing there.

    Raises:
        DeployError: git cannot read it, or has no commit of it yet.
    """
    tracked = _git(folder, "ls-files", "-z").split("\0")
    if not any(tracked):
        return None
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return Checkout(tracked=frozenset(tracked), commit=commit, dirty=bool(changes))


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
