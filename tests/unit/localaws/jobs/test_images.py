"""Images: names, patterns, and the file that lists them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localaws.jobs.images import Image, ImageCatalog, ImageFileError, read_images


def test_the_first_match_wins() -> None:
    """Patterns are tried in order."""
    first, second = Image(match="*/ml:*"), Image(match="*")
    catalog = ImageCatalog(images=(first, second), default=Image(match="default"))
    assert catalog.resolve("registry/ml:v1") is first
    assert catalog.resolve("registry/other:v1") is second


def test_the_images_own_folders_come_first() -> None:
    """PATH begins with what the image names."""
    assert Image(match="*", path=("/venv/bin",)).search_path().startswith("/venv/bin:")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({}, "expected a JSON list"),
        ([[]], "entry 0: expected an object"),
        ([{"path": []}], "'match'"),
        ([{"match": "*", "path": "/bin"}], "'path' must be a list"),
        ([{"match": "*"}, {"match": "*", "environment": {"A": 1}}], "entry 1: 'environment'"),
        ([{"match": "*", "workdir": 1}], "'workdir'"),
        ([{"match": "*", "image": "x"}], "unknown field 'image'"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, entries: Any, words: str) -> None:
    """The error names the file, the entry and the field."""
    path = tmp_path / "images.json"
    path.write_text(json.dumps(entries))
    with pytest.raises(ImageFileError, match=words) as caught:
        read_images(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is an error that names it."""
    with pytest.raises(ImageFileError, match="nowhere"):
        read_images(tmp_path / "nowhere.json")
