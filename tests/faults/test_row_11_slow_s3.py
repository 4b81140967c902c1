"""Row 11: S3 answers with errors, or late."""

from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ReadTimeoutError
from perennial import retries
from perennial.failures import PassingError

from tests.faults.aws_rows import DAY, lay, started, wait_s
from tests.faults.flow import Flow
from tests.shared.localaws_process import until

pytestmark = pytest.mark.row(11, "S3 500s, slow S3", "retried within the deadline")
ERROR = {"code": "InternalError", "status": 500}
# One more than the tries that botocore makes when it is not told.
TIMES = 6
LONGEST_WAIT_S = 20  # botocore's, between two tries of a call


@pytest.mark.usefixtures("call_waits")
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("error", ERROR),
        ("error", {"code": "SlowDown", "status": 503}),
        ("refused", {}),
        ("lost_reply", {"operation": "PutObject"}),
    ],
    ids=["500", "503", "refused", "lost_reply"],
)
def test_an_unwell_s3_is_waited_for(flow: Flow, kind: str, fault: dict[str, object]) -> None:
    """The ingestion goes through on its first try, with one job and its partition, whose very reply may be lost.

    Fails when the clients are made without `CALL_RETRIES` (`perennial.hooks.aws`).
    """
    flow.land(DAY)
    flow.place.switch_on(kind, service="s3", after=2, times=TIMES, **fault)
    assert flow.ingest(DAY).states["publish"] == "success"
    assert flow.place.hits() == TIMES
    assert len(started(flow, "ingest")) == 1
    assert len(flow.partitions()) == 1


@pytest.mark.usefixtures("call_waits")
def test_a_training_waits_too(flow: Flow) -> None:
    """Whatever it does in S3: it lists, reads and writes, each on its first try, with one job a step and one version.

    Fails when the clients are made without `CALL_RETRIES` (`perennial.hooks.aws`).
    """
    lay(flow)
    operations = ("ListObjectsV2", "GetObject", "PutObject")
    for operation in operations:
        flow.place.switch_on("error", service="s3", operation=operation, times=TIMES, **ERROR)
    assert flow.train().states["notify"] == "success"
    assert flow.place.hits() == TIMES * len(operations)
    assert [len(started(flow, step)) for step in ("preprocess", "train", "evaluate")] == [1, 1, 1]
    assert len(flow.packages()) == 1


def test_a_late_answer_is_waited_for(flow: Flow) -> None:
    """S3 takes its time over two writes, and is not asked for either of them again.

    Fails when the `read_timeout` of `CALL_TIMEOUTS` is shorter than that (`perennial.hooks.aws`).
    """
    flow.land(DAY)
    flow.place.switch_on("delay", service="s3", operation="PutObject", seconds=1, times=2)
    assert flow.ingest(DAY).states["publish"] == "success"
    late = _keys(flow, fault="delay")
    assert len(late) == len(set(late)) == flow.place.hits() == 2


# What S3 takes to answer, where it takes too long.
LATE: dict[str, Any] = {"kind": "delay", "service": "s3", "seconds": 2}
SHORT = {"connect_timeout": 5, "read_timeout": 1}


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_an_answer_that_does_not_come_in_time_is_asked_for_again(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, call_waits: list[float], operation: str
) -> None:
    """The call is made a second time, whatever becomes of the first: one try, one job, one partition.

    Fails when the clients are made without `CALL_TIMEOUTS` (`perennial.hooks.aws`), and wait for as long as it takes.
    """
    monkeypatch.setattr("perennial.hooks.aws.CALL_TIMEOUTS", SHORT)
    flow.land(DAY)
    flow.place.switch_on(**LATE, operation=operation)
    run = flow.ingest(DAY)
    until(lambda: bool(_keys(flow, fault="delay")), what="the call that nobody waits for any more")
    [late] = _keys(flow, fault="delay")
    assert call_waits
    assert _keys(flow, operation=operation).count(late) >= 2
    assert run.states["publish"] == "success"
    assert {attempt.number for attempt in run.tries.values()} == {1}
    assert len(started(flow, "ingest")) == len(flow.partitions()) == 1


