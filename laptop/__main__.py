"""The commands behind `make run`, `make up` and `make down`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console

from laptop import ports, processes, record, secrets_file, system
from laptop.errors import Interrupted, LaptopError
from laptop.progress import Steps
from laptop.settings import Settings

UI_PORT = 8080
AWS_PORT = 4566


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit code is its answer."""
    options = parse(arguments)
    console = Console(highlight=False, soft_wrap=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    repo = Path(__file__).resolve().parents[1]
    settings = Settings(repo=repo, state=options.state.resolve(), python=Path(sys.executable))
    try:
        with record.exclusive(settings.lock, options.command):
            return {"up": up, "down": down, "run": run}[options.command](settings, console, options)
    except LaptopError as error:
        Console(stderr=True, highlight=False).print(f"error: {error}", markup=False)
        return 1
    except Interrupted as interrupted:
        return 128 + interrupted.signal_number


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="laptop", description=__doc__)
    parser.add_argument("command", choices=("run", "up", "down"))
    parser.add_argument("--state", type=Path, default=Path(".local"))
    parser.add_argument("--port", type=int, default=None)
    return parser.parse_args(arguments)


def up(settings: Settings, console: Console, options: argparse.Namespace) -> int:
    found = system.find(settings)
    if found is None:
        system.stop(settings)
        token = uuid.uuid4().hex
        starter = system.Starter(settings, token=token, outer=os.environ, code_version=code_version(settings.repo))
        try:
            found = starter.start(Steps(console), airflow_port=ports.required(options.port or UI_PORT), aws_port=ports.free(AWS_PORT), kept=True)
        except BaseException:
            system.stop(settings)
            raise
    console.print(f"Airflow  {found.addresses.airflow}  user admin, password {secrets_file.ensure(settings).admin_password}")
    console.print(f"AWS      {found.addresses.aws}")
    return 0


def down(settings: Settings, console: Console, options: argparse.Namespace) -> int:
    with Steps(console).step("stopped"):
        system.stop(settings)
    return 0


def run(settings: Settings, console: Console, options: argparse.Namespace) -> int:
    return 0


def code_version(repo: Path) -> str:
    asked = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"], cwd=repo, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
