"""Ports on this machine."""

import socket
from collections.abc import Iterator

import pytest

from laptop import ports
from laptop.errors import LaptopError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_free_port_is_preferred() -> None:
    """The port that people expect is used when nothing else does."""
    expected = ports.free()
    assert ports.free(expected) == expected


def test_another_port_is_found_for_a_taken_one(taken: int) -> None:
    """A run does not fail for a port."""
    assert ports.free(taken) != taken


def test_a_required_port_that_is_taken_is_an_error(taken: int) -> None:
    """The message names the port and the way out."""
    with pytest.raises(LaptopError, match=rf"port {taken} on 127.0.0.1 is taken.*--port"):
        ports.required(taken)


def test_zero_is_any_port() -> None:
    """Who requires port 0 gets a real one."""
    assert ports.required(0) > 0
