"""What all operators share."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
    AirflowTaskTimeout,
    DownstreamTasksSkipped,
    TaskDeferralError,
    TaskDeferralTimeout,
    TaskDeferred,
)
from botocore.exceptions import ClientError, EndpointConnectionError
from perennial import naming, retries, stamps
from perennial.failures import failed
from perennial.operators import base
from perennial.operators.base import FlowOperator, provenance, required_date, run_date

import include
from include.specs.environment import Environment
from include.specs.errors import PartitionError, SpecError
from include.specs.model import ModelSpec

Make = Callable[..., Any]
RECORD = f"experiments/churn/{naming.run_slug('churn_training', 'manual__1')}/failures/t.json"


class Failing(FlowOperator):
    """A task whose work fails as it is told to."""

    def __init__(self, *, error: BaseException, **kwargs: Any) -> None:
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


def _refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateModelPackage")


def _recorded(aws: SimpleNamespace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws.get(RECORD))
    return found


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (_refusal("ThrottlingException"), "throttling"),
        (_refusal("ResourceLimitExceeded"), "limit"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "service"),
        (failed("no room", retries.CAPACITY), "capacity"),
        (AirflowTaskTimeout("Timeout, PID: 7"), "task-timeout"),
        (KeyError("x"), "unknown"),
        (AirflowException("SageMaker no longer knows it"), "unknown"),
        (AirflowNotFoundException("no connection aws_default"), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_may_pass_is_recorded_and_left_as_it_is(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, error: BaseException, fault: str
) -> None:
    """The retry policy sees the very error, and the run's notice will know of it."""
    with pytest.raises(type(error)) as raised:
        Failing(task_id="t", spec=churn, error=error).execute(context())
    assert raised.value is error
    found = _recorded(aws)
    assert (found["fault"], found["retried"], found["message"]) == (fault, True, str(error))


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (_refusal("AccessDenied"), "denied"),
        (_refusal("ValidationException"), "refused"),
        (PartitionError("no such day"), "data"),
        (SpecError("split.test", "be within (0, 1)", 2), "data"),
        (SpecError("AIRFLOW__PERENNIAL__POLL_INTERVAL_S", "be a number of seconds", "soon"), "configuration"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_stays_is_recorded_and_ends_the_task(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, error: Exception, fault: str
) -> None:
    """On any version of Airflow, with a retry policy or without: the task is not tried again."""
    with pytest.raises(AirflowFailException) as ended:
        Failing(task_id="t", spec=churn, error=error).execute(context())
    assert str(ended.value) == f"{type(error).__name__}: {error}"
    assert ended.value.__cause__ is error
    found = _recorded(aws)
    assert (found["fault"], found["retried"], found["message"]) == (fault, False, str(error))


@pytest.mark.parametrize(
    ("error", "fault"),
    [(failed("exit code 1", retries.ALGORITHM), "algorithm"), (AirflowFailException("no use"), "data")],
    ids=["ours", "airflow's"],
)
def test_what_ends_the_task_already_is_not_wrapped(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, error: Exception, fault: str
) -> None:
    """It is said once, and recorded as what no other try can mend."""
    with pytest.raises(AirflowFailException) as ended:
        Failing(task_id="t", spec=churn, error=error).execute(context())
    assert ended.value is error
    assert (_recorded(aws)["fault"], _recorded(aws)["retried"]) == (fault, False)


@pytest.mark.parametrize(
    "signal",
    [
        AirflowSkipException("a backfill asks for no training"),
        DownstreamTasksSkipped(tasks=["reject"]),
        TaskDeferred(trigger=DateTimeTrigger(dt.datetime(2026, 3, 1, tzinfo=dt.UTC)), method_name="execute_complete"),
    ],
    ids=lambda signal: type(signal).__name__,
)
def test_skipping_branching_and_waiting_are_no_failures(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, signal: BaseException
) -> None:
    """They reach Airflow as they are, and leave nothing on record."""
    with pytest.raises(type(signal)) as raised:
        Failing(task_id="t", spec=churn, error=signal).execute(context())
    assert raised.value is signal
    assert aws.listing() == []


@pytest.mark.parametrize(
    ("said", "error", "recorded"),
    [
        ({"error": "Trigger timeout"}, TaskDeferralTimeout, ("task-timeout", "Trigger timeout")),
        (
            {"error": "Trigger failure", "traceback": ["Traceback …\n", "KeyError: 'job_name'\n"]},
            TaskDeferralError,
            ("unknown", "Trigger failure: KeyError: 'job_name'"),
        ),
        ({"error": "Trigger failure", "traceback": None}, TaskDeferralError, ("unknown", "Trigger failure")),
    ],
    ids=["took too long", "failed", "failed without a word"],
)
def test_wait_that_ended_badly_is_recorded_with_its_cause(
    aws: SimpleNamespace,
    churn: ModelSpec,
    context: Make,
    said: dict[str, Any],
    error: type[Exception],
    recorded: tuple[str, str],
) -> None:
    """Airflow resumes such a task only to fail it; another try may do better."""
    with pytest.raises(error, match=recorded[1]):
        Failing(task_id="t", spec=churn, error=KeyError()).resume_execution("__fail__", said, context())
    found = _recorded(aws)
    assert (found["fault"], found["message"]) == recorded
    assert found["retried"]


def test_failure_after_a_wait_is_recorded_once(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """As of the work before it."""
    task = Failing(task_id="t", spec=churn, error=PartitionError("no such day"))
    with pytest.raises(AirflowFailException) as ended:
        task.resume_execution("perform", {}, context())
    assert str(ended.value) == "PartitionError: no such day"
    assert _recorded(aws)["fault"] == "data"


def test_error_without_words_is_recorded_by_its_kind(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """A cause is never empty."""
    with pytest.raises(TimeoutError):
        Failing(task_id="t", spec=churn, error=TimeoutError()).execute(context())
    assert _recorded(aws)["message"] == "TimeoutError"


def test_record_that_cannot_be_written_hides_no_error(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """The task fails for its own reason."""
    aws.s3.delete_bucket(Bucket="lake")
    with pytest.raises(ClientError, match="ThrottlingException"):
        Failing(task_id="t", spec=churn, error=_refusal("ThrottlingException")).execute(context())


def test_task_without_work_says_so(churn: ModelSpec, context: Make) -> None:
    """An operator that forgot its work is named."""
    with pytest.raises(NotImplementedError, match="FlowOperator does not say"):
        FlowOperator(task_id="t", spec=churn).execute(context())


class Asking(FlowOperator):
    """A task that asks where it is."""

    def perform(self, context: Any) -> Any:  # noqa: ARG002 the operators' signature
        return self.where()


@pytest.mark.parametrize("option", ["ROLE_ARN", "IMAGE", "TOPIC_PREFIX"])
def test_missing_option_is_a_fault_of_its_own(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """It is none of the data's, no other try mends it, and it is on record."""
    monkeypatch.delenv(f"AIRFLOW__PERENNIAL__{option}")
    with pytest.raises(AirflowFailException, match=rf"^SpecError: AIRFLOW__PERENNIAL__{option} must be set"):
        Asking(task_id="t", spec=churn).execute(context())
    found = _recorded(aws)
    assert (found["fault"], found["retried"], found["advice"]) == (
        "configuration",
        False,
        retries.CONFIGURATION.advice,
    )


def test_without_a_bucket_there_is_no_record(
    aws: SimpleNamespace,
    churn: ModelSpec,
    context: Make,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The task ends all the same, for its own reason, and its log has it."""
    monkeypatch.delenv("AIRFLOW__PERENNIAL__BUCKET")
    with pytest.raises(AirflowFailException, match="AIRFLOW__PERENNIAL__BUCKET must be set"):
        Asking(task_id="t", spec=churn).execute(context())
    assert aws.listing() == []
    assert "AIRFLOW__PERENNIAL__BUCKET must be set" in caplog.text


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


@pytest.mark.parametrize(("option", "expected"), [("0123abc", "0123abc"), ("unknown", "of-the-bundle")])
def test_provenance_has_the_code_that_runs(
    where: Environment, context: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str, expected: str
) -> None:
    """By the bundle that it came in, unless an option says it."""
    (tmp_path / stamps.CODE_VERSION).write_text("of-the-bundle\n")
    monkeypatch.setattr(include, "__file__", str(tmp_path / "__init__.py"))
    assert provenance(context(), dataclasses.replace(where, code_version=option)).code_version == expected


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


@pytest.mark.parametrize("today", [dt.date(2026, 3, 1), dt.date(2026, 3, 2)])
def test_day_that_has_begun_is_taken(context: Make, monkeypatch: pytest.MonkeyPatch, today: dt.date) -> None:
    """Today, too: what lies there by now can be ingested."""
    monkeypatch.setattr(base, "_today", lambda: today)
    assert required_date(context(params={"date": "2026-03-01"})) == dt.date(2026, 3, 1)


@pytest.mark.parametrize("asked", ["2026-03-02", None])
def test_day_that_has_not_begun_is_refused(context: Make, monkeypatch: pytest.MonkeyPatch, asked: str | None) -> None:
    """Whoever asks for it, a person or a backfill: its partition would be the newest until it comes, and no scheduled
    ingestion would ask for a training any more."""
    monkeypatch.setattr(base, "_today", lambda: dt.date(2026, 3, 1))
    interval = (dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC), dt.datetime(2026, 3, 3, 2, tzinfo=dt.UTC))
    with pytest.raises(
        PartitionError, match=r"2026-03-02 has not begun: it is 2026-03-01 \(UTC\); give an earlier `date`"
    ):
        required_date(context(run_type="backfill", interval=interval, params={"date": asked}))
