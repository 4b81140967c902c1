"""The startup script in the shell that MWAA sources it in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mwaa import startup
from mwaa.imports import Import

# What MWAA's image has as `execute-user-startup-script`; only the file of variables lies elsewhere.
MWAA = """
handle_exit() {
    jq -n env > "${HOME}/customer_env_vars.json"
    unalias exit
    exit
}
shopt -s expand_aliases
alias exit=handle_exit
source "${HOME}/startup/startup.sh"
handle_exit
"""
GOOD, BAD = Import(module="json", name="loads"), Import(module="no_such_package", name="thing")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A container's home: its shell, and an interpreter under the name that the script calls."""
    for folder in ("startup", "bin", "plugins"):
        (tmp_path / folder).mkdir()
    (tmp_path / "execute").write_text(MWAA)
    command(tmp_path, "jq", "echo {}")
    command(tmp_path, "python3", f'exec {sys.executable} "$@"')
    return tmp_path


def command(home: Path, name: str, line: str) -> None:
    """Have a command of that name there."""
    file = home / "bin" / name
    file.write_text(f"#!/bin/bash\n{line}\n")
    file.chmod(0o755)


@pytest.fixture
def run(home: Path) -> Run:
    """Runs the script for these imports as MWAA does."""

    def started(*needed: Import, **variables: str) -> subprocess.CompletedProcess[str]:
        (home / "startup/startup.sh").write_text(startup.script(needed))
        environment = {
            "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            **variables,
        }
        line = ["/bin/bash", str(home / "execute")]
        return subprocess.run(line, env=environment, cwd=home, capture_output=True, text=True, check=False)

    return started


def healthy(home: Path) -> bool:
    """Whether MWAA goes on with this container: it looks for this file, and for nothing else."""
    return (home / "customer_env_vars.json").exists()


def test_container_that_has_everything_starts(home: Path, run: Run) -> None:
    """The script lets MWAA's shell go on to its end."""
    done = run(GOOD)
    assert done.returncode == 0, done.stderr
    assert "1 imports looked at, 0 missing" in done.stdout
    assert healthy(home)


def test_missing_import_keeps_the_container_from_starting(home: Path, run: Run) -> None:
    """The log names the import and why, and MWAA's shell never comes to its end."""
    done = run(GOOD, BAD)
    assert "PERENNIAL STARTUP FAILED: imports are missing" in done.stderr
    assert "cannot import no_such_package.thing: ModuleNotFoundError" in done.stdout
    assert done.returncode == 1
    assert not healthy(home)


def test_missing_name_counts_as_missing(home: Path, run: Run) -> None:
    """A module that is there without the name is another version of it; a module below a package is no such case."""
    assert "cannot import json.no_such_name" in run(Import(module="json", name="no_such_name")).stdout
    assert not healthy(home)
    assert run(Import(module="json", name="decoder")).returncode == 0


def test_failed_installation_keeps_the_container_from_starting(home: Path, run: Run) -> None:
    """MWAA itself would log it and start Airflow."""
    command(home, "safe-pip-install", "echo no matching distribution >&2; exit 1")
    (home / "requirements.txt").write_text("some-package==1\n")
    done = run(GOOD, MWAA__CORE__REQUIREMENTS_PATH=str(home / "requirements.txt"))
    assert "PERENNIAL STARTUP FAILED: pip could not install" in done.stderr
    assert not healthy(home)


def test_nothing_to_install_asks_pip_for_nothing(home: Path, run: Run) -> None:
    """Comments and options name no package: no container then depends on an index that can be reached."""
    command(home, "safe-pip-install", "exit 1")
    file = Path(__file__).parents[3] / "requirements.txt"
    assert run(GOOD, MWAA__CORE__REQUIREMENTS_PATH=str(file)).returncode == 0
    assert healthy(home)


def test_plugins_are_looked_at_where_they_are(home: Path, run: Run) -> None:
    """Unpacked plugins whose triggers cannot be imported would leave every waiting task waiting."""
    (home / "plugins/perennial/triggers").mkdir(parents=True)
    (home / "plugins/perennial/triggers/jobs.py").write_text("import include.specs\n")
    assert "cannot import perennial.triggers.jobs: ModuleNotFoundError: No module named 'include'" in run(GOOD).stdout
    assert not healthy(home)
