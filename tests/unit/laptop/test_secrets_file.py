"""Secrets are made once and are their owner's alone."""

import base64
import errno
import json
import stat
from pathlib import Path

import pytest

from laptop import secrets_file
from laptop.errors import LaptopError
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


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fernet_key": "f"}'])
def test_a_file_without_secrets_is_told_with_what_to_do(settings: Settings, text: str) -> None:
    """The message names the file and says what deleting it costs; it is left as it was."""
    settings.secrets.parent.mkdir()
    settings.secrets.write_text(text)
    with pytest.raises(LaptopError, match=r"secrets\.json was expected to hold .* or delete it"):
        secrets_file.ensure(settings)
    assert settings.secrets.read_text() == text


def test_secrets_are_written_as_a_whole_or_not_at_all(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full, or a kill, leaves the ones that were there, and none where there were none."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            secrets_file.ensure(settings)
    assert not settings.secrets.exists()
    made = secrets_file.ensure(settings)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        secrets_file.write_private(settings.secrets, "half")
    assert json.loads(settings.secrets.read_text())["fernet_key"] == made.fernet_key
