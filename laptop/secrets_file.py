"""Keys and passwords: generated once for a state folder, readable by its owner alone."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path

from laptop.settings import Secrets, Settings


def ensure(settings: Settings) -> Secrets:
    """The secrets of this state folder; made when there are none."""
    if not settings.secrets.exists():
        write_private(settings.secrets, json.dumps(asdict(generate())))
    found = Secrets(**json.loads(settings.secrets.read_text()))
    # Airflow opens the file for writing; what it finds there it keeps.
    write_private(settings.passwords, json.dumps({"admin": found.admin_password}))
    return found


def generate() -> Secrets:
    """Fresh secrets."""
    return Secrets(
        fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        jwt_secret=secrets.token_urlsafe(48),
        api_secret_key=secrets.token_urlsafe(32),
        admin_password=secrets.token_urlsafe(12),
    )


def write_private(path: Path, text: str) -> None:
    """Write `text` so that at no moment anyone but the owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
