"""The package as a whole: every module has its tests, and every example in it is true."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import perennial
import pytest

HERE = Path(__file__).parent
MODULES = sorted(module.name for module in pkgutil.walk_packages(perennial.__path__, "perennial.") if not module.ispkg)
# Tested where the DAGs are that they build.
ELSEWHERE = {"perennial.flows.ingestion": "integrity", "perennial.flows.training": "integrity"}


@pytest.mark.parametrize("name", MODULES)
def test_module_has_its_tests(name: str) -> None:
    """A test file lies where the module lies, under its name."""
    *rooms, module = name.split(".")[1:]
    mirrored = HERE.joinpath(*rooms, f"test_{module}.py")
    elsewhere = HERE.parents[1] / "dags" / f"test_{ELSEWHERE.get(name)}.py"
    assert mirrored.exists() or elsewhere.exists()


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    """Every example in a docstring gives what it says it gives."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_modules_and_examples() -> None:
    """The two tests above have something to look at."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(MODULES) >= 15
    assert len(examples) >= 5
