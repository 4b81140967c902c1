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


def test_code_version_is_what_the_bundle_says(tmp_path: Path) -> None:
    """Not what else lies there."""
    (tmp_path / stamps.CODE_VERSION).write_text("0123abc\n")
    (tmp_path / "a.py").write_text("a = 1\n")
    assert stamps.code_version(tmp_path) == "0123abc"


def test_code_that_came_in_no_bundle_is_named_by_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where folders are mounted: any edit of specs, jobs or plugins is another version; caches are not."""
    include, plugins = tmp_path / "include", tmp_path / "plugins"
    files = [include / "specs/a.py", include / "ml/b.py", plugins / "perennial/stamps.py"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    monkeypatch.setattr(stamps, "__file__", str(files[-1]))
    found = [stamps.code_version(include)]
    assert found[0].startswith("sha256:")
    (include / "specs/__pycache__").mkdir()
    (include / "specs/__pycache__/a.cpython-312.pyc").write_bytes(b"x")
    assert stamps.code_version(include) == found[0]
    for file in files:
        file.write_text("a = 1\n")
        found.append(stamps.code_version(include))
    files[0].rename(files[0].with_name("c.py"))
    found.append(stamps.code_version(include))
    assert len(set(found)) == 5


def test_plugins_are_those_of_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamp that lies beside the module itself."""
    monkeypatch.setattr(stamps, "__file__", str(tmp_path / "stamps.py"))
    (tmp_path / stamps.STAMP).write_text('{"sha256": "def"}')
    assert stamps.plugins() == "def"
