"""The command line behind `make run`, `make up` and `make down`."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from laptop import commands, record, signals
from laptop.commands import Session
from laptop.errors import Interrupted, LaptopError
from laptop.request import run_request
from laptop.settings import Settings

# What a full disk or a server that has gone raises wherever it is met.
UNFORESEEN = (OSError, httpx.HTTPError, BotoCoreError, ClientError)
NARROWEST = 20  # columns; some terminals say that they have none


def main(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
    """Do what the arguments say. Returns the exit code: 1 for what went wrong, 128 and the signal for a signal."""
    options = parser().parse_args(arguments)
    signals.raise_on_arrival()
    try:
        _dispatch(options, variables)
    except LaptopError as error:
        return _failed(f"{error}")
    except UNFORESEEN as error:
        logs = options.state / "logs"
        return _failed(
            f"{error!r}; see the logs in {logs}, and whether the disk is full; `make down` ends what is left"
        )
    except Interrupted as interrupted:
        return 128 + interrupted.signal_number
    return 0


def _failed(told: str) -> int:
    Console(stderr=True, highlight=False, markup=False).print(f"error: {told}", style="red", soft_wrap=True)
    return 1


def parser() -> argparse.ArgumentParser:
    """The options; make hands MODEL, DATA, PARAMS, FLOW and SCENARIO on as they were typed."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--state", type=Path, default=Path(".local"), help="folder of everything that is kept")
    common.add_argument("--port", type=int, help="Airflow's port; 0 is any free one (default: 8080)")
    made = argparse.ArgumentParser(prog="python -m laptop", description=__doc__)
    chosen = made.add_subparsers(dest="command", required=True)
    chosen.add_parser("up", parents=[common], help="start the system and leave it running")
    chosen.add_parser("down", parents=[common], help="stop it")
    run = chosen.add_parser("run", parents=[common], help="take a model from a file to the registry")
    run.add_argument("--model", default="churn", help="a model of the catalog")
    run.add_argument("--data", default="", help="a CSV or Parquet file; none: made-up rows")
    run.add_argument("--params", default="", help="params of the training, a JSON object")
    run.add_argument(
        "--flow", default="", help="training (default); drift or performance: then a week of traffic as well"
    )
    run.add_argument(
        "--scenario", default="", help="how that traffic changes (default: sudden; of performance: concept)"
    )
    return made


def _dispatch(options: argparse.Namespace, variables: Mapping[str, str]) -> None:
    repo = Path(__file__).resolve().parents[1]
    session = Session(
        settings=Settings(repo=repo, state=options.state.resolve(), python=Path(sys.executable)),
        console=_console(),
        variables=variables,
        port=options.port,
    )
    command = _command(options)
    with record.exclusive(session.settings.lock, options.command):
        command(session)


def _console() -> Console:
    made = Console(highlight=False, markup=False)
    made.width = max(made.width, NARROWEST)
    return made


def _command(options: argparse.Namespace) -> Callable[[Session], None]:
    """The command; a run that cannot be meant is refused here, before anything is touched."""
    if options.command == "run":
        names = ("model", "data", "params", "flow", "scenario")
        request = run_request(**{name: getattr(options, name) for name in names})
        return functools.partial(commands.run, request=request)
    return {"up": commands.up, "down": commands.down}[options.command]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
