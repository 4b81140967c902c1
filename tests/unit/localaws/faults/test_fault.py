"""Faults: which calls they are about, and what is no fault."""

from typing import Any

import pytest

from localaws.faults.calls import Call, Scope
from localaws.faults.fault import Fault, FaultError, Kind, fault_from

CREATE = Call(service="sagemaker", operation="CreateTrainingJob", job="churn-train-1")
PUT = Call(service="s3", operation="PutObject", bucket="lake", key="raw/churn/part.csv")


@pytest.mark.parametrize(
    ("filters", "matches"),
    [
        ({}, True),
        ({"operation": "CreateTrainingJob"}, True),
        ({"operation": "Create*Job"}, True),
        ({"operation": "CreateProcessingJob"}, False),
        ({"job": "churn-*"}, True),
        ({"job": "fraud-*"}, False),
        ({"operation": "CreateTrainingJob", "job": "fraud-*"}, False),
        ({"key": "*"}, True),
        ({"key": "?*"}, False),
    ],
)
def test_every_filter_must_match(filters: dict[str, str], matches: bool) -> None:
    """A filter that is not given matches all; a pattern on what a call lacks sees an empty text."""
    assert Fault(kind=Kind.REFUSED, service="sagemaker", **filters).matches(CREATE) is matches


def test_another_service_is_not_hit() -> None:
    """A fault is of one service."""
    assert not Fault(kind=Kind.REFUSED, service="s3").matches(CREATE)


def test_a_key_is_matched_across_slashes() -> None:
    """A star in a key's pattern takes folders too; capitals matter."""
    assert Fault(kind=Kind.CUT, service="s3", key="raw/*.csv", bucket="lake").matches(PUT)
    assert not Fault(kind=Kind.CUT, service="s3", key="RAW/*").matches(PUT)
    assert not Fault(kind=Kind.CUT, service="s3", bucket="other").matches(PUT)


def test_only_uploads_can_be_cut() -> None:
    """A cut fault lets downloads pass, whatever its filters."""
    assert not Fault(kind=Kind.CUT, service="s3").matches(Call(service="s3", operation="GetObject"))


def test_requests_transfers_and_jobs_are_kept_apart() -> None:
    """A fault hits requests; or, when it says so, a job's transfers; or, of its kind, jobs."""
    request = Fault(kind=Kind.ERROR, service="s3", code="SlowDown")
    transfer = Fault(kind=Kind.ERROR, service="s3", code="SlowDown", transfers=True)
    job = Fault(kind=Kind.JOB_FAILURE, reason="CapacityError", job="churn-*")
    calls = [
        Call(service="s3", operation="GetObject"),
        Call(scope=Scope.TRANSFER, service="s3", operation="GetObject"),
        Call(scope=Scope.JOB, service="sagemaker", job="churn-train"),
    ]
    seen = [[fault.matches(call) for call in calls] for fault in (request, transfer, job)]
    assert seen == [[True, False, False], [False, True, False], [False, False, True]]


def test_a_code_implies_its_status() -> None:
    """AWS answers some codes with a 5xx; a status that is given stands."""
    statuses = [Fault(kind=Kind.ERROR, service="s3", code=code).http_status for code in ("SlowDown", "Throttling")]
    assert statuses == [503, 400]
    assert Fault(kind=Kind.ERROR, service="s3", code="SlowDown", status=500).http_status == 500


ERROR = {"kind": "error", "service": "sagemaker", "code": "ThrottlingException"}


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([], "expected a JSON object, got []"),
        ({}, "kind: expected one of error, lost_reply, refused, delay, cut, job_failure; got None"),
        ({"kind": ["error"]}, "kind: expected one of"),
        ({**ERROR, "colour": "red"}, "colour: unknown field; a fault of kind 'error' takes kind, service"),
        ({**ERROR, "seconds": 1}, "seconds: unknown field"),
        ({"kind": "job_failure", "reason": "x", "operation": "CreateTrainingJob"}, "operation: unknown field"),
        ({**ERROR, "after": -1}, "after: expected a whole number from 0, got -1"),
        ({**ERROR, "times": 0}, "times: expected a whole number from 1, or null for every time, got 0"),
        ({**ERROR, "status": 200}, "status: expected an HTTP status from 400 to 599, got 200"),
        ({**ERROR, "message": ""}, "message: expected a text that is not empty, got ''"),
        ({**ERROR, "job": 7}, "job: expected a text that is not empty, got 7"),
        ({"kind": "delay", "service": "s3", "seconds": "soon"}, "seconds: expected a number of seconds from 0 to 3600"),
        ({"kind": "delay", "service": "s3"}, "seconds: a fault of kind 'delay' needs it"),
        ({"kind": "refused"}, "service: a fault of kind 'refused' needs it; got only kind"),
        ({"kind": "job_failure"}, "reason: a fault of kind 'job_failure' needs it"),
        ({**ERROR, "service": "sagemeker"}, "got 'sagemeker'"),
        ({**ERROR, "service": "cloudwatch"}, "requests of 'cloudwatch' sign with 'monitoring'"),
        ({**ERROR, "operation": "CreateTraningJob"}, "close to it: CreateTrainingJob"),
        ({"kind": "cut", "service": "sns"}, "an upload that is cut is of 's3', got 'sns'"),
        ({**ERROR, "transfers": True}, "transfers are of 's3', got 'sagemaker'"),
        ({"kind": "refused", "service": "s3", "transfers": True}, "kind: transfers take error, delay; got 'refused'"),
    ],
)
def test_what_is_no_fault_is_refused(members: Any, told: str) -> None:
    """The message has the field, what was expected and what came."""
    with pytest.raises(FaultError) as caught:
        fault_from(members)
    assert told in str(caught.value)


def test_a_fault_is_read_from_json() -> None:
    """Fields keep their names; null for times is every time."""
    members = {**ERROR, "operation": "Create*", "times": None, "after": 2}
    fault = fault_from(members)
    assert (fault.times, fault.after, fault.operation) == (None, 2, "Create*")
    assert fault.given() == members
