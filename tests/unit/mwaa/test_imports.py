"""Which imports count as needed."""

from __future__ import annotations

from mwaa.imports import Import, foreign, imports

DAG = Import(module="airflow.sdk", name="DAG")


def test_only_what_runs_at_import_counts() -> None:
    """Neither what a function imports, nor what is for type checkers alone; a condition's branches do."""
    source = """
if TYPE_CHECKING:
    from airflow.sdk import Context
if hasattr(sdk, "x"):
    from airflow.sdk import DAG
def late():
    from airflow.sdk import RetryPolicy
class Some:
    import boto3
"""
    assert list(imports(source)) == [DAG, Import(module="boto3")]


def test_own_modules_are_followed_and_python_is_left_out() -> None:
    """Through packages, modules and names; a module that nothing reaches plays no part."""
    sources = {
        "training": "import os\nfrom perennial.flows import training\nfrom perennial import naming",
        "perennial.flows": "",
        "perennial.flows.training": "from airflow.sdk import DAG",
        "perennial.naming": "import botocore.config",
        "perennial.retry_policy": "from airflow.sdk import RetryPolicy",
    }
    assert foreign(sources, ["training"]) == (DAG, Import(module="botocore.config"))


def test_circles_end() -> None:
    """Two modules that import each other are read once each."""
    sources = {"perennial.a": "import perennial.b\nimport httpx", "perennial.b": "import perennial.a"}
    assert foreign(sources, ["perennial.a"]) == (Import(module="httpx"),)
