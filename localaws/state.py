"""State (first version: nothing is kept)."""

from __future__ import annotations

from pathlib import Path


class StateKeeper:
    """Keeps the state of all services."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> None:
        """Load."""

    def start(self) -> None:
        """Start."""

    def touch(self) -> None:
        """Tell of a change."""

    def close(self) -> None:
        """Close."""
