"""Ports on this machine."""

from __future__ import annotations

import socket

from laptop.errors import LaptopError
from laptop.settings import HOST


def free(preferred: int = 0) -> int:
    """`preferred` if nothing listens there, else any free port."""
    return preferred if preferred and _is_free(preferred) else _any()


def required(port: int) -> int:
    """`port`; any free one for 0.

    Raises:
        LaptopError: something listens there.
    """
    if port == 0:
        return free()
    if not _is_free(port):
        raise LaptopError(f"port {port} on {HOST} is taken by another program; end it, or choose one with --port")
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection that has just been closed is no reason to refuse a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _any() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