def test_one_that_never_comes_in_time_ends_the_try(
    flow: Flow, monkeypatch: pytest.MonkeyPatch, call_waits: list[float]
) -> None:
    """After as many calls as there may be; the failure is the service's, and the next try goes on from there.

    That many calls, each as slow as it may be, and the waits between them fit into a task's time.

    Fails when a read that timed out is none of the `_CONNECTION_ERRORS` (`perennial.retries`), or when the clients are
    made without `CALL_TIMEOUTS` or `CALL_RETRIES` (`perennial.hooks.aws`).
    """
    flow.land(DAY)
    run = flow.ingestion(DAY).finish_until("publish")
    flow.place.switch_on(**LATE, operation="GetObject", times=None)
    with monkeypatch.context() as patch:
        patch.setattr("perennial.hooks.aws.CALL_TIMEOUTS", SHORT)
        patch.setattr("perennial.hooks.aws.CALL_RETRIES", {"mode": "standard", "total_max_attempts": 2})
        with pytest.raises(ReadTimeoutError) as failed:
            run.execute("publish")
    assert (flow.place.hits(), len(call_waits)) == (2, 1)
    flow.place.switch_off()
    [failure] = flow.failures()
    assert (failure.fault, failure.retried) == ("service", True)
    run.execute("publish")
    assert len(started(flow, "ingest")) == len(flow.partitions()) == 1
    task = run.build().get_task("publish")
    assert task.execution_timeout is not None
    assert _longest_call_s() < task.execution_timeout.total_seconds()
    assert 5 <= wait_s(failed.value, 1) <= 10


def _longest_call_s() -> float:
    calls = int(retries.CALL_RETRIES["max_attempts"]) + 1
    return float(calls * (sum(retries.CALL_TIMEOUTS.values()) + LONGEST_WAIT_S))


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_a_job_whose_own_transfer_failed_is_followed_by_another(flow: Flow, operation: str) -> None:
    """What SageMaker moves for a job passes no client of ours: S3 failed for longer than it would wait, so the job is
    lost, nothing is published, and the next try starts another.

    Fails when `reasons` of `SERVICE` does not have such a failure's first word (`perennial.retries`), or `_start` joins
    a job that has failed (`perennial.operators.jobs`).
    """
    flow.land(DAY)
    flow.place.switch_on("error", service="s3", operation=operation, key=f"*{flow.spec.name}*", transfers=True, **ERROR)
    run = flow.ingestion(DAY)
    with pytest.raises(PassingError, match=r"Data (down|up)load failed:InternalError") as failed:
        run.finish()
    assert (failed.value.fault, run.states["ingest"]) == (retries.SERVICE, "failed")
    assert flow.partitions() == ()
    run.execute("ingest")
    assert run.finish().states["publish"] == "success"
    first, second = started(flow, "ingest")
    assert second == f"{first}-2"
    assert len(flow.partitions()) == 1


def test_a_job_whose_own_transfers_are_slow_is_waited_for(flow: Flow) -> None:
    """It takes longer, and that is all.

    Fails when the task waits for less than the job may take (`_ended` in `perennial.operators.jobs`).
    """
    flow.land(DAY)
    flow.place.switch_on("delay", service="s3", key=f"*{flow.spec.name}*", transfers=True, seconds=0.5, times=None)
    assert flow.ingest(DAY).states["publish"] == "success"
    assert flow.place.hits() >= 2
    assert len(started(flow, "ingest")) == len(flow.partitions()) == 1


def _keys(flow: Flow, **query: str) -> list[str]:
    """Of the model's objects: what S3 was asked for, one for each call."""
    _, found = flow.place.server.admin("GET", f"/calls?{urlencode({'key': f'*/{flow.spec.name}/*', **query})}")
    return [call["key"] for call in found["calls"]]
