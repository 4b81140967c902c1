"""The command line: what is refused before anything is touched, and what a command answers."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from laptop import commands, record
from laptop.__main__ import main


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    """The command line takes over the process's signals; afterwards they are pytest's again."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "no/such/file.csv"], "DATA=no/such/file.csv: there is no such file"),
        (["--model", "chrun"], "MODEL=chrun"),
        (["--params", "{"], "PARAMS={: expected a JSON object"),
    ],
)
def test_what_cannot_be_meant_touches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """A bad DATA, MODEL or PARAMS ends with a message and exit code 1, and no state folder was made."""
    state = tmp_path / "state"
    assert main(["run", "--state", str(state), *arguments], {}) == 1
    assert message in capsys.readouterr().err
    assert not state.exists()


def test_a_second_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While one command is at work in a checkout, another one ends at once."""
    with record.exclusive(tmp_path / "lock", "run"):
        assert main(["run", "--state", str(tmp_path)], {}) == 1
    assert "another command is at work in this checkout: make run" in capsys.readouterr().err


def test_stopping_what_does_not_run_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`down` may be said twice."""
    assert main(["down", "--state", str(tmp_path)], {}) == 0
    assert "nothing was running" in capsys.readouterr().out


def test_the_code_version_is_the_commit(tmp_path: Path) -> None:
    """In a checkout it is the commit's full name, marked when files differ from it; elsewhere it is unknown."""
    assert commands.code_version(tmp_path) == "unknown"
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    file = tmp_path / "file"
    file.write_text("one")
    for arguments in (["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *arguments], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert commands.code_version(tmp_path) == head
    file.write_text("two")
    assert commands.code_version(tmp_path) == f"{head}-dirty"


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        httpx.ReadTimeout("slow"),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    ],
)
def test_what_nobody_foresaw_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A full disk, or a server that has gone, ends a command with what happened and where to look, in no traceback."""

    def down(_: object) -> None:
        raise error

    monkeypatch.setattr(commands, "down", down)
    assert main(["down", "--state", str(tmp_path)], {}) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {error!r}; see the logs in {tmp_path}/logs")
    assert "Traceback" not in told


def test_a_terminal_without_columns_has_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """COLUMNS=0 is no width to print in."""
    monkeypatch.setenv("COLUMNS", "0")
    assert main(["down", "--state", str(tmp_path)], {}) == 0
    assert "nothing was running" in capsys.readouterr().out
