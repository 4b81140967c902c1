"""Secrets of a compose project: made once, each in a file that only those who need it can read."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compose.compose_file import REPO


class Volumes:
    """The three folders, as new volumes are."""

    def __init__(self, root: Path) -> None:
        self.keys, self.login, self.database = root / "keys", root / "login", root / "database"
        for folder in (self.keys, self.login, self.database):
            folder.mkdir(mode=0o700)

    def start(self) -> None:
        """What the service `secrets` does at each start."""
        command = [sys.executable, "docker/first_start.py", self.keys, self.login, self.database, str(os.getgid())]
        subprocess.run(command, cwd=REPO, env={"PYTHONPATH": str(REPO)}, check=True)

    def contents(self) -> dict[str, str]:
        """Every file and what is in it."""
        folders = (self.keys, self.login, self.database)
        return {file.name: file.read_text() for folder in folders for file in folder.iterdir()}


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    """New volumes."""
    return Volumes(tmp_path)


def test_a_first_start_makes_all_of_them(volumes: Volumes) -> None:
    """Every file that the compose file names is there, no two secrets are alike, and the database's fit together."""
    volumes.start()
    made = volumes.contents()
    assert made.keys() == {
        "fernet_key",
        "jwt_secret",
        "api_secret_key",
        "database_uri",
        "passwords.json",
        "password",
    }
    assert len(set(made.values())) == len(made)
    assert made["database_uri"] == f"postgresql+psycopg2://airflow:{made['password']}@postgres/airflow"
    assert len(json.loads(made["passwords.json"])["admin"]) >= 12


def test_a_later_start_leaves_them_alone(volumes: Volumes) -> None:
    """What was made stays: sessions, encrypted connections and the database outlive a restart."""
    volumes.start()
    made = volumes.contents()
    volumes.start()
    assert volumes.contents() == made


def test_a_first_start_that_was_cut_short_is_done_again(volumes: Volumes) -> None:
    """Files without the last one are no secrets yet: all are made anew, and fit together."""
    volumes.start()
    (volumes.keys / "fernet_key").unlink()
    before = volumes.contents()
    volumes.start()
    after = volumes.contents()
    assert after["password"] != before["password"]
    assert after["password"] in after["database_uri"]


def test_nobody_else_can_read_them(volumes: Volumes) -> None:
    """Airflow's are its owner's alone, PostgreSQL's its group's too; others have no way in."""
    volumes.start()
    modes = {
        file.relative_to(volumes.keys.parent).as_posix(): stat.S_IMODE(file.stat().st_mode)
        for file in volumes.keys.parent.rglob("*")
    }
    assert modes == {
        "keys": 0o700,
        "keys/fernet_key": 0o400,
        "keys/jwt_secret": 0o400,
        "keys/api_secret_key": 0o400,
        "keys/database_uri": 0o400,
        "login": 0o700,
        "login/passwords.json": 0o600,
        "database": 0o750,
        "database/password": 0o440,
    }
