"""The edits that the containers' Airflow is to show can be made; that they show needs an engine (`test_compose`)."""

import pytest

from tests.compose.compose_file import REPO
from tests.compose.edits import EDITS


@pytest.mark.parametrize("name", EDITS)
def test_what_an_edit_replaces_is_there_once(name: str) -> None:
    """A file that has changed is noticed on a machine without Docker, too."""
    assert (REPO / name).read_text().count(EDITS[name][0]) == 1
