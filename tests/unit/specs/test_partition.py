"""A partition knows whether any of its rows were made up: nobody has to remember to say so."""

import datetime as dt

import pytest

from include.specs.partition import PartitionManifest, SourceObject

KEY = "landing/toy/year=2026/month=03/day=01/a.csv"


def source(origin: str | None) -> SourceObject:
    return SourceObject(key=KEY, bytes=1, etag="e", origin=origin)


@pytest.mark.parametrize(
    ("origin", "made_up"),
    [(None, False), ("", False), ("till", False), ("not synthetic", False), ("synthetic", True), ("synthetic:7", True)],
)
def test_an_object_says_itself_where_its_rows_came_from(origin: str | None, made_up: bool) -> None:
    """Where it says nothing, somebody has delivered it."""
    assert source(origin).synthetic is made_up


@pytest.mark.parametrize(
    ("origins", "made_up"),
    [((), False), ((None, "till"), False), ((None, "synthetic"), True), (("synthetic", "synthetic"), True)],
)
def test_one_file_of_made_up_rows_is_enough(origins: tuple[str | None, ...], made_up: bool) -> None:
    """A partition that is partly real is not real."""
    manifest = PartitionManifest(
        model="toy", date=dt.date(2026, 3, 1), files=(), rows=0, columns={}, sources=tuple(map(source, origins))
    )
    assert manifest.synthetic is made_up
