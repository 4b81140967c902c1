"""The record of a running system and the lock of its state folder."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from laptop import record
from laptop.errors import LaptopError
from laptop.record import Record
from laptop.settings import Addresses

RECORD = Record(token="t", kept=True, addresses=Addresses(airflow_port=1, aws_port=2, database_uri="x"))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Writing and reading are inverse."""
    record.write(tmp_path / "system.json", RECORD)
    assert record.read(tmp_path / "system.json") == RECORD


@pytest.mark.parametrize("text", [None, "", "[]", '{"token": "t"}', '{"token": "t", "kept": true, "addresses": {}}'])
def test_an_unreadable_record_is_no_record(tmp_path: Path, text: str | None) -> None:
    """A file that is missing, empty or of another version never stops anyone."""
    if text is not None:
        (tmp_path / "system.json").write_text(text)
    assert record.read(tmp_path / "system.json") is None


def test_the_second_command_is_told_of_the_first(tmp_path: Path) -> None:
    """Two commands at once in one checkout: the second names the first."""
    with (
        record.exclusive(tmp_path / "lock", "run"),
        pytest.raises(LaptopError, match=r"make run \(process \d+\)"),
        record.exclusive(tmp_path / "lock", "up"),
    ):
        pass


def test_a_lock_is_free_again_when_its_command_is_through(tmp_path: Path) -> None:
    """The lock is given back."""
    for command in ("run", "down"):
        with record.exclusive(tmp_path / "lock", command):
            assert command in (tmp_path / "lock").read_text()


def _hold_and_die(path: Path) -> None:
    with record.exclusive(path, "run"):
        os.kill(os.getpid(), signal.SIGKILL)


def test_the_lock_of_a_killed_command_is_free(tmp_path: Path) -> None:
    """The file that a killed process leaves locks nobody out."""
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(tmp_path / "lock",))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / "lock").exists()
    with record.exclusive(tmp_path / "lock", "up"):
        pass
