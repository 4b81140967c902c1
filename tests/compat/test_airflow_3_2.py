"""The Airflow before, from its own environment: what holds of the orchestration on 3.3.1 holds on 3.2.1 too."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.contracts.localaws.harness import ROOT, unavailable

PYTHON = ROOT / ".venv-airflow-3.2/bin/python"
FOLDERS = ("tests/unit/perennial", "tests/dags")
MOST_LEFT_OUT = 10
FEWEST = 400  # of the tests that these folders hold: a folder that nothing was found in proves nothing
PROBE = """
import json
from importlib.metadata import version
from airflow.triggers.base import BaseTrigger
names = ("apache-airflow", "apache-airflow-core", "apache-airflow-providers-amazon")
print(json.dumps({name: version(name) for name in names} | {"on_kill": hasattr(BaseTrigger, "on_kill")}))
"""

# A minute alone on a machine, and several beside other tests on a busy one.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def its_environment() -> None:
    """The environment that this Airflow lives in."""
    if not PYTHON.exists():
        unavailable(f"{PYTHON} is not there: `make test` makes it from requirements-airflow-3.2.lock")


def python(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run that interpreter in the repository, with none of the variables that Airflow and pytest read here."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home / "airflow")}
    return subprocess.run(
        [PYTHON, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=800, check=False
    )


def test_it_is_the_airflow_before(tmp_path: Path) -> None:
    """Airflow and its provider are those of MWAA's 3.2.1 image; its triggers are not told of a person's hand."""
    probed = python(tmp_path, "-c", PROBE)
    assert probed.returncode == 0, probed.stderr[-4000:]
    found: dict[str, Any] = json.loads(probed.stdout.splitlines()[-1])
    assert found == {
        "apache-airflow": "3.2.1",
        "apache-airflow-core": "3.2.1",
        "apache-airflow-providers-amazon": "9.25.0",
        "on_kill": False,
    }


def test_operators_triggers_and_dags_work_there(tmp_path: Path) -> None:
    """Every test of the orchestration and of the DAGs passes there as here, but those of what only 3.3 has."""
    report = tmp_path / "report.xml"
    ran = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *FOLDERS)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    suite = ET.parse(report).getroot()[0]  # noqa: S314 pytest's own file
    assert {name: int(suite.attrib[name]) for name in ("failures", "errors")} == {"failures": 0, "errors": 0}
    reasons = {skipped.attrib["message"] for skipped in suite.iter("skipped")}
    # A module that is left out as a whole says "collection skipped".
    assert reasons <= {"Airflow has retry policies from 3.3 on", "collection skipped"}
    assert len(list(suite.iter("skipped"))) < MOST_LEFT_OUT
    assert int(suite.attrib["tests"]) > FEWEST


def test_fault_matrix_can_be_asked_there(tmp_path: Path) -> None:
    """`make faults AIRFLOW=3.2` finds every row: one that cannot be imported would keep all of them from running."""
    found = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", "tests/faults")
    assert found.returncode == 0, found.stdout[-8000:] + found.stderr[-2000:]
    here = {path.name for path in (ROOT / "tests/faults").glob("test_row_*.py")}
    assert here <= {line.partition("::")[0].rpartition("/")[2] for line in found.stdout.splitlines() if "::" in line}
