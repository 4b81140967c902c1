"""What all operators share."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from perennial.operators.base import FlowOperator, provenance, run_date

from include.specs.environment import Environment
from include.specs.errors import PartitionError
from include.specs.model import ModelSpec

Make = Callable[..., Any]


class Failing(FlowOperator):
    """A task whose work fails as it is told to."""

    def __init__(self, *, error: Exception, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error = error

    def perform(self, context: Any) -> None:  # noqa: ARG002 the operators' signature
        raise self.error


def test_our_own_errors_are_final(churn: ModelSpec, context: Make) -> None:
    """What this project found wrong is wrong on every try, and keeps its kind and words."""
    task = Failing(task_id="t", spec=churn, error=PartitionError("no such day"))
    with pytest.raises(AirflowFailException, match=r"^PartitionError: no such day$") as failed:
        task.execute(context())
    assert isinstance(failed.value.__cause__, PartitionError)


def test_other_errors_are_left_to_airflow(churn: ModelSpec, context: Make) -> None:
    """A connection that broke may hold on the next try."""
    with pytest.raises(ConnectionError, match="reset"):
        Failing(task_id="t", spec=churn, error=ConnectionError("reset")).execute(context())


def test_task_without_work_says_so(churn: ModelSpec, context: Make) -> None:
    """An operator that forgot its work is named."""
    with pytest.raises(NotImplementedError, match="FlowOperator does not say"):
        FlowOperator(task_id="t", spec=churn).execute(context())


def test_operator_needs_no_settings_to_be_made(churn: ModelSpec) -> None:
    """A DAG is parsed where there is no environment; only running needs one."""
    task = Failing(task_id="t", spec=churn, error=ValueError())
    assert task.spec is churn
    with pytest.raises(ValueError, match="AIRFLOW__PERENNIAL__BUCKET must be set"):
        task.where()


def test_returned_entries_are_xcoms_of_their_own(churn: ModelSpec) -> None:
    """`task.output["key"]` refers to an XCom called key: it is there only with multiple outputs."""
    assert Failing(task_id="t", spec=churn, error=ValueError()).multiple_outputs is True


def test_provenance_is_that_of_the_run(where: Environment, context: Make) -> None:
    """Which run, which code, and where a person finds it."""
    made = provenance(context(), where, reason="weekly")
    assert (made.dag_id, made.run_id, made.code_version, made.reason) == (
        "churn_training",
        "manual__1",
        "0123abc",
        "weekly",
    )
    assert made.run_url == ""
    assert made.run.startswith("manual-1-")


def test_provenance_has_a_link_where_there_is_a_page(where: Environment, context: Make) -> None:
    """The run's page is under the address of the UI, however that ends."""
    there = dataclasses.replace(where, ui_url="http://127.0.0.1:8080/")
    assert provenance(context(), there).run_url == "http://127.0.0.1:8080/dags/churn_training/runs/manual__1"


def test_run_date_is_the_day_its_interval_begins_on(context: Make) -> None:
    """In UTC, wherever the interval was written; a run without an interval has no day."""
    east = dt.timezone(dt.timedelta(hours=9))
    interval = (dt.datetime(2026, 3, 2, 3, tzinfo=east), dt.datetime(2026, 3, 3, 3, tzinfo=east))
    assert run_date(context(interval=interval)) == dt.date(2026, 3, 1)
    assert run_date(context()) is None
