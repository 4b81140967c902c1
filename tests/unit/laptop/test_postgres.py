"""PostgreSQL starts and stops with its state folder."""

from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from laptop import postgres


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose server is gone afterwards."""
    made = tmp_path / "postgres"
    yield made
    postgres.stop(made)


def test_data_outlives_a_stop(folder: Path) -> None:
    """What was committed is there after a stop and a start, and nothing runs in between."""
    _execute(postgres.start(folder), "create table kept as select 42 as answer")
    postgres.stop(folder)
    assert postgres.running(folder) is None
    assert _execute(postgres.start(folder), "select answer from kept") == [(42,)]


def test_there_is_no_port(folder: Path) -> None:
    """The server listens on a socket in its folder, not on the network."""
    postgres.start(folder)
    process = postgres.running(folder)
    assert process is not None
    assert [connection for connection in process.net_connections("inet") if connection.status == "LISTEN"] == []


@pytest.mark.parametrize("content", [None, "", "not a number", "1\n"])
def test_a_stale_pid_file_is_recognised(tmp_path: Path, content: str | None) -> None:
    """A pid file that is missing, damaged, or names a process that is no server of the folder means: not running."""
    if content is not None:
        (tmp_path / "postmaster.pid").write_text(content)
    assert postgres.running(tmp_path) is None
    postgres.stop(tmp_path)


def _execute(uri: str, statement: str) -> list[tuple[int, ...]]:
    connection = psycopg2.connect(uri.replace("postgresql+psycopg2", "postgresql"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
