"""A real localaws process for the session, met over HTTP as any client meets it."""

from collections.abc import Iterator

import pytest

from tests.contracts.localaws.harness import Jobs, Server, start_server, unique

# Run by the SageMaker SDK's own interpreter, never imported here.
collect_ignore = ["sdk_client.py"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that need nothing special of it."""
    started = start_server(tmp_path_factory.mktemp("localaws"), "--stop-grace-seconds", "5")
    yield started
    assert started.end() == 0


@pytest.fixture
def jobs(server: Server) -> Jobs:
    """Jobs with a bucket of their own."""
    return Jobs(server=server, bucket=unique("lake"))
