"""The house's rules for DAGs, held against every DAG of the catalog as Airflow's own DagBag reads it."""

from __future__ import annotations

import datetime as dt
import inspect
from pathlib import Path
from typing import Any

import pytest
from airflow import sdk
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, AssetOrTimeSchedule, BaseOperator, TriggerRule
from airflow.sdk.definitions._internal.node import DAGNode
from airflow.sdk.definitions.param import ParamsDict
from airflow.serialization.serialized_objects import DagSerialization
from perennial import assets
from perennial.flows import common
from perennial.flows.smoke import DAG_ID
from perennial.operators.jobs import SageMakerJobOperator
from perennial.operators.monitoring import VerdictBranchOperator
from perennial.operators.training import QualityGateBranchOperator
from perennial.timetables import CronCatchUpTimetable

from include.specs.catalog import load
from include.specs.job import STEPS
from include.specs.model import ModelSpec

MODELS = load()
DAGS = [f"{name}_{flow}" for name in MODELS for flow in ("drift", "ingestion", "performance", "training")]
FLOWS = {
    "drift": {"find_traffic", "drift", "publish_metrics", "drift_branch", "alert", "request_retraining"},
    "ingestion": {"find_landing", "ingest", "publish", "request_retraining"},
    "performance": {
        "find_predictions",
        "performance",
        "publish_metrics",
        "performance_branch",
        "alert",
        "request_retraining",
    },
    "training": {
        "resolve",
        "candidate.preprocess",
        "candidate.train",
        "candidate.evaluate",
        "quality_gate",
        "register",
        "announce",
        "reject",
        "notify",
    },
}


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(Path(__file__).parents[2] / "dags")


@pytest.fixture(params=DAGS)
def dag(bag: DagBag, request: pytest.FixtureRequest) -> DAG:
    """Each DAG that the catalog calls for."""
    found: DAG = bag.dags[request.param]
    return found


@pytest.fixture(params=MODELS)
def training(bag: DagBag, request: pytest.FixtureRequest) -> DAG:
    """Each training DAG."""
    found: DAG = bag.dags[f"{request.param}_training"]
    return found


def _spec(dag: DAG) -> ModelSpec:
    return MODELS[dag.dag_id.rsplit("_", 1)[0]]


def test_bag_holds_exactly_the_catalogs_dags(bag: DagBag) -> None:
    """No import error, none missing, none besides but the smoke test."""
    assert bag.import_errors == {}
    assert sorted(bag.dags) == sorted([*DAGS, DAG_ID])
    assert len(DAGS) == 4 * len(MODELS) >= 8


def test_smoke_test_waits_for_a_deployment_only(bag: DagBag) -> None:
    """It has no schedule and is never paused, so that the first deployment can trigger it, and every one after."""
    dag = bag.dags[DAG_ID]
    assert dag.timetable.can_be_scheduled is False
    assert dag.is_paused_upon_creation is False
    assert dag.doc_md
    data = DagSerialization.to_dict(dag)
    assert set(DagSerialization.from_dict(data).task_dict) == {"prove"}


def test_dag_has_exactly_its_tasks(dag: DAG) -> None:
    """A task that appears or vanishes is a change of the flow, and is made here too."""
    assert set(dag.task_ids) == FLOWS[dag.dag_id.rsplit("_", 1)[1]]


def test_dag_has_no_cycle(dag: DAG) -> None:
    """Its tasks can be ordered."""
    dag.check_cycle()
    assert len(dag.topological_sort()) > 0


def test_dag_is_somebodys(dag: DAG) -> None:
    """Every task is owned by the model's owner, never by `airflow`."""
    assert {task.owner for task in dag.tasks} == {_spec(dag).owner.name}


def test_dag_can_be_found(dag: DAG) -> None:
    """By product, flow, model and the model's own tags; and it has a name for people."""
    spec = _spec(dag)
    assert {"perennial", spec.name, dag.dag_id.rsplit("_", 1)[1], *spec.tags.values()} == set(dag.tags)
    assert dag.dag_display_name.startswith(spec.title)


