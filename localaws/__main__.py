"""``python -m localaws``: the command line; starts the server and ends all it started."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from localaws.jobs.images import ImageFileError
from localaws.jobs.isolation import IsolationError, modes
from localaws.local_aws import LocalAws, Settings


def parser() -> argparse.ArgumentParser:
    """The command line's options."""
    found = argparse.ArgumentParser(prog="localaws", description="AWS for one machine; SageMaker jobs truly run.")
    found.add_argument("--host", default="127.0.0.1", help="address to bind (default: %(default)s)")
    found.add_argument("--port", type=int, default=4566, help="port to bind, 0 for a free one (default: %(default)s)")
    found.add_argument("--data-dir", type=Path, help="keep state here; without it, state ends with the process")
    found.add_argument("--images", type=Path, help="JSON file that maps image names to interpreters")
    found.add_argument("--ready-file", type=Path, help="write endpoint, pid and isolation here as JSON when ready")
    found.add_argument("--isolation", choices=list(modes()), help="how jobs get their own /opt/ml (default: best)")
    found.add_argument(
        "--stop-grace-seconds",
        type=float,
        default=120.0,
        help="between SIGTERM and SIGKILL (default: %(default)s, AWS's)",
    )
    found.add_argument(
        "--lenient",
        action="store_true",
        help="accept values that break SageMaker's patterns, enumerations and maxima (fields and types are checked)",
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="localaws: %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    settings = Settings(
        host=options.host,
        port=options.port,
        data_dir=options.data_dir,
        images_file=options.images,
        isolation=options.isolation,
        grace_s=options.stop_grace_seconds,
        constraints=not options.lenient,
    )
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        with LocalAws(settings) as running:
            _tell(running, options.ready_file)
            ended.wait()
    except (ImageFileError, IsolationError, OSError) as error:
        print(f"localaws: {error}", file=sys.stderr)
        return 1
    return 0


def _tell(running: LocalAws, ready_file: Path | None) -> None:
    isolation = running.machine.isolation.name
    print(f"localaws ready at {running.machine.endpoint} (isolation: {isolation})", flush=True)
    if ready_file is not None:
        told = {"endpoint": running.machine.endpoint, "pid": os.getpid(), "isolation": isolation}
        partial = ready_file.with_name(f"{ready_file.name}.partial")
        partial.write_text(json.dumps(told))
        partial.replace(ready_file)


if __name__ == "__main__":
    sys.exit(main())
