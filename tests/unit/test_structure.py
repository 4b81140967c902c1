"""The house as a whole: every module has its tests, where the module lies or where it can only be met."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Each package, and the folder of tests/unit that mirrors it.
MIRRORS = {
    "include.ml": "ml",
    "include.specs": "specs",
    "laptop": "laptop",
    "localaws": "localaws",
    "mwaa": "mwaa",
    "perennial": "perennial",
}
# What only works as a part of something larger, and the test that meets it there.
ELSEWHERE = {
    "include.ml.drift.day": "unit/ml/jobs/test_watch_day.py",
    "include.ml.evaluation.evaluation": "unit/ml/jobs/test_evaluate.py",
    "include.ml.performance.days": "unit/ml/jobs/test_measure_quality.py",
    "include.ml.training.training": "unit/ml/jobs/test_train.py",
    "include.specs.baseline": "unit/ml/baseline/test_statistics.py",
    "include.specs.catalog.churn": "unit/specs/test_catalog.py",
    "include.specs.catalog.fraud": "unit/specs/test_catalog.py",
    "laptop.__main__": "unit/laptop/test_commands.py",
    "laptop.errors": "unit/laptop/test_commands.py",
    "laptop.reaper": "integration/test_interruption.py",
    "laptop.system": "integration/test_flow.py",
    "localaws.__main__": "contracts/localaws/test_server.py",
    "localaws.admin": "contracts/localaws/test_spot.py",
    "localaws.errors": "contracts/localaws/test_server.py",
    "localaws.faults.routes": "contracts/localaws/test_faults.py",
    "localaws.iam.backend": "contracts/localaws/test_server.py",
    "localaws.iam.responses": "contracts/localaws/test_server.py",
    "localaws.iam.urls": "contracts/localaws/test_server.py",
    "localaws.jobs.container": "contracts/localaws/test_processing.py",
    "localaws.jobs.init": "unit/localaws/jobs/test_process_tree.py",
    "localaws.jobs.processes": "contracts/localaws/test_endings.py",
    "localaws.jobs.reaper": "contracts/localaws/test_restart.py",
    "localaws.local_aws": "contracts/localaws/test_restart.py",
    "localaws.mwaa.airflow": "contracts/localaws/test_mwaa.py",
    "localaws.mwaa.application": "contracts/localaws/test_mwaa.py",
    "localaws.mwaa.errors": "contracts/localaws/test_mwaa.py",
    "localaws.mwaa.objects": "mwaa/test_deployment.py",
    "localaws.mwaa.routes": "contracts/localaws/test_mwaa.py",
    "localaws.sagemaker.errors": "contracts/localaws/test_processing.py",
    "localaws.sagemaker.events": "contracts/localaws/test_server.py",
    "localaws.sagemaker.inputs": "contracts/localaws/test_processing.py",
    "localaws.sagemaker.packages": "contracts/localaws/test_registry.py",
    "localaws.sagemaker.processing": "contracts/localaws/test_processing.py",
    "localaws.sagemaker.processing_run": "contracts/localaws/test_processing.py",
    "localaws.sagemaker.responses": "contracts/localaws/test_processing.py",
    "localaws.sagemaker.runs": "contracts/localaws/test_endings.py",
    "localaws.sagemaker.runtime": "contracts/localaws/test_endings.py",
    "localaws.sagemaker.training_run": "contracts/localaws/test_spot.py",
    "localaws.sagemaker.urls": "contracts/localaws/test_processing.py",
    "localaws.server": "contracts/localaws/test_server.py",
    "mwaa.__main__": "mwaa/test_deployment.py",
    "mwaa.bucket": "mwaa/test_deployment.py",
    "mwaa.checkout": "unit/mwaa/test_bundle.py",
    "mwaa.deployment": "mwaa/test_deployment.py",
    "mwaa.errors": "mwaa/test_deployment.py",
    "mwaa.images": "unit/mwaa/test_bundle.py",
    "mwaa.smoke": "mwaa/test_deployment.py",
    "perennial.day_notice": "unit/perennial/test_drift_notice.py",
    "perennial.flows.drift": "dags/test_integrity.py",
    "perennial.flows.ingestion": "dags/test_integrity.py",
    "perennial.flows.monitoring": "dags/test_integrity.py",
    "perennial.flows.performance": "dags/test_integrity.py",
    "perennial.flows.smoke": "dags/test_integrity.py",
    "perennial.flows.training": "dags/test_integrity.py",
    "perennial.watches": "unit/perennial/operators/test_monitoring.py",
}


def modules(package: str) -> list[str]:
    """The full names of a package's modules."""
    root = importlib.import_module(package)
    return sorted(found.name for found in pkgutil.walk_packages(root.__path__, f"{package}.") if not found.ispkg)


def mirrored(name: str) -> Path:
    """Where a module's test file lies if it lies where the module does."""
    package = next(package for package in MIRRORS if name.startswith(f"{package}."))
    *rooms, module = name.removeprefix(f"{package}.").split(".")
    return TESTS.joinpath("unit", MIRRORS[package], *rooms, f"test_{module}.py")


MODULES = [name for package in MIRRORS for name in modules(package)]


@pytest.mark.parametrize("name", MODULES)
def test_module_has_its_tests(name: str) -> None:
    """A test file lies where the module lies, under its name; or the one named here is there."""
    file = TESTS / ELSEWHERE[name] if name in ELSEWHERE else mirrored(name)
    assert file.exists(), f"{name} has no tests: write {file.relative_to(TESTS)}"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_list_is_up_to_date(name: str) -> None:
    """A module that is gone, or has a test file of its own by now, is not listed any more."""
    assert name in MODULES
    assert not mirrored(name).exists(), f"take {name} out of ELSEWHERE: its tests lie where it does"


@pytest.mark.parametrize("package", MIRRORS)
def test_no_test_lies_under_a_name_without_a_module(package: str) -> None:
    """A folder of tests mirrors a folder of code: when a package moves, its tests move along."""
    folders = {mirrored(name).parent for name in modules(package)}
    strays = {file.parent for file in (TESTS / "unit" / MIRRORS[package]).rglob("test_*.py")} - folders
    assert strays == set()


# pytest runs the examples of the other packages itself; this one is imported from the plugins' folder.
@pytest.mark.parametrize("name", modules("perennial"))
def test_examples_are_true(name: str) -> None:
    """Every example in a docstring gives what it says it gives."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_modules_and_examples() -> None:
    """The tests above have something to look at."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [finder.find(importlib.import_module(name)) for name in modules("perennial")]
    examples = [test for tests in found for test in tests if test.examples]
    assert all(len(modules(package)) >= 10 for package in MIRRORS)
    assert len(examples) >= 5
