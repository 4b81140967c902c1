"""What each image's Airflow has of what the flows use, held against the table of docs/mwaa.md."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.specs import catalog
from mwaa import images
from mwaa.bundle import CATALOG, Bundle, bundle
from tests.mwaa.place import STARTUP_SHELL, interpreter

ROOT = Path(__file__).parents[2]
FLOWS = ("drift", "ingestion", "performance", "training")
ROW = re.compile(
    r"^\| `(?P<name>airflow[\w.]+)` \| (?P<v33>[^|]+) \| (?P<v32>[^|]+) \| (?P<v30>[^|]+) \| ", re.MULTILINE
)
MISSING = re.compile(r"^perennial: cannot import ([\w.]+):", re.MULTILINE)

pytestmark = pytest.mark.slow


def table(version: str) -> dict[str, str]:
    """Name → what the table says of it for that Airflow: yes, no, or the module that has it."""
    rows = ROW.finditer((ROOT / "docs/mwaa.md").read_text())
    return {row["name"]: row["v" + version.replace(".", "")].strip("` ") for row in rows}


@dataclass(frozen=True, kw_only=True)
class Home:
    """A container's home, in which the bundle is laid out."""

    folder: Path
    version: str

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, with the image's interpreter as `python3`."""
        environment = {
            "HOME": str(self.folder),
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PATH": f"{interpreter(self.version).parent}:{os.environ['PATH']}",
        }
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(version: str) -> Bundle:
    """The bundle for that image."""
    return bundle(ROOT, images.image(version))


@pytest.fixture(scope="module")
def home(version: str, made: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The bundle, laid out."""
    folder = tmp_path_factory.mktemp("home")
    for path, content in made.files.items():
        file = folder / ("startup/startup.sh" if path == "startup.sh" else path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    zipfile.ZipFile(io.BytesIO(made.files["plugins.zip"])).extractall(folder / "plugins")
    return Home(folder=folder, version=version)


@pytest.fixture(scope="module")
def probed(home: Home) -> dict[str, Any]:
    """What the image's Airflow has and parses: as it is, and with what it has elsewhere put where it is looked for."""
    sources = {name: said if "." in said else "" for name, said in table(home.version).items()}
    probe = str(Path(__file__).with_name("integrity_probe.py"))
    done = home.run("python3", probe, str(home.folder / "dags"), json.dumps(sources))
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_airflow_has_what_the_table_says(version: str, probed: dict[str, Any]) -> None:
    """Every name is there, missing, or elsewhere, as the column of that Airflow has it."""
    said = table(version)
    assert len(said) >= 11
    assert probed["there"] == {name: where == "yes" for name, where in said.items()}


def test_startup_script_names_what_is_missing(version: str, home: Home) -> None:
    """Exactly the names that parsing needs and that are elsewhere; where there are none, the container starts."""
    done = home.run("/bin/bash", "-c", STARTUP_SHELL)
    elsewhere = sorted(name for name, where in table(version).items() if "." in where)
    assert sorted(MISSING.findall(done.stdout)) == elsewhere
    assert ("PERENNIAL STARTUP FAILED" in done.stderr) is bool(elsewhere)
    assert (home.folder / "customer_env_vars.json").exists() is not bool(elsewhere)


def test_dag_integrity_names_what_is_missing(version: str, made: Bundle, probed: dict[str, Any]) -> None:
    """Where a name is missing, every file's import error names one of the table; else every DAG is parsed."""
    elsewhere = [name.rpartition(".")[2] for name, where in table(version).items() if "." in where]
    errors = probed["before"]["errors"]
    assert sorted(errors) == (sorted([CATALOG, *made.dag_files]) if elsewhere else [])
    for file, error in errors.items():
        assert any(f"cannot import name '{name}' from 'airflow." in error for name in elsewhere), (file, error)


def test_nothing_else_is_missing(probed: dict[str, Any]) -> None:
    """With what is elsewhere put where it is looked for, every DAG is parsed: the table is complete."""
    every = {"perennial_smoke", *(f"{name}_{flow}" for name in catalog.load() for flow in FLOWS)}
    assert probed["after"]["errors"] == {}
    assert set(probed["after"]["dags"]) == every
