"""Why a task failed is on record, and not being able to write that changes nothing else."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from perennial import failures, naming, retries
from perennial.failures import FinalError, PassingError
from perennial.hooks.lake import Lake
from perennial.operators.base import FlowOperator
from perennial.retries import TABLE, Fault

from include.specs.incidents import FailureReport
from include.specs.model import ModelSpec

Make = Callable[..., Any]
SLUG = naming.run_slug("churn_training", "manual__1")
KEY = f"experiments/churn/{SLUG}/failures/register.json"


@pytest.fixture
def task(churn: ModelSpec) -> FlowOperator:
    return FlowOperator(task_id="register", spec=churn)


@pytest.fixture
def lake(aws: SimpleNamespace) -> Lake:
    return Lake("lake", s3=aws.s3)


def _read(lake: Lake, run: str = SLUG, **instance: Any) -> FailureReport | None:
    """What is found of the task instance that Airflow names."""
    return failures.read(lake, "churn", run, SimpleNamespace(**{"task_id": "register", **instance}))


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_fault_decides_how_a_try_ends(fault: Fault) -> None:
    """What stays ends the task; what may pass ends the try; both say it in the words that they were given."""
    error = failures.failed("no room", fault)
    assert type(error) is (PassingError if fault.passes else FinalError)
    assert isinstance(error, AirflowException)
    assert isinstance(error, AirflowFailException) is not fault.passes
    assert (str(error), error.fault) == ("no room", fault)


def test_failure_is_put_on_record(aws: SimpleNamespace, lake: Lake, task: FlowOperator, context: Make) -> None:
    """Task, try, fault, words and advice lie beside the run's reports."""
    made = context()
    made["ti"].try_number = 2
    failures.record(task, made, retries.DENIED, "sagemaker:CreateModelPackage")
    assert aws.listing() == [KEY]
    assert _read(lake) == FailureReport(
        task_id="register",
        try_number=2,
        fault="denied",
        retried=False,
        message="sagemaker:CreateModelPackage",
        advice=retries.DENIED.advice,
    )


def test_latest_failure_is_the_one_that_is_read(lake: Lake, task: FlowOperator, context: Make) -> None:
    """Another try of a task replaces what failed before."""
    failures.record(task, context(), retries.THROTTLING, "first")
    failures.record(task, context(), retries.LIMIT, "second")
    found = _read(lake)
    assert found is not None
    assert (found.fault, found.message, found.retried) == ("limit", "second", True)


def test_tasks_have_records_of_their_own(
    aws: SimpleNamespace, lake: Lake, task: FlowOperator, context: Make, churn: ModelSpec
) -> None:
    """What failed for a while beside the task that failed the run does not hide why that one did."""
    failures.record(task, context(), retries.DENIED, "for good")
    failures.record(FlowOperator(task_id="alert", spec=churn), context(), retries.THROTTLING, "for a while")
    assert [found.message for found in (_read(lake), _read(lake, task_id="alert")) if found] == [
        "for good",
        "for a while",
    ]
    assert len(aws.listing()) == 2


def test_mapped_tasks_have_a_record_for_each_index(lake: Lake, task: FlowOperator, context: Make) -> None:
    """One of them may fail for good while another is tried again."""
    for index in range(2):
        made = context()
        made["ti"].map_index = index
        failures.record(task, made, retries.LIMIT, str(index))
    assert [found.message for found in (_read(lake, map_index=0), _read(lake, map_index=1)) if found] == ["0", "1"]
    assert _read(lake, map_index=-1) is None


def test_record_is_not_endless(lake: Lake, task: FlowOperator, context: Make) -> None:
    """An error that quotes a whole document is cut, and says so; what fits is kept as it is."""
    longest = failures.LONGEST_MESSAGE
    for given, kept in (("x" * longest, "x" * longest), ("x" * 10**6, "x" * longest + "… (cut: 1000000 characters)")):
        failures.record(task, context(), retries.DENIED, given)
        found = _read(lake)
        assert found is not None
        assert found.message == kept


def test_record_of_another_try_is_none(lake: Lake, task: FlowOperator, context: Make) -> None:
    """A try that was killed leaves none, and the one before says another thing."""
    failures.record(task, context(), retries.THROTTLING, "first")
    assert _read(lake, try_number=1) is not None
    assert _read(lake, try_number=2) is None


def test_runs_have_records_of_their_own(lake: Lake, task: FlowOperator, context: Make) -> None:
    """What failed in one run is never told of another."""
    failures.record(task, context(run_id="manual__2"), retries.LIMIT, "no room")
    assert _read(lake) is None
    assert _read(lake, naming.run_slug("churn_training", "manual__2")) is not None


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"task_id": 1}', b"\xff\xfe"])
def test_record_that_nobody_can_read_is_none(aws: SimpleNamespace, lake: Lake, body: bytes) -> None:
    """The notice goes out without it."""
    aws.put(KEY, body)
    assert _read(lake) is None


def test_try_without_a_number_is_the_first(lake: Lake, task: FlowOperator, context: Make) -> None:
    """A task that is run outside of a scheduler has none."""
    made = context()
    del made["ti"].try_number
    failures.record(task, made, retries.LIMIT, "no room")
    found = _read(lake)
    assert found is not None
    assert found.try_number == 1


def test_missing_settings_keep_nothing_from_failing(
    aws: SimpleNamespace,
    task: FlowOperator,
    context: Make,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where the bucket is not known, the log says that there is no record, and nothing is raised."""
    monkeypatch.delenv("AIRFLOW__PERENNIAL__BUCKET")
    failures.record(task, context(), retries.DENIED, "no")
    assert aws.listing() == []
    assert "could not be put on record" in caplog.text
    assert "AIRFLOW__PERENNIAL__BUCKET must be set" in caplog.text


def test_refusing_s3_keeps_nothing_from_failing(
    aws: SimpleNamespace, task: FlowOperator, context: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor where the bucket takes nothing."""
    aws.s3.delete_bucket(Bucket="lake")
    failures.record(task, context(), retries.DENIED, "no")
    assert "NoSuchBucket" in caplog.text
