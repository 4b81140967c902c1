"""Row 25: SNS does not take a message."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from perennial import naming
from perennial.callbacks import run_failed
from perennial.flows.common import TRIES
from perennial.flows.drift import drift_dag

from include.specs import codec, s3_layout
from include.specs.drift import DRIFT
from include.specs.incidents import NOTICES, NoticeReport
from include.specs.job import DETECT_DRIFT
from include.specs.run import MonitoringRun, Provenance
from laptop.settings import TOPIC_PREFIX
from tests.faults.aws_rows import DAY, ready
from tests.faults.flow import Flow, Run, small
from tests.faults.place import Place
from tests.shared.drift_report import report_of

pytestmark = pytest.mark.row(25, "SNS refuses", "the flow's result stands; the failed notice is on record")


@pytest.fixture(scope="module")
def flow(account: Place, model_name: Callable[[], str]) -> Flow:
    """One model for all tests here, none of which asks for more of it than something to tell."""
    return Flow(spec=small(model_name()), place=account)


@pytest.fixture(scope="module")
def registered(flow: Flow) -> Run:
    return ready(flow, before="resolve").finish_until("notify")


@pytest.fixture
def trained(registered: Run) -> Run:
    """A run that has done everything but tell, and has not tried that yet."""
    return dataclasses.replace(registered, states=dict(registered.states), tries={})


@pytest.fixture
def watched(flow: Flow) -> Run:
    """A day's run of the drift flow that has found drift, and has told nobody yet."""
    dag_id, run_id = f"{flow.spec.name}_drift", "scheduled__1"
    name = naming.run_slug(dag_id, run_id)
    origin = Provenance(run=name, dag_id=dag_id, run_id=run_id)
    day = MonitoringRun(model=flow.spec, provenance=origin, date=DAY, version=1, baseline_run="earlier", captured=())
    key = s3_layout.experiment(flow.spec.name, name) + "run.json"
    flow.put(key, codec.encode(day))
    flow.put(s3_layout.monitoring(flow.spec.name, DAY) + DRIFT, codec.encode(report_of("drift", date=DAY)))
    done = dict.fromkeys(
        ("find_traffic", DETECT_DRIFT.name, "publish_metrics", f"{DETECT_DRIFT.name}_branch"), "success"
    )
    return Run(
        build=lambda: drift_dag(flow.spec),
        context={"run_id": run_id, "run_type": "scheduled"},
        states=done,
        results={"find_traffic": {"config_key": key}},
    )


@pytest.fixture(autouse=True)
def _nothing_told(flow: Flow) -> None:
    """What an earlier test told of the run is no record of this one."""
    for key in flow.keys("experiments"):
        if NOTICES in key:
            flow.remove(key)


def _record(flow: Flow) -> NoticeReport:
    [key] = [key for key in flow.keys("experiments") if NOTICES in key]
    return flow.read_as(NoticeReport, key)


def test_a_topic_that_refuses_changes_no_result(flow: Flow, trained: Run) -> None:
    """The version is registered, the run succeeds, and the message that nobody got lies beside its reports.

    Fails when `NotifyOperator` raises what SNS answers, or `send` writes no record of what it could not send.
    """
    flow.place.switch_on("error", service="sns", operation="Publish", code="AuthorizationError", status=403, times=None)
    assert trained.execute("notify") == {"message_id": None}
    assert trained.states["notify"] == "success"
    assert len(flow.packages()) == 1
    record = _record(flow)
    assert record.message_id is None
    assert "AuthorizationError" in str(record.error)
    assert record.body["version"] == 1


def test_a_topic_that_is_away_is_asked_again(
    flow: Flow, trained: Run, inbox: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that may pass is another try; the message is sent once, and its record says so then.

    Fails when `NotifyOperator` takes every fault for final, or `send` does not look at the record.
    """
    monkeypatch.setattr("perennial.hooks.aws.CALL_RETRIES", {"mode": "standard", "max_attempts": 1})
    listen = inbox(flow)
    flow.place.switch_on("error", service="sns", operation="Publish", code="InternalError", status=500, times=2)
    with pytest.raises(ClientError, match="InternalError"):
        trained.execute("notify")
    assert "InternalError" in str(_record(flow).error)
    flow.place.switch_off()
    for _ in range(2):
        trained.execute("notify")
    [message] = listen()
    assert _record(flow).message_id == message["MessageId"]


@pytest.fixture
def _away(flow: Flow) -> None:
    """SNS answers, each time, that something is wrong with it."""
    flow.place.switch_on("error", service="sns", operation="Publish", code="InternalError", status=500, times=None)


@pytest.fixture
def _no_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has made the model's topic, or somebody has deleted it."""
    monkeypatch.setenv("AIRFLOW__PERENNIAL__TOPIC_PREFIX", f"{TOPIC_PREFIX}forgotten-")


@pytest.fixture
def _no_fifo_topic(_no_topic: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__PERENNIAL__TOPIC_SUFFIX", ".fifo")


@pytest.mark.parametrize("what", ["_away", "_no_topic", "_no_fifo_topic"])
@pytest.mark.parametrize(("of", "task_id"), [("trained", "notify"), ("watched", "alert")])
def test_a_topic_that_is_away_to_the_last_changes_no_result(
    flow: Flow, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, of: str, task_id: str, what: str
) -> None:
    """After the last try the task has told nobody, has succeeded, and its message is on record: a training's verdict as
    well as a day's, whose request for a training is made all the same.

    Fails when `deliver` does not ask whether a try is the last (`is_last_try`), or `send` writes no record.
    """
    monkeypatch.setattr("perennial.hooks.aws.CALL_RETRIES", {"mode": "standard", "total_max_attempts": 1})
    run: Run = request.getfixturevalue(of)
    request.getfixturevalue(what)
    for _ in range(TRIES - 1):
        with pytest.raises(ClientError, match="Publish"):
            run.execute(task_id)
    assert run.execute(task_id) == {"message_id": None}
    assert run.tries[task_id].number == TRIES
    assert set(run.finish().states.values()) <= {"success", "skipped"}
    assert task_id == "notify" or run.events[f"retrain:{flow.spec.name}"]
    record = _record(flow)
    assert (record.message_id, record.body["model"]) == (None, flow.spec.name)
    assert "Publish" in str(record.error)


def test_a_failure_that_cannot_be_told_is_on_record(flow: Flow) -> None:
    """The callback raises nothing, whatever SNS answers.

    Fails when `_tell` lets an exception out (`perennial.callbacks`), or `send` writes no record.
    """
    flow.place.switch_on("error", service="sns", code="AuthorizationError", status=403, times=None)
    run_failed(flow.spec)(flow.training("manual__2").failure_context("resolve"))
    record = _record(flow)
    assert (record.message_id, record.body["run_id"]) == (None, "manual__2")
