"""A failed run is told once: whose it is, where to look, why it failed, what to do."""

import json
import socketserver
import threading
import uuid
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from airflow.callbacks.callback_requests import DagCallbackRequest, DagRunContext
from airflow.dag_processing import processor
from airflow.sdk import DAG
from airflow.sdk.api.datamodels._generated import DagRunType
from perennial import failures, naming, retries
from perennial.callbacks import _NO_BUCKET, _NO_RECORD, run_failed
from perennial.operators.base import FlowOperator

from include.specs.model import ModelSpec

Make = Callable[..., Any]
Inbox = Callable[[], list[dict[str, Any]]]
SLUG = naming.run_slug("churn_training", "manual__1")
NOTICE = f"experiments/churn/{SLUG}/notices/run-failed-{{}}.json"


@pytest.fixture
def dag(churn: ModelSpec) -> DAG:
    """A DAG that tells of its failures, with two tasks that may fail."""
    with DAG("churn_training", schedule=None, on_failure_callback=run_failed(churn)) as dag:
        FlowOperator(task_id="resolve", spec=churn) >> FlowOperator(task_id="register", spec=churn)
    return dag


@pytest.fixture
def inbox(listen: Callable[..., Inbox], monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://127.0.0.1:8080")
    return listen("perennial-churn")


@pytest.fixture
def failed_run(dag: DAG, context: Make) -> Callable[..., dict[str, Any]]:
    """What Airflow hands to a callback of a run in which a task failed."""

    def make(
        task_id: str = "register", *, reason: str = "task_failure", cleared: int = 0, run_type: str = "manual"
    ) -> dict[str, Any]:
        made = context(run_type=run_type)
        made["dag_run"].clear_number = cleared
        ti = SimpleNamespace(task_id=task_id)
        return {"dag": dag, "run_id": "manual__1", "dag_run": made["dag_run"], "ti": ti, "reason": reason}

    return make


@pytest.fixture
def record(dag: DAG, context: Make) -> Callable[..., None]:
    """Leaves the record of a failed try."""

    def put(fault: retries.Fault, message: str, *, task_id: str = "register") -> None:
        failures.record(dag.get_task(task_id), context(), fault, message)

    return put


def _tell(spec: ModelSpec, context: dict[str, Any]) -> None:
    run_failed(spec)(context)


def _message(inbox: Inbox) -> dict[str, Any]:
    [envelope] = inbox()
    found: dict[str, Any] = json.loads(envelope["Message"])
    return found


def test_failed_run_is_told(churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make) -> None:
    """One message says all that a person on duty has to know."""
    record(retries.DENIED, "ClientError: not authorized to perform sagemaker:CreateModelPackage")
    _tell(churn, failed_run())
    [envelope] = inbox()
    assert envelope["Subject"] == "churn: churn_training failed (denied)"
    assert json.loads(envelope["Message"]) == {
        "model": "churn",
        "owner": f"{churn.owner.name} <{churn.owner.email}>",
        "dag_id": "churn_training",
        "run_id": "manual__1",
        "run": "http://127.0.0.1:8080/dags/churn_training/runs/manual__1",
        "task_id": "register",
        "fault": "denied",
        "cause": "ClientError: not authorized to perform sagemaker:CreateModelPackage",
        "advice": retries.DENIED.advice,
        "runbook": "docs/runbook.md#denied",
    }


@pytest.mark.parametrize("run_type", DagRunType)
def test_every_kind_of_run_is_told_of(
    churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make, run_type: DagRunType
) -> None:
    """Also one of a backfill, which has no news but this: nobody else would tell."""
    record(retries.LIMIT, "no quota")
    _tell(churn, failed_run(run_type=run_type.value))
    assert _message(inbox)["fault"] == "limit"


def test_runbook_is_where_the_environment_says(
    churn: ModelSpec, inbox: Inbox, failed_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that a person can open from the mail."""
    monkeypatch.setenv("AIRFLOW__PERENNIAL__RUNBOOK", "https://wiki/runbook")
    _tell(churn, failed_run())
    assert _message(inbox)["runbook"] == "https://wiki/runbook#unexplained"


def test_failed_run_is_told_once(churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make) -> None:
    """Airflow may call again; the first message stands."""
    _tell(churn, failed_run())
    record(retries.DENIED, "later")
    _tell(churn, failed_run())
    assert _message(inbox)["fault"] == "unexplained"


def test_cleared_run_that_failed_again_is_told_again(
    aws: SimpleNamespace, churn: ModelSpec, inbox: Inbox, failed_run: Make
) -> None:
    """Whoever cleared it wants to know."""
    for cleared in (0, 1, 1):
        _tell(churn, failed_run(cleared=cleared))
    assert len(inbox()) == 2
    assert aws.listing() == [NOTICE.format(0), NOTICE.format(1)]


def test_run_without_record_is_not_explained(churn: ModelSpec, inbox: Inbox, failed_run: Make) -> None:
    """A process that is killed says nothing; but it is not the only one, and no more is claimed."""
    _tell(churn, failed_run())
    message = _message(inbox)
    assert (message["fault"], message["task_id"]) == ("unexplained", "register")
    assert message["advice"] == retries.UNEXPLAINED.advice
    assert message["cause"] == f"register: {_NO_RECORD} (Airflow says: task_failure)"


def test_record_of_another_task_is_not_this_ones(
    churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make
) -> None:
    """A task that failed once and then went well is not why the run failed."""
    record(retries.THROTTLING, "slow down", task_id="resolve")
    _tell(churn, failed_run("register"))
    message = _message(inbox)
    assert (message["fault"], message["task_id"]) == ("unexplained", "register")
    assert "slow down" not in json.dumps(message)


def test_record_of_a_task_beside_hides_nothing(churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make) -> None:
    """One that failed for good, and one beside it that failed later, for a while: the first is why the run failed."""
    record(retries.DENIED, "not authorized")
    record(retries.THROTTLING, "slow down", task_id="resolve")
    _tell(churn, failed_run("register"))
    message = _message(inbox)
    assert (message["task_id"], message["fault"], message["cause"]) == ("register", "denied", "not authorized")


def test_record_of_another_try_is_not_the_last_ones(
    churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make
) -> None:
    """A try that was throttled, and then one that was killed: the run failed because of the second."""
    record(retries.THROTTLING, "slow down")
    context = failed_run()
    context["ti"].try_number = 4
    _tell(churn, context)
    assert _message(inbox)["fault"] == "unexplained"


@pytest.mark.parametrize("recorded", [False, True])
def test_run_that_took_too_long_says_so(
    churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make, recorded: bool
) -> None:
    """Whatever a try left on record before: the run ended because its time did."""
    if recorded:
        record(retries.CAPACITY, "no ml.m5.large")
    _tell(churn, failed_run(reason="timed_out"))
    message = _message(inbox)
    assert (message["fault"], message["advice"]) == ("run-timeout", retries.RUN_TIMEOUT.advice)
    assert message["cause"] == "register: the run took longer than its dagrun_timeout"


def test_least_that_airflow_says_is_enough(churn: ModelSpec, dag: DAG, inbox: Inbox, record: Make) -> None:
    """Without run and task instance, it is told where the records of all its tasks lie."""
    record(retries.LIMIT, "no quota")
    _tell(churn, {"dag": dag, "run_id": "manual__1", "reason": "task_failure"})
    message = _message(inbox)
    assert (message["task_id"], message["fault"]) == (None, "unexplained")
    assert message["cause"] == (
        "the run: Airflow does not say which task failed (task_failure); "
        f"what its tasks have put on record lies in experiments/churn/{SLUG}/failures/"
    )


def test_long_cause_is_cut_and_says_so(churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make) -> None:
    """The end of a job's log may be long; a message has a reader, who is to know that there is more."""
    record(retries.ALGORITHM, "x" * 5_000)
    _tell(churn, failed_run())
    assert _message(inbox)["cause"] == f"{'x' * 4000}… (cut: 5000 characters)"


def test_refusing_sns_raises_nothing(
    aws: SimpleNamespace, churn: ModelSpec, failed_run: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no such topic: the message stays on record, and the log says so."""
    _tell(churn, failed_run())
    record = json.loads(aws.get(NOTICE.format(0)))
    assert record["message_id"] is None
    assert "NotFound" in record["error"]
    assert "The failure of a run of churn could not be told" in caplog.text


@pytest.mark.parametrize("option", ["ROLE_ARN", "IMAGE"])
def test_missing_option_is_told(
    churn: ModelSpec, inbox: Inbox, failed_run: Make, record: Make, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """A run that failed for it is told like any other: telling needs neither."""
    monkeypatch.delenv(f"AIRFLOW__PERENNIAL__{option}")
    record(retries.CONFIGURATION, f"AIRFLOW__PERENNIAL__{option} must be set")
    _tell(churn, failed_run())
    message = _message(inbox)
    assert (message["fault"], message["runbook"]) == ("configuration", "docs/runbook.md#configuration")
    assert message["cause"] == f"AIRFLOW__PERENNIAL__{option} must be set"


def test_missing_bucket_is_told(
    aws: SimpleNamespace, churn: ModelSpec, inbox: Inbox, failed_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a bucket there is no record of why, and none of the message: the message says so itself."""
    monkeypatch.delenv("AIRFLOW__PERENNIAL__BUCKET")
    _tell(churn, failed_run())
    message = _message(inbox)
    assert (message["fault"], message["cause"]) == ("configuration", f"register: {_NO_BUCKET}")
    assert aws.listing() == []


def test_missing_topic_is_on_record(
    aws: SimpleNamespace,
    churn: ModelSpec,
    failed_run: Make,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody can be told: the message lies with the run's reports, and the log says which run it was."""
    monkeypatch.delenv("AIRFLOW__PERENNIAL__TOPIC_PREFIX")
    _tell(churn, failed_run())
    found = json.loads(aws.get(NOTICE.format(0)))
    assert "AIRFLOW__PERENNIAL__TOPIC_PREFIX must be set" in found["error"]
    assert (found["message_id"], found["subject"]) == (None, "churn: churn_training failed (unexplained)")
    assert "The failure of a run of churn could not be told: manual__1" in caplog.text


def test_missing_settings_raise_nothing(
    churn: ModelSpec, failed_run: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where there is neither bucket nor topic, the log has the message."""
    for option in ("BUCKET", "TOPIC_PREFIX"):
        monkeypatch.delenv(f"AIRFLOW__PERENNIAL__{option}", raising=False)
    _tell(churn, failed_run())
    assert "AIRFLOW__PERENNIAL__TOPIC_PREFIX must be set" in caplog.text
    assert _NO_BUCKET in caplog.text


def test_failed_run_is_told_though_s3_is_what_failed(
    aws: SimpleNamespace, churn: ModelSpec, inbox: Inbox, failed_run: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Without its reason, which nobody could write or read; the log says why there is no record."""
    aws.s3.delete_bucket(Bucket="lake")
    _tell(churn, failed_run())
    assert _message(inbox)["task_id"] == "register"
    assert "NoSuchBucket" in caplog.text


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """S3 and SNS that take every request and answer none, and callers that soon give up; how each request begins."""
    heard: list[bytes] = []

    class Mute(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(4))
            while self.request.recv(4096):
                pass

    for name in ("CALL_TIMEOUTS", "CALLBACK_TIMEOUTS"):
        monkeypatch.setattr(f"perennial.hooks.aws.{name}", {"connect_timeout": 0.2, "read_timeout": 0.2})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mute) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        for service in ("S3", "SNS"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{server.server_address[1]}")
        yield heard
        server.shutdown()


@pytest.mark.usefixtures("aws")
def test_callback_gives_up_on_a_silent_aws(
    churn: ModelSpec, failed_run: Make, silent: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Each of its calls is tried as often as its arithmetic says, and no others are made."""
    _tell(churn, failed_run())
    attempts = retries.CALLBACK_RETRIES["total_max_attempts"]
    # The cause and the notice are read, the notice is sent, its record is written.
    assert silent == [b"GET "] * 2 * attempts + [b"POST"] * attempts + [b"PUT "] * attempts
    assert len(silent) == retries.CALLBACK_CALLS * attempts
    assert "Read timeout on endpoint URL" in caplog.text


def test_unexpected_context_raises_nothing(churn: ModelSpec, caplog: pytest.LogCaptureFixture, inbox: Inbox) -> None:
    """Nor a context of another version of Airflow."""
    _tell(churn, {})
    assert inbox() == []
    assert "could not be told" in caplog.text


def _called_by_airflow(dag: DAG, context: DagRunContext | None) -> None:
    """Let Airflow's DAG processor call the callback, out of what the scheduler sends it."""
    request = DagCallbackRequest(
        filepath="training.py",
        bundle_name="dags",
        bundle_version=None,
        dag_id=dag.dag_id,
        run_id="manual__1",
        context_from_server=context,
        is_failure_callback=True,
        msg="task_failure",
    )
    processor._execute_dag_callbacks(SimpleNamespace(dags={dag.dag_id: dag}), request, structlog.get_logger())


def test_airflow_calls_it_with_a_task(
    aws: SimpleNamespace, dag: DAG, inbox: Inbox, record: Make, failed_run: Make
) -> None:
    """With the context that the DAG processor makes, run and task are known."""
    record(retries.DENIED, "not authorized")
    run = {**failed_run(cleared=2)["dag_run"].model_dump(), "consumed_asset_events": []}
    ti = {"id": uuid.uuid4(), "dag_version_id": uuid.uuid4(), "task_id": "register", "try_number": 1, "map_index": -1}
    ti |= {"dag_id": dag.dag_id, "run_id": "manual__1", "state": "failed"}
    _called_by_airflow(dag, DagRunContext.model_validate({"dag_run": run, "last_ti": ti}))
    assert _message(inbox)["task_id"] == "register"
    assert NOTICE.format(2) in aws.listing()


def test_airflow_calls_it_without_a_task(dag: DAG, inbox: Inbox) -> None:
    """Where the scheduler sent none, the run is told all the same."""
    _called_by_airflow(dag, None)
    assert _message(inbox)["run_id"] == "manual__1"
