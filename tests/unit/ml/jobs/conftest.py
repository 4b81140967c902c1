"""What several files of tests of one job share."""

from pathlib import Path

import pytest

from tests.unit.ml.jobs.watched_day import Day


@pytest.fixture
def day(tmp_path: Path) -> Day:
    """A day of a served model, before anything was captured."""
    return Day(tmp_path / "ml")
