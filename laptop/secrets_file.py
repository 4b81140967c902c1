"""Keys and passwords: generated once for a state folder, readable by its owner alone."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path

from laptop.errors import LaptopError
from laptop.settings import Secrets, Settings


def ensure(settings: Settings) -> Secrets:
    """The secrets of this state folder; made when there are none.

    Raises:
        LaptopError: what the file holds are no secrets.
    """
    if not settings.secrets.exists():
        write_private(settings.secrets, json.dumps(asdict(generate())))
    found = _read(settings.secrets)
    # Airflow opens the file for writing; what it finds there it keeps.
    write_private(settings.passwords, json.dumps({"admin": found.admin_password}))
    return found


def _read(path: Path) -> Secrets:
    try:
        return Secrets(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise LaptopError(
            f"{path} was expected to hold the keys of this system: {error}; put a copy back, or delete it to have new "
            "ones made, which cannot read what Airflow has encrypted with the old ones (connections, variables)"
        ) from error


def generate() -> Secrets:
    """Fresh secrets."""
    return Secrets(
        fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        jwt_secret=secrets.token_urlsafe(48),
        api_secret_key=secrets.token_urlsafe(32),
        admin_password=secrets.token_urlsafe(12),
    )


def write_private(path: Path, text: str) -> None:
    """Write `text` as a whole or not at all, and so that at no moment anyone but the owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
