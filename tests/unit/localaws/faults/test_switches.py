"""Switches: when a fault hits, and what is known of it afterwards."""

from localaws.faults.calls import Call, Scope
from localaws.faults.fault import Fault, Kind
from localaws.faults.switches import Switches

CALL = Call(service="s3", operation="PutObject", bucket="lake", key="a")
OTHER = Call(service="sns", operation="Publish")


def refused(**counts: int | None) -> Fault:
    """A fault for every request of S3."""
    return Fault(kind=Kind.REFUSED, service="s3", **counts)


def hits(switches: Switches, number: int) -> list[bool]:
    """Which of so many calls are hit."""
    return [switches.take(CALL) is not None for _ in range(number)]


def test_a_fault_hits_once_unless_told_otherwise() -> None:
    """The first call is hit and no other."""
    switches = Switches()
    switches.add(refused())
    assert hits(switches, 3) == [True, False, False]


def test_a_fault_lets_some_through_first() -> None:
    """Only calls that match are counted, and so many of them are hit."""
    switches = Switches()
    switches.add(refused(after=1, times=2))
    assert switches.take(OTHER) is None
    assert hits(switches, 4) == [False, True, True, False]


def test_a_fault_without_end_stays_until_it_is_removed() -> None:
    """With null for times every call is hit; after its removal none."""
    switches = Switches()
    id_ = switches.add(refused(times=None))["id"]
    assert hits(switches, 3) == [True] * 3
    assert switches.remove(id_)
    assert hits(switches, 1) == [False]
    assert not switches.remove(id_)


def test_a_call_is_hit_by_one_fault() -> None:
    """Faults follow one another: the second one counts only what the first has let through."""
    switches = Switches()
    first, second = refused(), Fault(kind=Kind.LOST_REPLY, service="s3", after=1)
    switches.add(first)
    switches.add(second)
    assert [switches.take(CALL) for _ in range(4)] == [first, None, second, None]


def test_a_switch_tells_what_was_given_and_what_is_left() -> None:
    """Given fields and counts, in the order of switching on; a fault that is used up stays listed."""
    switches = Switches()
    switches.add(refused(after=1))
    switches.add(refused(times=None))
    hits(switches, 3)
    common = {"kind": "refused", "service": "s3"}
    assert switches.described() == [
        {"id": "1", **common, "after": 1, "times": 1, "left": 0, "hits": 1},
        {"id": "2", **common, "after": 0, "times": None, "left": None, "hits": 2},
    ]
    switches.clear()
    assert switches.described() == []


def test_a_job_is_told_why_it_fails() -> None:
    """A job whose name matches gets the reason, the next one may run; a request about the job counts for nothing."""
    switches = Switches()
    switches.add(Fault(kind=Kind.JOB_FAILURE, job="churn-*", reason="CapacityError: none"))
    assert switches.take(Call(service="sagemaker", operation="CreateTrainingJob", job="churn-1")) is None
    assert switches.take(Call(scope=Scope.JOB, service="sagemaker", job="fraud-1")) is None
    assert [switches.job_failure(name) for name in ("fraud-1", "churn-1", "churn-2")] == [
        None,
        "CapacityError: none",
        None,
    ]
