"""A file in the catalog is a model; a mistake in it is an error that names the file."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from include.specs import catalog
from include.specs.errors import SpecError


def test_every_file_is_a_model_under_its_name() -> None:
    """None is forgotten, none is made up."""
    files = {path.stem for path in Path(catalog.__file__).parent.glob("[!_]*.py")}
    assert {name.replace("-", "_") for name in catalog.load()} == files
    assert len(files) >= 2


def test_every_model_is_judged_by_groups_too() -> None:
    """A model of ours shows how: it names the columns whose levels must not be left behind."""
    assert [name for name, model in catalog.load().items() if model.gate.slices is None] == []


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    """So that a typing error is seen at once."""
    known = re.escape(str(sorted(catalog.load())))
    with pytest.raises(SpecError, match=rf"model must be one of the catalog's {known}, got 'chrun'"):
        catalog.model("chrun")


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Adds a file called extra.py to the catalog's folder for the time of a test."""
    monkeypatch.setattr(catalog, "__path__", [*catalog.__path__, str(tmp_path)])
    # Setting what is not there makes monkeypatch take it out again.
    monkeypatch.setitem(sys.modules, "include.specs.catalog.extra", None)
    del sys.modules["include.specs.catalog.extra"]

    def write(source: str) -> None:
        (tmp_path / "extra.py").write_text(source)

    return write


WRONG = [
    ("", r"MODEL must be defined, got None; edit include/specs/catalog/extra\.py"),
    ("MODEL = 1", r"MODEL\.name must be 'extra'.*extra\.py"),
    (
        "from include.specs.catalog.churn import MODEL",
        r"MODEL\.name must be 'extra', as the file's name, got 'churn'",
    ),
    ("from include.specs.model import Split\nMODEL = Split(test=2)", r"split\.test must be within .*extra\.py"),
    (
        "from include.specs.model import Split\nMODEL = Split(tset=0.2)",
        r"MODEL must be made without an error, got TypeError\(.*tset.*extra\.py",
    ),
    ("MODEL = (", r"MODEL must be made without an error, got SyntaxError\(.*extra\.py"),
    ("import no_such_module", r"MODEL must be made without an error, got ModuleNotFoundError\(.*extra\.py"),
]


@pytest.mark.parametrize(("source", "message"), WRONG)
def test_a_file_that_is_no_model_is_refused_by_name(extra: Callable[[str], None], source: str, message: str) -> None:
    """The message says which file to edit."""
    extra(source)
    with pytest.raises(SpecError, match=message):
        catalog.load()
    with pytest.raises(SpecError, match=message):
        catalog.model("extra")


@pytest.mark.parametrize(("source", "message"), WRONG)
def test_a_file_that_is_no_model_harms_no_other(extra: Callable[[str], None], source: str, message: str) -> None:
    """Whatever is wrong with it, the others are as they were."""
    others = catalog.load()
    extra(source)
    assert catalog.sound() == others, message
    assert {name: catalog.model(name) for name in others} == others
