"""Zip files that say nothing of when, where and by whom they were made."""

from __future__ import annotations

import io
import zipfile

from mwaa.archive import tree_sha256, zipped

FILES = {"perennial/__init__.py": b"", "constraints.txt": b"boto3==1\n"}


def test_order_and_clock_play_no_part() -> None:
    """The same files give the same bytes, whichever came first; every entry has the same time and mode."""
    archive = zipped(FILES)
    assert archive == zipped(dict(reversed(FILES.items())))
    entries = zipfile.ZipFile(io.BytesIO(archive)).infolist()
    assert [entry.filename for entry in entries] == sorted(FILES)
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {((1980, 1, 1, 0, 0, 0), 0o100644)}


def test_contents_come_out_as_they_went_in() -> None:
    """The archive is sound, and holds the files."""
    archive = zipfile.ZipFile(io.BytesIO(zipped(FILES)))
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_bytes_are_pinned() -> None:
    """The digest of a known archive: a change of its form is a change of every plugins.zip, and is made knowingly."""
    assert tree_sha256({"plugins.zip": zipped(FILES)})[:12] == "88859b86ce08"


def test_tree_digest_knows_names_and_contents() -> None:
    """A renamed file, and a changed one, are another tree."""
    digest = tree_sha256(FILES)
    assert digest != tree_sha256({**FILES, "constraints.txt": b"boto3==2\n"})
    assert digest != tree_sha256({"perennial/__init__.py": b"", "constraints-3.txt": b"boto3==1\n"})
