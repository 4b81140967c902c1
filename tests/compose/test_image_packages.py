"""Each image holds the packages that the code which runs in it imports."""

from __future__ import annotations

import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from mwaa.imports import imports
from tests.compose.compose_file import REPO

PIN = re.compile(r"^([\w.-]+)==", re.MULTILINE)
OWN = {"include", "laptop", "localaws", "perennial"}
HOLDS = {"localaws": ["localaws"], "ml": ["include"], "airflow": ["dags", "plugins", "include/specs"]}


def pinned(image: str) -> set[str]:
    """The distributions of an image, as they are named in its lock."""
    return {name.lower() for name in PIN.findall((REPO / f"docker/{image}.lock").read_text())}


def imported(folder: Path) -> set[str]:
    """The packages that the files below a folder import when they are loaded, but ours and Python's."""
    found = {each.module.partition(".")[0] for file in folder.rglob("*.py") for each in imports(file.read_text())}
    return found - OWN - sys.stdlib_module_names


@pytest.mark.parametrize("image", HOLDS)
def test_an_image_holds_what_its_code_imports(image: str) -> None:
    """A package that only a developer's environment has would be missed when the container starts."""
    distributions = packages_distributions()
    held = pinned(image)
    for package in sorted(set().union(*(imported(REPO / folder) for folder in HOLDS[image]))):
        names = {name.lower() for name in distributions[package]}
        assert names & held, f"{package} ({', '.join(sorted(names))}) is in no line of docker/{image}.lock"
