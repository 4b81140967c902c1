"""The capture folder of an endpoint."""

from pathlib import Path

import pytest

from tests.shared.captured import Bucket


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    """An empty one."""
    return Bucket(root=tmp_path)
