"""Waiting in the triggerer: fires once the job has ended, however it ended."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
import boto3
import pytest
from airflow.sdk import serde
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.module_loading import import_string
from airflow.triggers.base import TriggerEvent
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from moto.server import ThreadedMotoServer
from perennial.hooks.jobs import OWNER_TAG
from perennial.triggers.jobs import SageMakerJobTrigger

ARGUMENTS: dict[str, Any] = {
    "job_name": "churn-train-x",
    "kind": "training",
    "owner": "me",
    "stop_on_kill": True,
    "connection": "aws_default",
    "region": "eu-west-1",
    "poll_interval_s": 0.0,
    "first_look": 0.0,
}


class AsyncSageMaker:
    """Answers with one status, or error, after the other, and keeps what it was asked."""

    def __init__(self, *statuses: str | Exception, owner: str = "me") -> None:
        self.statuses, self.owner, self.calls = list(statuses), owner, []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.calls.append(("close", {}))

    async def describe_training_job(self, **request: str) -> dict[str, str]:
        self.calls.append(("describe", request))
        return {"TrainingJobStatus": self._next(), "TrainingJobArn": "arn:x"}

    async def list_tags(self, **request: str) -> dict[str, Any]:
        self.calls.append(("tags", request))
        return {"Tags": [{"Key": OWNER_TAG, "Value": self.owner}]}

    async def stop_training_job(self, **request: str) -> None:
        self.calls.append(("stop", request))
        if self.statuses:
            self._next()

    def _next(self) -> str:
        status = self.statuses.pop(0) if self.statuses else pytest.fail("was asked once more than it should have been")
        if isinstance(status, Exception):
            raise status
        return status


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Puts `client`, or one of `clients` after the other, where a connection would give one; keeps what the hook was
    made with.
    """
    kept: dict[str, Any] = {"clients": []}

    class Hook:
        def __init__(self, **arguments: Any) -> None:
            kept.update(arguments)

        async def get_async_conn(self) -> Any:
            client = kept["clients"].pop(0) if kept["clients"] else kept["client"]
            if isinstance(client, Exception):
                raise client
            return client

    monkeypatch.setattr("perennial.triggers.jobs.AwsHook", Hook)
    return kept


def _refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeTrainingJob")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the trigger wants to wait, which it does not."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("perennial.triggers.jobs.asyncio.sleep", sleep)
    return found


def _events(trigger: SageMakerJobTrigger) -> list[TriggerEvent]:
    async def collect() -> list[TriggerEvent]:
        return [event async for event in trigger.run()]

    return asyncio.run(collect())


@pytest.mark.parametrize("stop_on_kill", [True, False])
def test_trigger_survives_the_database(stop_on_kill: bool) -> None:
    """Path and arguments, through Airflow's own serialisation, make the same trigger again."""
    path, arguments = SageMakerJobTrigger(**{**ARGUMENTS, "stop_on_kill": stop_on_kill}).serialize()
    again = import_string(path)(**serde.deserialize(serde.serialize(arguments)))
    assert isinstance(again, SageMakerJobTrigger)
    assert again.serialize() == (path, {**ARGUMENTS, "stop_on_kill": stop_on_kill})


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_trigger_fires_however_the_job_ended(hooks: dict[str, Any], status: str) -> None:
    """Every end is an event, exactly one, with the job's name and how it ended."""
    hooks["client"] = AsyncSageMaker("InProgress", "Stopping", status)
    events = _events(SageMakerJobTrigger(**ARGUMENTS))
    assert [event.payload for event in events] == [{"job_name": "churn-train-x", "status": status}]
    described = ("describe", {"TrainingJobName": "churn-train-x"})
    assert hooks["client"].calls == [described, described, described, ("close", {})]


def test_trigger_asks_where_the_operator_asked(hooks: dict[str, Any]) -> None:
    """Connection and region are those that were carried along."""
    hooks["client"] = AsyncSageMaker("Completed")
    _events(SageMakerJobTrigger(**{**ARGUMENTS, "connection": "another", "region": "us-west-2"}))
    assert (hooks["aws_conn_id"], hooks["region_name"]) == ("another", "us-west-2")
    assert hooks["config"].retries["mode"] == "standard"


@pytest.mark.parametrize(
    ("first_look", "waited_s"), [(1012.0, 12.0), (1015.0, 15.0), (990.0, 0.0), (5000.0, 15.0)], ids=str
)
def test_trigger_waits_before_each_look(
    hooks: dict[str, Any], slept: list[float], monkeypatch: pytest.MonkeyPatch, first_look: float, waited_s: float
) -> None:
    """It sleeps until the first look is due, an interval at most, then an interval between looks, never at the end."""
    monkeypatch.setattr("perennial.triggers.jobs.time.time", lambda: 1000.0)
    hooks["client"] = AsyncSageMaker("InProgress", "InProgress", "Completed")
    _events(SageMakerJobTrigger(**{**ARGUMENTS, "poll_interval_s": 15.0, "first_look": first_look}))
    assert slept == [waited_s, 15.0, 15.0]


