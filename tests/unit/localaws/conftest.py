"""moto's services, which are this process's own and one for all: empty before a test, and after it."""

from collections.abc import Iterator

import pytest
from moto.core.base_backend import BackendDict
from moto.s3.models import S3Backend, s3_backends

ACCOUNT = "123456789012"


@pytest.fixture
def no_state() -> Iterator[None]:
    """No service knows anything."""
    BackendDict.reset()
    yield
    BackendDict.reset()


@pytest.fixture
def s3(no_state: None) -> S3Backend:  # noqa: ARG001  # a fixture is used by being asked for
    """S3 with one bucket, `lake`."""
    backend = s3_backends[ACCOUNT]["aws"]
    backend.create_bucket("lake", "eu-west-1")
    return backend
