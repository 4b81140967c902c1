"""The bundle laid out as MWAA lays it out, on the packages of MWAA's image alone: parsed, loaded, and run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.specs import catalog, s3_layout
from laptop import landing
from laptop.settings import BUCKET
from mwaa import images
from mwaa.bundle import Bundle, bundle
from mwaa.smoke import Proof
from tests.mwaa.account import account
from tests.mwaa.place import Place, interpreter, place
from tests.shared.localaws_process import Server

ROOT = Path(__file__).parents[2]
DAY = dt.date(2026, 3, 1)
FLOWS = ("drift", "ingestion", "performance", "training")
NOT_THERE = ("pandas", "numpy", "sklearn", "pyarrow", "scipy", "moto", "include", "perennial", "localaws", "laptop")
LOOK = """
import importlib.util, json, sys
from importlib.metadata import distributions
found = {each.metadata["Name"].lower().replace("_", "-").replace(".", "-"): each.version for each in distributions()}
print(json.dumps({"packages": found, "found": [name for name in sys.argv[1:] if importlib.util.find_spec(name)]}))
"""

pytestmark = [pytest.mark.flow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", autouse=True)
def runs_flows(version: str) -> None:
    """An image that flows run on."""
    if version == "3.0":
        pytest.skip("flows do not run on 3.0.6: test_versions.py says what it lacks")


@pytest.fixture(scope="module")
def made(version: str) -> Bundle:
    """The bundle for that image."""
    return bundle(ROOT, images.image(version))


@pytest.fixture(scope="module")
def there(version: str, made: Bundle, server: Server) -> Iterator[Place]:
    """An environment of that Airflow."""
    with place(version, account(server, airflow=made.airflow)) as prepared:
        yield prepared


@pytest.fixture(scope="module")
def proof(there: Place, made: Bundle) -> Proof:
    """What the deployment saw of the bundle, at work there."""
    return there.deploy(made)


def test_image_holds_what_mwaas_holds(there: Place, version: str) -> None:
    """Its packages in its versions, and neither the ML stack nor anything of ours on the path."""
    looked = there.run(str(interpreter(version)), "-c", LOOK, *NOT_THERE)
    assert looked.returncode == 0, looked.stderr
    found = json.loads(looked.stdout)
    assert found["found"] == []
    pins = dict(
        line.strip().split("==") for line in images.image(version).packages.read_text().splitlines() if "==" in line
    )
    # pip comes with the environment; the other two are what some of the image's packages ask for.
    assert found["packages"].items() >= pins.items()
    assert set(found["packages"]) - set(pins) <= {"pip", "setuptools", "wcwidth"}


def test_every_dag_is_parsed(proof: Proof, made: Bundle) -> None:
    """Each flow of each model, and the smoke test, in the real DAG processor; no import error."""
    models = [name for name in catalog.load() if f"include/specs/catalog/{name}.py" not in made.left_out]
    assert set(proof.dags) == {"perennial_smoke", *(f"{name}_{flow}" for name in models for flow in FLOWS)}


def test_worker_and_triggerer_ran_the_bundle(there: Place, proof: Proof) -> None:
    """The smoke test's run went through the triggerer, which has no DAG folder, and compared the digests there."""
    run = there.api.ask("GET", f"/dags/perennial_smoke/dagRuns/{proof.run_id}")
    assert run["state"] == "success"
    assert set(run["conf"]) == {"dags", "plugins"}
    environment = there.environment("triggerer")
    assert "PYTHONPATH" not in environment
    assert not Path(environment["AIRFLOW__CORE__DAGS_FOLDER"]).exists()


def test_plugins_are_loaded(there: Place, proof: Proof) -> None:
    """The web server, without a DAG folder, has the plugin with its links, and no plugin failed."""
    assert proof
    plugins = {each["name"]: each for each in there.api.listed("/plugins", "plugins")}
    links = " ".join(plugins["perennial"]["operator_extra_links"])
    assert "JobLogLink" in links
    assert there.api.ask("GET", "/plugins/importErrors")["total_entries"] == 0


def test_a_flow_takes_data_to_a_version(there: Place, proof: Proof) -> None:
    """A day's file becomes a partition and that a registered version, by jobs that waited in the triggerer."""
    assert proof
    with landing.delivery(there.settings, catalog.model("churn"), None) as delivered:
        landing.land(there.addresses.aws, "churn", DAY, delivered)
    assert there.trigger("churn_ingestion", "flow-1", {"date": DAY.isoformat()}) == "success"
    keys = there.account.s3.list_objects_v2(Bucket=BUCKET, Prefix=s3_layout.partition("churn", DAY))["Contents"]
    assert s3_layout.manifest("churn", DAY) in {each["Key"] for each in keys}
    assert there.trigger("churn_training", "flow-2", {}) == "success"
    which = {"dag_ids": ["churn_training"], "dag_run_ids": ["flow-2"]}
    tasks = there.api.ask("POST", "/dags/~/dagRuns/~/taskInstances/list", body=which)
    states = {each["task_id"]: each["state"] for each in tasks["task_instances"]}
    assert states["register"] == "success"