PASSING = [
    _refusal("ThrottlingException"),
    _refusal("InternalFailure"),
    _refusal("ExpiredTokenException"),
    ReadTimeoutError(endpoint_url="https://api.sagemaker"),
    EndpointConnectionError(endpoint_url="https://api.sagemaker"),
    aiohttp.ServerDisconnectedError(),
]
STAYING = [(_refusal("AccessDeniedException"), "denied"), (_refusal("ValidationException"), "refused")]
UNKNOWN = [_refusal("Nonsense"), KeyError("x")]


def _kind(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


@pytest.mark.parametrize("error", PASSING, ids=_kind)
def test_passing_fault_is_waited_out(hooks: dict[str, Any], slept: list[float], error: Exception) -> None:
    """The job goes on meanwhile. Another client looks next, with the credentials that there are then."""
    first, second = AsyncSageMaker("InProgress", error), AsyncSageMaker("InProgress", "Completed")
    hooks["clients"] = [first, second]
    [event] = _events(SageMakerJobTrigger(**{**ARGUMENTS, "poll_interval_s": 15.0}))
    assert event.payload["status"] == "Completed"
    assert [name for name, _ in first.calls] == [name for name, _ in second.calls] == ["describe", "describe", "close"]
    # Before the first look, which is long due, between looks, and after the fault.
    assert slept == [0.0, 15.0, 15.0, 15.0]


@pytest.mark.parametrize("error", PASSING, ids=_kind)
def test_client_that_cannot_be_made_yet_is_waited_for(hooks: dict[str, Any], error: Exception) -> None:
    """Making one may take a call too, to a role's credentials say; and may fail several times in a row."""
    hooks["clients"] = [error, error, AsyncSageMaker("Failed")]
    [event] = _events(SageMakerJobTrigger(**ARGUMENTS))
    assert event.payload["status"] == "Failed"


@pytest.mark.parametrize(("error", "fault"), STAYING, ids=str)
def test_fault_that_stays_ends_the_wait(hooks: dict[str, Any], error: ClientError, fault: str) -> None:
    """The task hears what it is and what AWS said: a trigger that raises says nothing of either."""
    hooks["client"] = AsyncSageMaker("InProgress", error)
    [event] = _events(SageMakerJobTrigger(**ARGUMENTS))
    assert event.payload == {"job_name": "churn-train-x", "fault": fault, "error": f"ClientError: {error}"}
    assert hooks["client"].calls[-1] == ("close", {})


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFound"])
def test_job_that_was_deleted_ends_the_wait(hooks: dict[str, Any], code: str) -> None:
    """That is no fault of the request: the task looks for itself, and says what it finds."""
    hooks["client"] = AsyncSageMaker("InProgress", "Deleting", _refusal(code, "Requested resource not found."))
    [event] = _events(SageMakerJobTrigger(**ARGUMENTS))
    assert event.payload == {"job_name": "churn-train-x", "status": "unknown"}
    assert hooks["client"].calls[-1] == ("close", {})


@pytest.mark.parametrize("error", UNKNOWN, ids=_kind)
def test_fault_that_nobody_knows_ends_the_wait(hooks: dict[str, Any], error: Exception) -> None:
    """With its traceback in the triggerer's log, and the client is closed."""
    hooks["client"] = AsyncSageMaker("InProgress", error)
    with pytest.raises(type(error)) as raised:
        _events(SageMakerJobTrigger(**ARGUMENTS))
    assert raised.value is error
    assert hooks["client"].calls[-1] == ("close", {})


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Has Airflow answer the trigger that its task is in a state, or as a function does; `failed` at first."""

    def answer(how: Any) -> None:
        def ask(run_ids: list[str], task_ids: list[str], **_: Any) -> dict[str, dict[str, Any]]:
            state = how() if callable(how) else how
            return {} if state == "no such task" else {run_ids[0]: {task_ids[0]: state}}

        monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", ask)

    answer("failed")
    return answer


def _kill(**arguments: Any) -> None:
    asyncio.run(_taken_up(**arguments).on_kill())


def _taken_up(**arguments: Any) -> SageMakerJobTrigger:
    """A trigger at work, which Airflow has told whose it is."""
    trigger = SageMakerJobTrigger(**{**ARGUMENTS, **arguments})
    whose: Any = SimpleNamespace(dag_id="churn_training", run_id="r", task_id="train", map_index=-1)
    trigger.task_instance = whose
    return trigger


ENDED = ("failed", "success", "skipped", "removed", "no such task")
CLEARED = (None, "scheduled", "queued", "running", "restarting", "up_for_retry")


@pytest.mark.parametrize("state", [*ENDED, *CLEARED])
def test_kill_stops_the_job(hooks: dict[str, Any], airflow: Callable[[Any], None], state: str | None) -> None:
    """Whoever marks, clears or deletes a waiting task, or has a run's time run out, stops its job: no process of the
    task is there to do it.
    """
    airflow(state)
    hooks["client"] = AsyncSageMaker("InProgress")
    _kill()
    assert [name for name, _ in hooks["client"].calls] == ["describe", "tags", "stop", "close"]
    assert ("stop", {"TrainingJobName": "churn-train-x"}) in hooks["client"].calls


def test_kill_leaves_a_job_that_is_waited_for(hooks: dict[str, Any], airflow: Callable[[Any], None]) -> None:
    """Another triggerer has the trigger, and the task is as it was: this one had stalled."""
    airflow("deferred")
    hooks["client"] = AsyncSageMaker()
    _kill()
    assert hooks["client"].calls == []


def _raises() -> None:
    raise ConnectionError


def test_kill_leaves_a_job_of_which_airflow_says_nothing(hooks: dict[str, Any], airflow: Callable[[Any], None]) -> None:
    """An error is no answer."""
    airflow(_raises)
    hooks["client"] = AsyncSageMaker()
    _kill()
    assert hooks["client"].calls == []


def test_kill_leaves_a_job_of_which_airflow_says_nothing_in_time(
    hooks: dict[str, Any], airflow: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that comes later stops nothing either."""
    monkeypatch.setattr("perennial.triggers.jobs._ANSWER_S", 0.05)
    let_go = threading.Event()
    airflow(lambda: "failed" if let_go.wait(60) else _raises())
    hooks["client"] = AsyncSageMaker()

    async def killed() -> None:
        await _taken_up().on_kill()
        let_go.set()

    asyncio.run(killed())
    assert hooks["client"].calls == []


@pytest.mark.usefixtures("airflow")
def test_kill_leaves_a_job_that_was_taken_over(hooks: dict[str, Any]) -> None:
    """The next try was faster than the triggerer: the job is its own by now."""
    hooks["client"] = AsyncSageMaker("InProgress", owner="the next try")
    _kill()
    assert [name for name, _ in hooks["client"].calls] == ["describe", "tags", "close"]


def test_kill_leaves_a_job_that_is_to_outlive_its_task(hooks: dict[str, Any]) -> None:
    """Where the DAG says so, nothing is asked of SageMaker."""
    hooks["client"] = AsyncSageMaker()
    _kill(stop_on_kill=False)
    assert hooks["client"].calls == []


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFound"])
def test_kill_of_a_job_that_has_ended_is_no_error(hooks: dict[str, Any], code: str) -> None:
    """There is nothing left to stop."""
    hooks["client"] = AsyncSageMaker("InProgress", _refusal(code))
    _kill()
    assert [name for name, _ in hooks["client"].calls] == ["describe", "tags", "stop", "close"]


@pytest.mark.usefixtures("airflow")
def test_kill_that_was_refused_is_an_error(hooks: dict[str, Any]) -> None:
    """A job that goes on billing is not passed over in silence."""
    hooks["client"] = AsyncSageMaker("InProgress", _refusal("AccessDeniedException"))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        _kill()


def test_trigger_needs_nothing_of_the_specs() -> None:
    """The triggerer does not have the DAG folder on its path."""
    module = sys.modules[SageMakerJobTrigger.__module__]
    assert not [name for name, value in vars(module).items() if getattr(value, "__module__", "").startswith("include")]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """moto's SageMaker behind HTTP, as the default connection."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    yield f"http://{host}:{port}"
    server.stop()


def test_trigger_sees_a_real_job_end(server: str) -> None:
    """Through the provider's own asynchronous client, a finished job fires the trigger."""
    pytest.importorskip("aiobotocore", reason="the provider's asynchronous client is not installed")
    boto3.client("sagemaker", endpoint_url=server).create_training_job(
        TrainingJobName="churn-train-x",
        AlgorithmSpecification={"TrainingInputMode": "File", "TrainingImage": "image"},
        RoleArn="arn:aws:iam::123456789012:role/perennial-jobs",
        OutputDataConfig={"S3OutputPath": "s3://lake/models/"},
        ResourceConfig={"VolumeSizeInGB": 30, "InstanceType": "ml.m5.large", "InstanceCount": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    [event] = _events(SageMakerJobTrigger(**ARGUMENTS))
    assert event.payload == {"job_name": "churn-train-x", "status": "Completed"}


@pytest.mark.usefixtures("airflow")
def test_kill_goes_on_when_it_is_cancelled_itself(hooks: dict[str, Any]) -> None:
    """Airflow cancels a trigger once a second until it has ended: the stop arrives all the same."""

    class Slow(AsyncSageMaker):
        async def describe_training_job(self, **request: str) -> dict[str, str]:
            await asyncio.sleep(0.1)
            return await super().describe_training_job(**request)

    async def killed() -> None:
        killing = asyncio.ensure_future(_taken_up().on_kill())
        while not killing.done():
            await asyncio.sleep(0.01)
            killing.cancel()
        await killing

    hooks["client"] = Slow("InProgress")
    asyncio.run(killed())
    assert ("stop", {"TrainingJobName": "churn-train-x"}) in hooks["client"].calls
