"""A model that a flow cannot be built for has no DAG of it; every other model has."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.definitions.context import _AIRFLOW_PARSING_CONTEXT_DAG_ID
from perennial.flows import common
from perennial.flows.catalog import UnbuildableError, dags, require_dags

from include.specs.catalog import load
from include.specs.errors import SpecError
from include.specs.model import ModelSpec

Make = Callable[[ModelSpec], DAG]


def sound_dag(spec: ModelSpec) -> DAG:
    return DAG(f"{spec.name}_sound", schedule=None)


def picky_dag(spec: ModelSpec) -> DAG:
    if spec.name == "churn":
        raise TypeError("no churn, please")
    return DAG(f"{spec.name}_picky", schedule=None)


def hasty_dag(spec: ModelSpec) -> DAG:
    return DAG(f"{spec.name}_hasty", schedule=common.daily(spec.ingestion_schedule))


def test_each_model_has_its_dag() -> None:
    """Under the name that Airflow knows it by."""
    made = dags(sound_dag)
    assert sorted(made) == [f"{name}_sound" for name in sorted(load())]
    assert {name: dag.dag_id for name, dag in made.items()} == {name: name for name in made}
    require_dags(sound_dag)


def test_process_of_a_task_builds_no_dag_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many models there are; one whose name begins as another's is another model."""
    for name in load():
        monkeypatch.setenv(_AIRFLOW_PARSING_CONTEXT_DAG_ID, f"{name}_sound")
        assert list(dags(sound_dag)) == [f"{name}_sound"]
    monkeypatch.setenv(_AIRFLOW_PARSING_CONTEXT_DAG_ID, "churn-eu_sound")
    assert not dags(sound_dag)


def test_model_that_cannot_be_built_harms_no_other() -> None:
    """Whatever its builder raises."""
    assert sorted(dags(picky_dag)) == [f"{name}_picky" for name in sorted(load()) if name != "churn"]


def test_model_that_cannot_be_built_is_told_of_by_its_file() -> None:
    """With the builder, and with what it raised."""
    words = (
        r"MODEL must be .* picky_dag can .*, got TypeError\('no churn, please'\); edit include/specs/catalog/churn\.py"
    )
    with pytest.raises(UnbuildableError, match=words):
        require_dags(sound_dag, picky_dag)


def test_option_that_cannot_be_read_is_no_models_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of the catalog would mend it, and no DAG that goes by it can be built."""
    monkeypatch.setenv("AIRFLOW__PERENNIAL__CATCH_UP", "none")
    for made in (dags, require_dags):
        with pytest.raises(SpecError, match=r"^AIRFLOW__PERENNIAL__CATCH_UP must .*got 'none'$"):
            made(hasty_dag)


@pytest.mark.parametrize("flow", ["drift", "ingestion", "performance", "training"])
def test_half_a_dag_is_in_no_file(flow: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A builder that fails among its tasks leaves nothing that Airflow would schedule."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no such task")

    builder = importlib.import_module(f"perennial.flows.{flow}")
    monkeypatch.setattr("perennial.operators.base.FlowOperator.__init__", fail)
    file = Path(__file__).parents[4] / f"dags/{flow}.py"
    (tmp_path / file.name).write_text(file.read_text())
    found = DagBag(tmp_path)
    assert (found.dags, found.import_errors) == ({}, {})
    with pytest.raises(UnbuildableError, match="no such task"):
        require_dags(getattr(builder, f"{flow}_dag"))
