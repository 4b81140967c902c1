"""The catalog's DAGs, one model's at a time: what no DAG can be made of takes no other model's away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from airflow.sdk import DAG, get_parsing_context

from include.specs.catalog import file_of, load, sound
from include.specs.environment import is_of_an_option
from include.specs.errors import SpecError
from include.specs.model import ModelSpec

# It says `auto_register=False`: else Airflow would take what the builder had begun when it failed.
Builder = Callable[[ModelSpec], DAG]


class UnbuildableError(SpecError):
    """A model that a flow's builder can make no DAG of, though nothing is wrong with its specification by itself."""


def dags(build: Builder) -> dict[str, DAG]:
    """DAG id → the DAG of each model that `build` can make one of: the names of a DAG file.

    What it cannot is left out here without a word, and raised by `require_dags`, in a file that has no DAG. The process
    of a task parses its DAG's file for that one DAG, and is given no other.
    """
    made = {}
    for spec in filter(is_wanted, sound().values()):
        with suppress(UnbuildableError):
            dag = _built(build, spec)
            made[dag.dag_id] = dag
    return made


def is_wanted(spec: ModelSpec) -> bool:
    """Whether Airflow wants the model's DAGs of this process: that of a task wants its own DAG, any other wants all."""
    dag_id = get_parsing_context().dag_id
    return dag_id is None or dag_id.startswith(f"{spec.name}_")


def require_dags(*builders: Builder) -> None:
    """Have every builder make its DAG of every model, for nothing but to see that it can.

    Raises:
        SpecError: a file of the catalog is wrong, or a builder can do nothing with its model; it names the file.
    """
    for spec in load().values():
        for build in builders:
            _built(build, spec)


def _built(build: Builder, spec: ModelSpec) -> DAG:
    try:
        return build(spec)
    except Exception as error:
        if is_of_an_option(error):
            raise  # of no model
        expected = f"be a model that {build.__name__} can make a DAG of"
        raise UnbuildableError("MODEL", expected, error, where=file_of(spec.name)) from error
