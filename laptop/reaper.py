"""The reaper: ends a system whose owner is gone, however it went. `python -m laptop.reaper TOKEN DATABASE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from laptop import postgres, processes

KEEP = b"keep"  # what an owner says before it goes and wants the system to stay


def watch(token: str, database: Path, lifeline: IO[bytes]) -> None:
    """Wait until the lifeline closes, then end what is left of the system, unless its owner said otherwise."""
    if lifeline.read() == KEEP:
        return
    processes.kill_carrying(token)
    postgres.stop(database)


if __name__ == "__main__":
    watch(sys.argv[1], Path(sys.argv[2]), sys.stdin.buffer)
