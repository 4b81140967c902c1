"""The health check of Airflow's processes, on a real PostgreSQL."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from laptop import postgres
from tests.compose.compose_file import REPO

Told = Callable[[str, str, str, int], int]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with what the check reads of Airflow's table."""
    folder = tmp_path_factory.mktemp("pg") / "data"
    uri = postgres.start(folder)
    _execute(uri, "CREATE TABLE job (job_type text, hostname text, state text, latest_heartbeat timestamptz)")
    yield uri
    postgres.stop(folder)


def _execute(uri: str, statement: str, *values: object) -> None:
    with psycopg2.connect(uri.replace("+psycopg2", "", 1)) as connection:
        connection.cursor().execute(statement, values)


@pytest.fixture
def told(database: str, tmp_path: Path) -> Told:
    """The check's exit code, after a job has told the database of itself."""
    file = tmp_path / "database_uri"
    file.write_text(database)

    def tell(job_type: str, hostname: str, state: str, age_s: int) -> int:
        _execute(database, "DELETE FROM job")
        values = (job_type, hostname, state, age_s)
        _execute(database, "INSERT INTO job VALUES (%s, %s, %s, now() - make_interval(secs => %s))", *values)
        command = [sys.executable, "docker/heartbeat.py", "SchedulerJob"]
        return subprocess.run(command, cwd=REPO, env={"DATABASE_URI_FILE": str(file)}, check=False).returncode

    return tell


def test_a_process_that_tells_of_itself_is_healthy(told: Told) -> None:
    """It told a moment ago, from here, that it runs."""
    assert told("SchedulerJob", socket.gethostname(), "running", 1) == 0


@pytest.mark.parametrize(
    ("job_type", "hostname", "state", "age_s"),
    [
        ("TriggererJob", "here", "running", 1),
        ("SchedulerJob", "elsewhere", "running", 1),
        ("SchedulerJob", "here", "success", 1),
        ("SchedulerJob", "here", "running", 60),
    ],
    ids=["another process", "another container", "it has ended", "a minute ago"],
)
def test_what_others_told_proves_nothing(told: Told, job_type: str, hostname: str, state: str, age_s: int) -> None:
    """Another process, another container, one that has ended, or one that was last heard of a minute ago."""
    where = socket.gethostname() if hostname == "here" else hostname
    assert told(job_type, where, state, age_s) == 1


def test_a_database_that_is_away_is_no_heartbeat(tmp_path: Path) -> None:
    """Where nothing can be asked, nothing is healthy."""
    file = tmp_path / "database_uri"
    file.write_text("postgresql+psycopg2://airflow:p@127.0.0.1:1/airflow")
    command = [sys.executable, "docker/heartbeat.py", "SchedulerJob"]
    asked = subprocess.run(
        command, cwd=REPO, env={"DATABASE_URI_FILE": str(file)}, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 1
    assert "Connection refused" in asked.stderr
