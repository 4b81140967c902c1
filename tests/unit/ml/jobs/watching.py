"""The container of a job that watches, as far as both such jobs find theirs alike."""

from __future__ import annotations

from pathlib import Path


class Watching:
    """Its folders under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.input = root / "processing/input"
        self.output = root / "processing/output/report"

    def put(self, name: str, content: bytes) -> None:
        """One more file of the container's input."""
        path = self.input / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    @property
    def reason(self) -> str:
        """What SageMaker would show as FailureReason."""
        return (self.root / "output/message").read_text()
