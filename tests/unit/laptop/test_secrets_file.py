"""Secrets are made once and are their owner's alone."""

import base64
import json
import stat
from pathlib import Path

import pytest

from laptop import secrets_file
from laptop.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A state folder that does not exist yet."""
    return Settings(repo=tmp_path, state=tmp_path / "state", python=Path("python"))


def test_secrets_are_made_once(settings: Settings) -> None:
    """The second start has the secrets of the first: what was encrypted stays readable."""
    assert secrets_file.ensure(settings) == secrets_file.ensure(settings)


def test_two_systems_share_nothing() -> None:
    """No secret is ever made twice."""
    first, second = secrets_file.generate(), secrets_file.generate()
    assert all(getattr(first, name) != getattr(second, name) for name in vars(first))


def test_only_the_owner_can_read_them(settings: Settings) -> None:
    """Both files have mode 600."""
    secrets_file.ensure(settings)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (settings.secrets, settings.passwords)}
    assert modes == {0o600}


def test_airflow_is_given_the_password_of_admin(settings: Settings) -> None:
    """The auth manager's file holds the password that is printed."""
    made = secrets_file.ensure(settings)
    assert json.loads(settings.passwords.read_text()) == {"admin": made.admin_password}


def test_the_fernet_key_is_one() -> None:
    """A Fernet key is 32 bytes in URL-safe base 64."""
    assert len(base64.urlsafe_b64decode(secrets_file.generate().fernet_key)) == 32
