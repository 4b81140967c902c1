"""Where there is no capacity for an instance type, the next generation of a job asks for the spec's next."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from botocore.exceptions import ClientError
from perennial import retries
from perennial.failures import PassingError
from perennial.hooks.jobs import OWNER_TAG
from perennial.operators.jobs import SageMakerJobOperator

from include.specs.job import StepResources
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun
from tests.shared.airflow_context import NEXT_TRY, TRY, Try

Make = Callable[..., Any]
KEY = "experiments/churn/manual-1-abc/run.json"
CAPACITY, BUG, STOPPED = "Failed: CapacityError: no room", "Failed: InternalServerError: sorry", "Stopped"
NO_SPOT = "Stopped: MaxWaitTimeExceeded"
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
        ([(CAPACITY, "ml.m5.large")], "ml.m5.xlarge"),
        ([(CAPACITY, "ml.m5.large"), (CAPACITY, "ml.m5.xlarge")], "ml.c5.large"),
        ([(CAPACITY, "ml.m5.large"), (CAPACITY, "ml.m5.xlarge"), (CAPACITY, "ml.c5.large")], "ml.m5.large"),
        # The first was passed over: the account might run no more of it.
        ([(CAPACITY, "ml.m5.xlarge")], "ml.c5.large"),
        # One that a run was given when it was first resolved.
        ([(CAPACITY, "ml.p3.2xlarge")], "ml.m5.large"),
        ([(NO_SPOT, "ml.m5.large"), (CAPACITY, "ml.m5.xlarge")], "ml.c5.large"),
        ([(BUG, "ml.m5.large")], "ml.m5.large"),
        ([(STOPPED, "ml.m5.large")], "ml.m5.large"),
        ([(CAPACITY, "ml.m5.large"), (BUG, "ml.m5.xlarge"), (STOPPED, "ml.m5.xlarge")], "ml.m5.xlarge"),
    ],
)
def test_generation_asks_for_the_next_type(
    api: Any, task: SageMakerJobOperator, context: Make, ended: list[tuple[str, str]], expected: str
) -> None:
    """The one after that on which the try's own job last found no room, and after the last the first again; nothing
    else counts.
    """
    api.tags[OWNER_TAG] = TRY
    api.existing, api.existing_on = [[status] for status, _ in ended], [wanted for _, wanted in ended]
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
        api.existing, api.tags = existing, {OWNER_TAG: TRY}
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
        api.existing, api.existing_on, api.tags = existing, ["ml.m5.4xlarge"] * len(existing), {OWNER_TAG: TRY}
        _deferred(job_task(flexible), context())
        assert _asked_for(api) == expected


def _resumed(task: SageMakerJobOperator, context: Make, name: str) -> dict[str, str]:
    """What the task returns once its trigger has seen the end of the job."""
    return task.execute_complete(context(), {"job_name": name, "status": "Failed"})


def _all_waits(task: SageMakerJobOperator, context: Make) -> list[str | retries.Fault]:
    """The jobs that one try waited for, one after the other, and the fault that it failed with."""
    waits = [_deferred_or_failed(lambda: task.execute(context()))]
    while isinstance(waits[-1], str):
        name = waits[-1]
        waits.append(_deferred_or_failed(lambda name=name: _resumed(task, context, name)))
    return waits


@pytest.mark.parametrize("ended", [CAPACITY, NO_SPOT])
def test_next_type_is_asked_for_within_the_try(api: Any, task: SageMakerJobOperator, context: Make, ended: str) -> None:
    """As long as there is one. A lack of all of them fails the try, which is worth waiting for a long time after."""
    api.created = [ended]
    waits = _all_waits(task, context)
    assert list(api.asked_for.values()) == ["ml.m5.large", *FALLBACKS]
    assert waits[-1] is retries.CAPACITY


@pytest.mark.parametrize("own", FALLBACKS)
def test_type_that_is_also_a_fallback_is_asked_for_once(
    api: Any, aws: SimpleNamespace, flexible: ModelSpec, training_run: Make, job_task: Make, context: Make, *, own: str
) -> None:
    """A run may be given one of them as its own: the others follow it within the try, and the try ends."""
    asked = dataclasses.replace(flexible.resources("train"), instance_type=own)
    aws.put(KEY, training_run(dataclasses.replace(flexible, step_resources={"train": asked})))
    api.created = [CAPACITY]
    _all_waits(job_task(flexible), context)
    assert list(api.asked_for.values()) == [own, *(other for other in FALLBACKS if other != own)]


def _deferred_or_failed(what: Callable[[], Any]) -> str | retries.Fault:
    """The job that is waited for, or the fault that the try failed with."""
    try:
        what()
    except TaskDeferred as deferred:
        return str(deferred.trigger.job_name)
    except PassingError as failed:
        return failed.fault
    pytest.fail("neither waits nor fails")


def test_quota_of_none_after_a_lack_of_capacity_may_pass(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """A fallback that the account may not run leaves the step where it would be without one: it comes back later."""
    api.created, api.none_of = [CAPACITY], FALLBACKS
    assert _all_waits(task, context)[-1] is retries.CAPACITY
    assert list(api.asked_for.values()) == ["ml.m5.large"]


def test_quota_of_none_after_a_lack_of_capacity_says_both(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """Which type had no room, and of which there may be none."""
    api.existing, api.tags, api.none_of = [[CAPACITY]], {OWNER_TAG: TRY}, FALLBACKS
    with pytest.raises(PassingError, match=r"no capacity on ml\.m5\.large, and .*'ml\.c5\.large' is 0 Instances"):
        task.execute(context())


@pytest.mark.parametrize("refused", ["no_more_of", "none_of"])
def test_each_try_begins_with_the_first_type(api: Any, task: SageMakerJobOperator, context: Make, refused: str) -> None:
    """What the try before has not found may be there now, whatever it met with after that."""
    api.existing, api.tags = [[CAPACITY]], {OWNER_TAG: TRY}
    setattr(api, refused, FALLBACKS)
    name = _deferred(task, context(attempt=Try(number=2, id=NEXT_TRY))).trigger.job_name
    assert api.asked_for == {name: "ml.m5.large"}
    assert name.endswith("-2")


def test_try_waits_for_the_quota_of_what_is_left(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """Its own first type had no room a moment ago: it asks for the others again, until they have some."""
    api.existing, api.tags, api.no_more_of = [[CAPACITY]], {OWNER_TAG: TRY}, FALLBACKS
    assert _deferred(task, context()).method_name == "ask_again"
    api.no_more_of = FALLBACKS[:1]
    with pytest.raises(TaskDeferred):
        task.ask_again(context(), None, asked=1)
    assert list(api.asked_for.values()) == [FALLBACKS[1]]


@pytest.mark.usefixtures("holding_its_slot")
def test_next_type_is_asked_for_in_the_worker(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """A task that waits there goes on there, and returns the job that found room."""
    api.created = [CAPACITY]
    api.before_create = lambda: setattr(api, "created", [CAPACITY] if len(api.asked_for) < 2 else ["Completed"])
    assert task.execute(context())["job_name"] == list(api.asked_for)[-1]
    assert list(api.asked_for.values()) == ["ml.m5.large", *FALLBACKS]


@pytest.mark.usefixtures("run", "holding_its_slot")
def test_lack_of_capacity_without_another_type_is_waited_out(
    api: Any, churn: ModelSpec, job_task: Make, context: Make
) -> None:
    """A spec that names no other type waits for its only one."""
    api.created = [CAPACITY]
    with pytest.raises(PassingError) as failed:
        job_task(churn).execute(context())
    assert failed.value.fault is retries.CAPACITY
    assert len(api.asked_for) == 1


@pytest.mark.parametrize(
    ("no_more_of", "expected"), [(("ml.m5.large",), "ml.m5.xlarge"), (("ml.m5.large", "ml.m5.xlarge"), "ml.c5.large")]
)
def test_type_of_which_there_may_be_no_more_is_passed_over(
    api: Any, task: SageMakerJobOperator, context: Make, no_more_of: tuple[str, ...], expected: str
) -> None:
    """A quota is a type's own: the next one has another. It is the same generation, since no job was there."""
    api.no_more_of = no_more_of
    name = _deferred(task, context()).trigger.job_name
    assert api.asked_for == {name: expected}
    assert name == api.names("Describe")[0]


def test_quota_of_the_last_type_is_waited_for(api: Any, task: SageMakerJobOperator, context: Make) -> None:
    """Other jobs end; then each type is asked for again, in the same order."""
    api.no_more_of = ("ml.m5.large", *FALLBACKS)
    assert _deferred(task, context()).method_name == "ask_again"
    api.no_more_of = ("ml.m5.large",)
    with pytest.raises(TaskDeferred):
        task.ask_again(context(), None, asked=1)
    assert list(api.asked_for.values()) == ["ml.m5.xlarge"]


def test_other_refusals_are_the_same_for_each_type(
    api: Any, task: SageMakerJobOperator, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And are told at once."""

    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "CreateTrainingJob")

    monkeypatch.setattr(api, "before_create", refuse)
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        task.execute(context())
    assert len(api.requests("Create")) == 1
