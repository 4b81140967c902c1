"""Where there is no capacity for an instance type, the next generation of a job asks for the spec's next."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from perennial import retries
from perennial.failures import PassingError
from perennial.operators.jobs import SageMakerJobOperator

from include.specs.job import StepResources
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun

Make = Callable[..., Any]
KEY = "experiments/churn/manual-1-abc/run.json"
CAPACITY, BUG, STOPPED = "Failed: CapacityError: no room", "Failed: InternalServerError: sorry", "Stopped"
FALLBACKS = ("ml.m5.xlarge", "ml.c5.large")


@pytest.fixture
def flexible(aws: SimpleNamespace, churn: ModelSpec, training_run: Make) -> ModelSpec:
    """A model whose steps name other instance types, with a run of it in the lake."""
    resources = StepResources(instance_type="ml.m5.large", fallback_instance_types=FALLBACKS)
    spec = dataclasses.replace(churn, step_resources={"train": resources, "preprocess": resources})
    aws.put(KEY, training_run(spec))
    return spec


def _deferred(operator: SageMakerJobOperator, context: dict[str, Any]) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    return deferred.value


def _asked_for(api: Any) -> str:
    [request] = api.requests("Create")
    cluster = request.get("ResourceConfig") or request["ProcessingResources"]["ClusterConfig"]
    return str(cluster["InstanceType"])


@pytest.fixture(params=["train", "preprocess"])
def task(flexible: ModelSpec, job_task: Make, request: pytest.FixtureRequest) -> SageMakerJobOperator:
    """The task of a training job, and that of a processing job, whose requests name the type elsewhere."""
    made: SageMakerJobOperator = job_task(flexible, request.param)
    return made


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ([], "ml.m5.large"),
        ([CAPACITY], "ml.m5.xlarge"),
        ([CAPACITY, CAPACITY], "ml.c5.large"),
        ([CAPACITY, CAPACITY, CAPACITY], "ml.c5.large"),
        ([BUG], "ml.m5.large"),
        ([STOPPED], "ml.m5.large"),
        ([CAPACITY, BUG, STOPPED], "ml.m5.xlarge"),
        ([BUG, CAPACITY, STOPPED, CAPACITY], "ml.c5.large"),
    ],
)
def test_generation_asks_for_the_next_type(
    api: Any, task: SageMakerJobOperator, context: Make, ended: list[str], expected: str
) -> None:
    """One further for each job that found no room, and no further than the last; nothing else counts."""
    api.existing = [[status] for status in ended]
    _deferred(task, context())
    assert _asked_for(api) == expected
    number = len(ended) + 1
    assert api.names("Create") == [api.names("Describe")[0] + (f"-{number}" if ended else "")]


def test_rest_of_the_request_is_the_same(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """Only the type is another, and the name's number."""
    sent = []
    for existing in ([], [[CAPACITY]]):
        api.calls.clear()
        api.jobs.clear()
        api.existing = existing
        _deferred(task, context())
        sent += api.requests("Create")
    name = api.names("Describe")[0]
    first, second = (json.dumps(request, sort_keys=True) for request in sent)
    assert first.count('"ml.m5.large"') == 1
    assert second == first.replace('"ml.m5.large"', '"ml.m5.xlarge"').replace(name, f"{name}-2")


def test_name_does_not_depend_on_the_fallbacks_type(
    api: Any, flexible: ModelSpec, job_task: Make, context: Make
) -> None:
    """A retry in another process, which knows of no lack of capacity yet, finds the jobs of the tries before."""
    api.existing = [[CAPACITY]]
    first = _deferred(job_task(flexible), context())
    again = _deferred(job_task(flexible), context())
    assert again.trigger.job_name == first.trigger.job_name
    assert len(api.requests("Create")) == 1


def test_type_that_a_person_asked_for_comes_first(
    api: Any, aws: SimpleNamespace, flexible: ModelSpec, training_run: Make, job_task: Make, context: Make
) -> None:
    """The run's own type, from the trigger form, is asked for before the spec's fallbacks are."""
    asked = dataclasses.replace(flexible.resources("train"), instance_type="ml.m5.4xlarge")
    run: TrainingRun = training_run(dataclasses.replace(flexible, step_resources={"train": asked}))
    for existing, expected in (([], "ml.m5.4xlarge"), ([[CAPACITY]], "ml.m5.xlarge")):
        aws.put(KEY, run)
        api.calls.clear()
        api.jobs.clear()
        api.existing = existing
        _deferred(job_task(flexible), context())
        assert _asked_for(api) == expected


@pytest.mark.parametrize(
    ("ran_on", "expected"),
    [
        ("ml.m5.large", retries.CAPACITY_ELSEWHERE),
        ("ml.m5.4xlarge", retries.CAPACITY_ELSEWHERE),
        ("ml.m5.xlarge", retries.CAPACITY_ELSEWHERE),
        ("ml.c5.large", retries.CAPACITY),
    ],
)
def test_lack_of_capacity_is_worth_waiting_for_only_after_the_last_type(
    api: Any, task: SageMakerJobOperator, context: Make, ran_on: str, expected: retries.Fault
) -> None:
    """Where there is a next type to ask for, the next try comes soon; after the last, when there may be room."""
    api.existing, api.instance_type = [[CAPACITY]], ran_on
    with pytest.raises(PassingError) as failed:
        task.execute_complete(context(), {"job_name": "j", "status": "Failed"})
    assert failed.value.fault is expected


@pytest.mark.usefixtures("run")
def test_lack_of_capacity_without_another_type_is_waited_out(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """A spec that names no other type waits for its only one."""
    api.existing = [[CAPACITY]]
    with pytest.raises(PassingError) as failed:
        job_task(churn).execute_complete(context(), {"job_name": "j", "status": "Failed"})
    assert failed.value.fault is retries.CAPACITY


def test_a_next_type_is_tried_soon() -> None:
    """Within a minute on every try, where a lack of capacity is otherwise waited out for minutes to an hour."""
    soon = [retries.delay_s(retries.CAPACITY_ELSEWHERE, number, identity="a") for number in (1, 2, 3)]
    late = [retries.delay_s(retries.CAPACITY, number, identity="a") for number in (1, 2, 3)]
    assert max(soon) <= 60
    assert min(late) >= 150