def test_dag_explains_itself(dag: DAG) -> None:
    """Its page says what the model is for, whose it is, how to reach them, and what the flow does."""
    spec = _spec(dag)
    for words in (spec.title, spec.description, spec.owner.name, spec.owner.email):
        assert words in (dag.doc_md or "")
    assert len((dag.doc_md or "").split("\n\n")) >= 5


def test_dag_does_not_run_for_the_past_on_its_own(dag: DAG) -> None:
    """No catch-up from its start date, a limit on runs at a time, and no start that would make up for last week's
    training. (Days that were missed since the last run are the timetable's to know.)"""
    assert dag.catchup is False
    trains = dag.dag_id.endswith("_training")
    assert dag.start_date == (None if trains else dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert 1 <= dag.max_active_runs <= 4


def test_task_retries_with_backoff_and_ends(dag: DAG) -> None:
    """A passing fault is waited out, longer each time and never too long; no task runs for ever."""
    for task in dag.tasks:
        assert task.retries >= 2, task.task_id
        assert task.retry_exponential_backoff, task.task_id
        assert task.retry_delay < task.max_retry_delay <= dt.timedelta(hours=1), task.task_id
        assert task.execution_timeout is not None, task.task_id
        assert dt.timedelta(0) < task.execution_timeout <= dt.timedelta(days=5), task.task_id


@pytest.mark.skipif(not hasattr(sdk, "RetryPolicy"), reason="Airflow has retry policies from 3.3 on")
def test_task_retries_by_fault(dag: DAG) -> None:
    """Every task goes by the table of faults, and the scheduler knows that it has a policy."""
    from perennial.retry_policy import ByFault  # noqa: PLC0415 it cannot be imported before Airflow 3.3

    again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    for task in dag.tasks:
        assert isinstance(task.retry_policy, ByFault), task.task_id
        assert again.task_dict[task.task_id].has_retry_policy, task.task_id


def test_failed_run_is_told(dag: DAG) -> None:
    """Each DAG tells of its failed runs itself, so that no task has to; the scheduler knows that it does."""
    assert callable(dag.on_failure_callback)
    assert DagSerialization.from_dict(DagSerialization.to_dict(dag)).has_on_failure_callback
    assert not [task.task_id for task in dag.tasks if task.on_failure_callback]


def test_task_says_what_it_does(dag: DAG) -> None:
    """A task has documentation of its own, or an operator with a docstring of its own."""
    for task in dag.tasks:
        assert task.doc_md or type(task).__dict__.get("__doc__"), task.task_id
        assert type(task).__module__.startswith("perennial."), task.task_id


def test_params_can_be_filled_in(dag: DAG) -> None:
    """Each param has a title, a type, a line of help, and a default that it takes itself."""
    assert dag.params
    for name in dag.params:
        param = dag.params.get_param(name)
        assert {"title", "type"} <= set(param.schema), name
        assert param.description, name
        assert param.resolve() == param.value, name


def test_dag_survives_serialisation(dag: DAG) -> None:
    """What the scheduler reads back is the same DAG, and serialising it again gives the same."""
    data = DagSerialization.to_dict(dag)
    DagSerialization.validate_schema(data)
    again = DagSerialization.from_dict(data)
    assert set(again.task_dict) == set(dag.task_ids)
    for task in dag.tasks:
        assert again.task_dict[task.task_id].downstream_task_ids == task.downstream_task_ids
    assert DagSerialization.to_dict(dag) == data


def test_serialised_dag_holds_no_address(dag: DAG) -> None:
    """A memory address in the serialised form would be a new version of the DAG at every parsing."""
    assert " at 0x" not in str(DagSerialization.to_dict(dag))


def test_every_entry_that_a_task_refers_to_is_pushed(dag: DAG) -> None:
    """A reference to one entry of a task's result is an XCom of that name: its task must push entries one by one."""
    references = [ref for task in dag.tasks for ref in _references(task)]
    assert references
    for operator, key in references:
        assert key == "return_value" or operator.multiple_outputs, (operator.task_id, key)


def _references(task: BaseOperator) -> list[tuple[Any, str]]:
    from airflow.sdk.definitions.xcom_arg import XComArg  # noqa: PLC0415 a class of Airflow's own rooms

    found = [XComArg.iter_xcom_references(getattr(task, field)) for field in task.template_fields]
    return [reference for references in found for reference in references]


def test_templated_fields_are_arguments(dag: DAG) -> None:
    """Every field that is rendered is one that its operator has."""
    for task in dag.tasks:
        assert set(task.template_fields) <= set(inspect.signature(type(task)).parameters) | set(vars(task))


def test_airflow_takes_no_dag_that_is_not_whole(dag: DAG) -> None:
    """Of its own accord it would take what a builder has begun, and failed to end."""
    assert not dag.auto_register


def test_ingestion_is_daily_and_knows_its_day(bag: DagBag) -> None:
    """Its timetable gives a data interval: the day that a run reads."""
    for name, spec in MODELS.items():
        dag = bag.dags[f"{name}_ingestion"]
        assert isinstance(dag.timetable, CronCatchUpTimetable)
        assert dag.timetable.summary == spec.ingestion_schedule


@pytest.mark.parametrize("flow", ["drift", "ingestion", "performance"])
def test_daily_flow_says_how_to_run_days_again(bag: DagBag, flow: str) -> None:
    """With as many runs at a time as it allows otherwise: a backfill goes by its own option alone."""
    for name in MODELS:
        dag = bag.dags[f"{name}_{flow}"]
        assert common.backfill_command(dag.dag_id, at_once=dag.max_active_runs) in (dag.doc_md or "")


def test_training_runs_on_request_and_weekly(training: DAG) -> None:
    """It listens to requests and to the clock, and never to the data itself: a backfill starts no storm."""
    spec, timetable = _spec(training), training.timetable
    assert isinstance(timetable, AssetOrTimeSchedule)
    wanted = {asset.name for asset in timetable.asset_condition.objects}
    assert wanted == {assets.retrain(spec.name).name}
    assert timetable.timetable.expression == spec.training_schedule


def test_flows_are_joined_by_assets(bag: DagBag) -> None:
    """Ingestion emits the data and a request, training the version, monitoring what it found and a request: no more.

    Of a request it is kept that it was made.
    """
    for name in MODELS:
        outlets = {
            (task.task_id, asset.name)
            for flow in FLOWS
            for task in bag.dags[f"{name}_{flow}"].tasks
            for asset in task.outlets
        }
        assert outlets == {
            ("publish", f"raw:{name}"),
            ("request_retraining", f"retrain:{name}"),
            ("request_retraining", f"requested:{name}"),
            ("announce", f"package:{name}"),
            ("alert", f"drift:{name}"),
            ("alert", f"performance:{name}"),
        }


def test_whoever_asks_for_a_training_can_see_what_was_asked_for(bag: DagBag) -> None:
    """Airflow lets a task read the events of its inlets only: without it, a cleared run would ask twice."""
    for name in MODELS:
        for flow in ("ingestion", "drift", "performance"):
            task = bag.dags[f"{name}_{flow}"].get_task("request_retraining")
            assert task.inlets == [assets.requested(name)]
            assert task.outlets == [assets.retrain(name), assets.requested(name)]


def test_nothing_is_scheduled_on_what_was_asked_for(bag: DagBag) -> None:
    """Airflow cannot list the events of an asset while a run that one of them has made has not begun."""
    conditions = [getattr(dag.timetable, "asset_condition", None) for dag in bag.dags.values()]
    scheduled = {asset.name for condition in conditions for asset in getattr(condition, "objects", ())}
    assert scheduled == {f"retrain:{name}" for name in MODELS}


def test_gate_branches_to_tasks_that_are_there(training: DAG) -> None:
    """Both branches are tasks directly after the gate, and all that is after it."""
    gate = training.get_task("quality_gate")
    assert isinstance(gate, QualityGateBranchOperator)
    assert {gate.register, gate.reject} == gate.downstream_task_ids == {"register", "reject"}
    assert gate.inherits_from_skipmixin


def test_nothing_reaches_the_registry_past_the_gate(training: DAG) -> None:
    """Registering needs the gate to have said so, and waits for no rule that would let it run otherwise."""
    register = training.get_task("register")
    assert "quality_gate" in register.upstream_task_ids
    assert register.trigger_rule == TriggerRule.ALL_SUCCESS


def test_notification_comes_either_way(training: DAG) -> None:
    """One branch is always skipped: the last task runs when the other has succeeded, and not after a failure."""
    notify = training.get_task("notify")
    assert notify.trigger_rule == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    assert {"register", "reject"} <= notify.upstream_task_ids
    assert not notify.downstream_task_ids


def test_jobs_run_their_steps(dag: DAG) -> None:
    """A job's task is called as its step, and hands it the inputs that its builder needs."""
    jobs = [task for task in dag.tasks if isinstance(task, SageMakerJobOperator)]
    assert jobs
    for task in jobs:
        assert task.step is STEPS[task.label]
        needed = {
            name
            for name, parameter in inspect.signature(task.build).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }
        assert set(task.inputs) == needed


@pytest.mark.parametrize(("flow", "schedule"), [("drift", "schedule"), ("performance", "performance_schedule")])
def test_monitoring_looks_at_one_day_at_a_time(bag: DagBag, flow: str, schedule: str) -> None:
    """Its timetable gives the day, and a day's run finds the reports of those before it."""
    for name, spec in MODELS.items():
        dag = bag.dags[f"{name}_{flow}"]
        assert isinstance(dag.timetable, CronCatchUpTimetable)
        assert dag.timetable.summary == getattr(spec.monitoring, schedule)
        assert dag.max_active_runs == 1


@pytest.mark.parametrize("flow", ["drift", "performance"])
def test_people_are_told_only_through_the_branch(bag: DagBag, flow: str) -> None:
    """The alert is all that is after the branch, and a training is asked for after the alert only."""
    for name in MODELS:
        dag = bag.dags[f"{name}_{flow}"]
        branch = dag.get_task(f"{flow}_branch")
        assert isinstance(branch, VerdictBranchOperator)
        assert {branch.alert} == branch.downstream_task_ids
        assert "alert" in dag.get_task("request_retraining").upstream_task_ids


@pytest.mark.parametrize(("flow", "link"), [("drift", "DriftReportLink"), ("performance", "PerformanceReportLink")])
def test_report_opens_from_the_branch(bag: DagBag, flow: str, link: str) -> None:
    """The scheduler knows the button, too."""
    for name in MODELS:
        again = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags[f"{name}_{flow}"]))
        [button] = again.task_dict[f"{flow}_branch"].operator_extra_links
        assert button.xcom_key == f"_link_{link}"


def test_candidate_is_one_group(training: DAG) -> None:
    """What makes and measures the candidate folds into one box of the graph."""
    group = training.task_group.get_child_by_label("candidate")
    assert isinstance(group, DAGNode)
    assert {task.task_id for task in group.iter_tasks()} == {
        f"candidate.{step}" for step in ("preprocess", "train", "evaluate")
    }


def test_params_are_those_of_the_flow(dag: DAG) -> None:
    """The forms ask for what their flow takes."""
    assert isinstance(dag.params, ParamsDict)
    names = {"ingestion": {"date", "training"}, "drift": {"date"}, "performance": {"date"}}.get(
        dag.dag_id.rsplit("_", 1)[1], {"reason", "start", "end", "thresholds", "hyperparameters", "instance_types"}
    )
    assert set(dag.params) == names
