"""A job's folder: what maps into it, and that nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from localaws.jobs import folder
from localaws.jobs.folder import JobFolder, PathError


@pytest.mark.parametrize("path", ["/etc/passwd", "/opt/mlx", "relative", "/opt/ml/../../etc"])
def test_paths_outside_are_refused(path: str) -> None:
    """A path that is not below /opt/ml is an error."""
    with pytest.raises(PathError, match="must be a path under /opt/ml"):
        JobFolder(root=Path("/jobs/1")).on_host(path)


def test_a_file_the_job_did_not_write_is_empty(tmp_path: Path) -> None:
    """A missing failure file says nothing; a long one is cut."""
    place = folder.create(tmp_path, "job")
    assert place.read_text("/opt/ml/output/failure", max_chars=10) == ""
    place.make("/opt/ml/output")
    place.on_host("/opt/ml/output/failure").write_text("x" * 100)
    assert place.read_text("/opt/ml/output/failure", max_chars=10) == "x" * 10


def test_a_folder_is_measured_and_removed(tmp_path: Path) -> None:
    """What the job wrote counts, and goes with the job."""
    place = folder.create(tmp_path, "job")
    (place.scratch / "big").write_bytes(b"x" * 100_000)
    assert place.used_bytes() >= 100_000
    place.remove()
    assert list(tmp_path.iterdir()) == []
