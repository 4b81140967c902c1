"""Parsing in a fresh process: what it may import, how MWAA sees the code, and what a bad spec looks like there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.specs.catalog import load

ROOT = Path(__file__).parents[2]
OF_MODELS = ["drift.py", "ingestion.py", "performance.py", "training.py"]
FILES = sorted([*OF_MODELS, "catalog.py", "smoke.py"])
DAGS = sorted(["perennial_smoke", *(f"{name}_{file.removesuffix('.py')}" for name in load() for file in OF_MODELS)])
NOT_ON_MWAA = ("matplotlib", "numpy", "pandas", "pyarrow", "sagemaker", "scipy", "sklearn", "skops", "localaws")


def _probe(dags: Path, plugins: Path, home: Path, *arguments: str, **variables: str) -> dict[str, Any]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        **variables,
    }
    command = [sys.executable, str(Path(__file__).with_name("parse_probe.py")), str(dags), *arguments]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The repository as it is, its root on the path."""
    return _probe(ROOT / "dags", ROOT / "plugins", tmp_path_factory.mktemp("home"), PYTHONPATH=str(ROOT))


@pytest.fixture(scope="module")
def mwaa(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The layout of MWAA: the vocabulary inside the DAG folder, no PYTHONPATH, nothing of the ML stack; and later a
    file in the catalog that cannot be meant, and another of which no DAG can be made."""
    place = tmp_path_factory.mktemp("mwaa")
    clean = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "dags", place / "dags", ignore=clean)
    shutil.copytree(ROOT / "include/specs", place / "dags/include/specs", ignore=clean)
    shutil.copy(ROOT / "include/__init__.py", place / "dags/include")
    shutil.copytree(ROOT / "plugins", place / "plugins", ignore=clean)
    (place / "home").mkdir()
    arguments = ("--break-catalog", "--block", *NOT_ON_MWAA)
    return _probe(place / "dags", place / "plugins", place / "home", *arguments)


def test_every_model_has_its_dags(here: dict[str, Any]) -> None:
    """Each model of the catalog has each flow, no file is skipped in silence, and nothing else is there."""
    assert here["parsed"] == {"dags": DAGS, "import_errors": {}, "files": FILES}
    assert DAGS


def test_parsing_imports_nothing_heavy(here: dict[str, Any]) -> None:
    """Neither computation nor the libraries it needs, beyond what Airflow and its provider import themselves."""
    assert set(here["loaded"]) <= set(here["baseline"])
    assert "include.ml" not in here["loaded"]
    assert "perennial.flows.training" in here["modules"]


def test_plugin_registers_its_links(here: dict[str, Any]) -> None:
    """The UI knows the links, and the plugin loads without an error."""
    assert (here["plugins"], here["plugin_errors"]) == (["perennial"], {})
    assert {"DriftReportLink", "JobLogLink", "PerformanceReportLink", "ReportLink"} <= set(here["links"])


@pytest.mark.parametrize("place", ["here", "mwaa"])
def test_plugins_are_no_bare_modules(place: str, request: pytest.FixtureRequest) -> None:
    """Airflow runs only the plugin's entry file: no file of the package became a global module of its bare name."""
    modules = set(request.getfixturevalue(place)["modules"])
    stems = {path.stem for path in (ROOT / "plugins/perennial").rglob("*.py")} - {"__init__"}
    assert "perennial_plugin" in modules
    assert {"naming", "lake", "aws_requests"} <= stems
    assert not stems & modules


def test_mwaa_parses_without_the_ml_stack(mwaa: dict[str, Any]) -> None:
    """With the vocabulary inside the DAG folder and neither pandas nor scikit-learn, every DAG is there."""
    assert mwaa["parsed"] == {"dags": DAGS, "import_errors": {}, "files": FILES}
    assert mwaa["loaded"] == []
    assert mwaa["plugins"] == ["perennial"]


def test_dag_is_the_same_in_every_process(here: dict[str, Any], mwaa: dict[str, Any]) -> None:
    """Parsed again, in another process or another place, it is no new version: a run keeps the one it began with."""
    first, *others = [*here["forms"], *mwaa["forms"]]
    assert sorted(first) == DAGS
    assert all(other == first for other in others)


def test_bad_spec_is_an_import_error_that_names_file_and_field(mwaa: dict[str, Any]) -> None:
    """A person finds in the UI which file to edit, which field, what it takes and what it got."""
    [(file, error)] = mwaa["broken"]["import_errors"].items()
    assert file == "catalog.py"
    assert "gate.thresholds.roc_auc must be within [0, 1], got 1.2; edit include/specs/catalog/broken.py" in error


def test_model_that_no_dag_can_be_made_of_is_an_import_error_too(mwaa: dict[str, Any]) -> None:
    """Of the same file: it names the model's own, the builder, and what that met with."""
    [(file, error)] = mwaa["odd_one"]["import_errors"].items()
    assert file == "catalog.py"
    assert "ingestion_dag can make a DAG of, got KeyError('ingest'); edit include/specs/catalog/odd_one.py" in error


@pytest.mark.parametrize("model", ["broken", "odd_one"])
def test_bad_model_takes_no_other_models_dags_away(mwaa: dict[str, Any], model: str) -> None:
    """Airflow schedules nothing of a file that it cannot import: the files of the flows have no error."""
    assert mwaa[model]["dags"] == DAGS
    assert mwaa[model]["files"] == FILES
