"""Isolation: what can be tested without mounting anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localaws.jobs.isolation import IsolationError, SymlinkIsolation, probe


def test_the_link_is_there_while_the_job_runs(tmp_path: Path) -> None:
    """The slot points the link at the job's folder and takes it away."""
    link, folder = tmp_path / "ml", tmp_path / "job"
    folder.mkdir()
    isolation = SymlinkIsolation(link=link)
    with isolation.slot(folder):
        assert link.resolve() == folder
    assert not link.exists()


def test_what_is_no_link_is_left_alone(tmp_path: Path) -> None:
    """A real folder in the link's place is an error, and stays."""
    (tmp_path / "ml").mkdir()
    with pytest.raises(IsolationError, match="no symlink"), SymlinkIsolation(link=tmp_path / "ml").slot(tmp_path):
        pass
    assert (tmp_path / "ml").is_dir()


def test_a_mode_is_probed_where_the_jobs_will_be(tmp_path: Path) -> None:
    """What is tried is a job's folder beside the others, and nothing of it stays."""
    jobs_folder, tried = tmp_path / "deep" / "jobs", []

    class Noted(SymlinkIsolation):
        @contextmanager
        def slot(self, ml_folder: Path) -> Iterator[None]:
            tried.append(ml_folder)
            yield

    probe(Noted(), jobs_folder=jobs_folder)
    assert [folder.parent.parent for folder in tried] == [jobs_folder]
    assert list(jobs_folder.iterdir()) == []
