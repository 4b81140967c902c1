"""A localaws for the session, and which images of MWAA are tried."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared.localaws_process import Server, start_server

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One localaws for all tests of this folder."""
    started = start_server(tmp_path_factory.mktemp("localaws"))
    yield started
    assert started.end() == 0
