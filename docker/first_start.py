"""Keys and passwords of one compose project: made when its volumes are new, left alone ever after.

Three folders, so that each container sees what it needs: `keys` for Airflow's processes, `login` for the API server,
`database` for PostgreSQL.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from laptop import secrets_file


def main(arguments: Sequence[str]) -> None:
    """Make what is missing in the folders `keys`, `login` and `database`; the last argument is PostgreSQL's group."""
    keys, login, database = map(Path, arguments[:3])
    # Written last: what a first start that was cut short has left is made again.
    if not (keys / "fernet_key").exists():
        _make(keys, login, database, int(arguments[3]))


def _make(keys: Path, login: Path, database: Path, postgres_group: int) -> None:
    made = secrets_file.generate()
    password = secrets.token_urlsafe(24)
    _hand_over(database, password, postgres_group)
    _write(login / "passwords.json", json.dumps({"admin": made.admin_password}), 0o600)
    _write(keys / "database_uri", f"postgresql+psycopg2://airflow:{password}@postgres/airflow", 0o400)
    _write(keys / "jwt_secret", made.jwt_secret, 0o400)
    _write(keys / "api_secret_key", made.api_secret_key, 0o400)
    _write(keys / "fernet_key", made.fernet_key, 0o400)


def _hand_over(folder: Path, password: str, group: int) -> None:
    file = folder / "password"
    _write(file, password, 0o400)
    for path, mode in ((file, 0o440), (folder, 0o750)):
        os.chown(path, -1, group)  # we are a member of it, which is all that this takes
        path.chmod(mode)


def _write(file: Path, text: str, mode: int) -> None:
    file.unlink(missing_ok=True)
    secrets_file.write_private(file, text)
    file.chmod(mode)


if __name__ == "__main__":
    main(sys.argv[1:])
