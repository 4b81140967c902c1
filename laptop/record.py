"""The record of a running system, and the lock that keeps two commands of one checkout apart."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from laptop.errors import LaptopError
from laptop.settings import Addresses


@dataclass(frozen=True, kw_only=True)
class Record:
    """A system that was started: its token, where it listens, and whether it outlives the command that started it.

    Args:
        process_ids: its servers by the names of their logs; none while it is being started.
    """

    token: str
    kept: bool
    addresses: Addresses
    process_ids: Mapping[str, int] = field(default_factory=dict)


def write(path: Path, record: Record) -> None:
    """Put `record` in place in one piece."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(record)))
    fresh.replace(path)


def read(path: Path) -> Record | None:
    """The record; None when there is none, or it cannot be read."""
    try:
        fields = json.loads(path.read_text())
        addresses, servers = Addresses(**fields["addresses"]), dict(fields.get("process_ids", {}))
        return Record(token=fields["token"], kept=fields["kept"], addresses=addresses, process_ids=servers)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def exclusive(path: Path, command: Literal["run", "up", "down"]) -> Iterator[None]:
    """Hold the lock of the state folder. The kernel gives it back with the process, so it is never stale.

    Raises:
        LaptopError: another command holds it; the message names that command and its process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise LaptopError(
                f"another command is at work in this checkout: {file.read()}; wait for it, or end it with Ctrl-C"
            ) from error
        file.truncate(0)
        file.write(f"make {command} (process {os.getpid()})")
        file.flush()
        yield
