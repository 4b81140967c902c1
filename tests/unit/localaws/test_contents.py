"""Contents on disk: written as a whole or not at all."""

from pathlib import Path

import pytest

from localaws import contents


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path) -> None:
    """A file is replaced as a whole or not at all, and a half-written one of before is no hindrance."""
    path = tmp_path / "state"
    contents.write_durably(path, b"old")
    with pytest.raises(TypeError):
        contents.write_durably(path, "no bytes")  # type: ignore[arg-type]  # on purpose
    assert path.read_bytes() == b"old"
    contents.write_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
