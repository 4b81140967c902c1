"""Isolation: what can be tested without mounting anything."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localaws.jobs import folder
from localaws.jobs.isolation import IsolationError, SymlinkIsolation, modes, probe


def test_the_link_is_there_while_the_job_runs(tmp_path: Path) -> None:
    """The slot points the link at the job's folder and takes it away."""
    link, target = tmp_path / "ml", tmp_path / "job"
    target.mkdir()
    isolation = SymlinkIsolation(link=link)
    with isolation.slot(target):
        assert link.resolve() == target
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
    assert [ml_folder.parent.parent for ml_folder in tried] == [jobs_folder]
    assert list(jobs_folder.iterdir()) == []


# Prints whether it reaches our port, and a port of its own.
CONNECT = """
import socket, sys
def reaches(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
own = socket.create_server(("127.0.0.1", 0))
print(reaches(int(sys.argv[1])), reaches(own.getsockname()[1]))
"""


@pytest.mark.parametrize("name", ["mount-namespace", "user-namespace"])
@pytest.mark.parametrize("offline", [False, True])
def test_an_offline_job_reaches_itself_alone(tmp_path: Path, name: str, offline: bool) -> None:
    """A job with network isolation cannot connect to this machine, and its own loopback works; another one can."""
    mode = modes()[name]
    if problem := probe(mode):
        pytest.skip(problem)
    place = folder.create(tmp_path, "job")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connect = (sys.executable, "-c", CONNECT, str(listening.getsockname()[1]))
        command = mode.wrap(connect, ml_folder=place.ml, opt_folder=place.opt, workdir="/", offline=offline)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(not offline), "True"]
