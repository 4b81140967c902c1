"""Which bundle a process says that it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from perennial import stamps


def test_folder_of_a_bundle_says_its_digest(tmp_path: Path) -> None:
    """As `make bundle` has written it there."""
    (tmp_path / stamps.STAMP).write_text('{"sha256": "abc"}\n')
    assert stamps.stamp(tmp_path) == "abc"


def test_folder_of_no_bundle_says_nothing(tmp_path: Path) -> None:
    """A checkout is none, nor is a laptop."""
    assert stamps.stamp(tmp_path) == stamps.plugins() == ""


def test_plugins_are_those_of_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamp that lies beside the module itself."""
    monkeypatch.setattr(stamps, "__file__", str(tmp_path / "stamps.py"))
    (tmp_path / stamps.STAMP).write_text('{"sha256": "def"}')
    assert stamps.plugins() == "def"
