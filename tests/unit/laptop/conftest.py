"""Lets tests of this folder import what they share, and gives them an AWS to talk to."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from laptop import aws

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The endpoint of an AWS of this module's own."""
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture
def endpoint(server: str) -> Iterator[str]:
    """An account that is ready for a first run, and empty again afterwards."""
    aws.bootstrap(server)
    yield server
    httpx.post(f"{server}/moto-api/reset", trust_env=False)
