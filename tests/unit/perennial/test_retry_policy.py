"""What Airflow is told after a failure: the table's word, for the task instance that failed."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from airflow.sdk import BaseOperator
from airflow.sdk.execution_time import task_runner
from botocore.exceptions import ClientError
from perennial import retries
from perennial.failures import failed
from perennial.retries import TABLE, Fault, delay_s

policies = pytest.importorskip(
    "perennial.retry_policy", reason="Airflow has retry policies from 3.3 on", exc_type=ImportError
)

PACE = "AIRFLOW__PERENNIAL__RETRY_PACE"
STAYING = [fault for fault in TABLE if not fault.passes]
PASSING = [fault for fault in TABLE if fault.passes]
TI = SimpleNamespace(dag_id="churn_training", run_id="manual__1", task_id="resolve", map_index=-1)
IDENTITY = "churn_training manual__1 resolve -1"


@pytest.fixture(autouse=True)
def _usual_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PACE, raising=False)


def _decision(error: BaseException, try_number: int = 1, ti: Any = TI) -> Any:
    return policies.ByFault().evaluate(error, try_number, 3, {"ti": ti})


@pytest.mark.parametrize("fault", STAYING, ids=lambda fault: fault.name)
def test_what_stays_ends_the_task(fault: Fault) -> None:
    """At once, and the task instance says what to do."""
    decision = _decision(failed("no", fault))
    assert decision.action.value == "fail"
    assert decision.reason == f"{fault.name}: {fault.advice}"


@pytest.mark.parametrize("try_number", [1, 2, 3])
@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{fault.name} {fault.first_s}")
def test_what_may_pass_is_waited_for(fault: Fault, try_number: int) -> None:
    """As long as the table says of this try of this task instance."""
    decision = _decision(failed("not now", fault), try_number)
    assert decision.action.value == "retry"
    assert decision.retry_delay == dt.timedelta(seconds=delay_s(fault, try_number, identity=IDENTITY))
    assert decision.reason.startswith(f"{fault.name}: next try in ")


@pytest.mark.parametrize(
    ("code", "action"), [("ThrottlingException", "retry"), ("AccessDeniedException", "fail"), ("Nonsense", "retry")]
)
def test_error_of_aws_needs_no_wrapping(code: str, action: str) -> None:
    """What botocore raises is judged as it is."""
    assert _decision(ClientError({"Error": {"Code": code}}, "Publish")).action.value == action


@pytest.mark.parametrize("other", ["dag_id", "run_id", "task_id", "map_index"])
def test_each_task_instance_has_a_wait_of_its_own(other: str) -> None:
    """Those that failed together differ in something, and come back apart."""
    another = SimpleNamespace(**{**vars(TI), other: 7})
    error = failed("not now", retries.THROTTLING)
    assert _decision(error, ti=another).retry_delay != _decision(error).retry_delay


def test_failure_without_context_is_judged_too() -> None:
    """Airflow may give none."""
    decision = policies.ByFault().evaluate(failed("not now", retries.THROTTLING), 1, 3)
    assert dt.timedelta(seconds=2.5) <= decision.retry_delay <= dt.timedelta(seconds=5)


@pytest.mark.parametrize("pace", [0.0, 0.01, 2.0])
def test_pace_multiplies_every_wait(monkeypatch: pytest.MonkeyPatch, pace: float) -> None:
    """A laptop does not wait an hour for capacity that nobody else can take."""
    error = failed("no room", retries.CAPACITY)
    usual = _decision(error).retry_delay
    monkeypatch.setenv(PACE, str(pace))
    assert _decision(error).retry_delay.total_seconds() == pytest.approx(usual.total_seconds() * pace)


def _said_by_airflow(error: BaseException) -> Any:
    """What Airflow's own task runner makes of the policy of a task that has failed."""
    task = BaseOperator(task_id="resolve", retry_policy=policies.ByFault())
    ti = SimpleNamespace(**vars(TI), task=task, try_number=2, _ti_context_from_server=SimpleNamespace(max_tries=3))
    return task_runner._evaluate_retry_policy(ti, error, structlog.get_logger(), {"ti": ti})


def test_airflow_calls_it() -> None:
    """With its own arguments, in its own order."""
    wait_s = delay_s(retries.THROTTLING, 2, identity=IDENTITY)
    assert _said_by_airflow(failed("not now", retries.THROTTLING)).retry_delay == dt.timedelta(seconds=wait_s)


def test_pace_that_cannot_be_read_leaves_airflows_own_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in an option costs the better wait, and nothing else."""
    monkeypatch.setenv(PACE, "soon")
    assert _said_by_airflow(failed("not now", retries.THROTTLING)) is None
