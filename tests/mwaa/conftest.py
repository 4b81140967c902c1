"""A localaws for the session, and which images of MWAA are tried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mwaa.place import images_file
from tests.shared.localaws_process import Server, start_server


def pytest_addoption(parser: pytest.Parser) -> None:
    """The image whose packages the bundle is tried on."""
    parser.addoption("--mwaa", default="3.3", choices=("3.3", "3.2", "3.0"), help="the Airflow of MWAA's image")


@pytest.fixture(scope="session")
def version(request: pytest.FixtureRequest) -> str:
    """The Airflow of the image that is tried; where no one has said which, the one that is deployed."""
    return str(request.config.getoption("mwaa", "3.3"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One localaws for all tests of this folder."""
    folder = tmp_path_factory.mktemp("localaws")
    started = start_server(folder, "--images", str(images_file(folder)))
    yield started
    assert started.end() == 0
