"""What the account's quotas refuse is asked for again, by every task in its turn, until all have had room."""

import heapq
from itertools import count

import pytest
from botocore.exceptions import ClientError
from perennial import quotas, retries
from perennial.flows.common import TRIES
from perennial.quotas import ASKS, LONGEST_S, ask_in_turn, next_asking_s

JOB_S, BETWEEN_JOBS_S = 300.0, 20.0


def _refusal(code: str = "ResourceLimitExceeded", message: str = "is 4 Instances") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateTrainingJob")


BUSY, NONE_AT_ALL = _refusal(), _refusal(message="The limit 'ml.p3.2xlarge for training job usage' is 0 Instances")


def test_refused_try_asks_again_for_two_hours() -> None:
    """A minute or two apart, up to a longest time; then it asks no more."""
    waits = [next_asking_s(BUSY, asked, identity="churn-train-1") for asked in range(ASKS + 1)]
    assert waits.pop() is None
    assert all(wait is not None and 60 <= wait <= 120 for wait in waits)
    total_s = sum(wait or 0 for wait in waits)
    assert 1.75 * 3600 <= total_s <= 2.25 * 3600
    assert total_s <= LONGEST_S


@pytest.mark.parametrize("error", [NONE_AT_ALL, _refusal("AccessDeniedException"), _refusal("ThrottlingException")])
def test_only_room_that_others_take_is_waited_for(error: ClientError) -> None:
    """A quota of none at all, and every other refusal, is told at once."""
    assert next_asking_s(error, 0, identity="a") is None


def test_tasks_ask_at_different_times() -> None:
    """And a test's pace is theirs too."""
    waits = {next_asking_s(BUSY, 1, identity=str(task)) for task in range(50)}
    assert len(waits) == 50
    usual = next_asking_s(BUSY, 1, identity="0")
    assert usual is not None
    assert next_asking_s(BUSY, 1, identity="0", pace=0.5) == usual / 2


@pytest.mark.parametrize(
    ("refused", "told"),
    [([BUSY, NONE_AT_ALL], BUSY), ([NONE_AT_ALL, BUSY], BUSY), ([NONE_AT_ALL, NONE_AT_ALL], NONE_AT_ALL)],
)
def test_type_that_others_use_up_is_worth_waiting_for(refused: list[ClientError], told: ClientError) -> None:
    """Where the account may never run another of the types, one that is busy is what the try waits for."""
    left = iter(refused)

    def ask(_: str) -> bool:
        raise next(left)

    with pytest.raises(ClientError) as raised:
        ask_in_turn(ask, ["a", "b"])
    assert raised.value is told


def _failed_days(quota: int, *, active: int, days: int = 90) -> int:
    """How many of the runs of a backfill fail, one job each, on an account that may run `quota` at a time.

    A discrete simulation: each run asks as its task does within a try, and fails after the last; as long as there are
    days left, a run that has ended is followed by another.
    """
    events: list[tuple[float, int, str, int, int, int]] = []
    order, running, failed, begun = count(), 0, 0, min(active, days)
    for day in range(begun):
        heapq.heappush(events, (1.5 * day, next(order), "ask", day, 1, 0))
    while events:
        now, _, what, day, number, asked = heapq.heappop(events)
        running -= what == "end"
        if what == "ask" and running < quota:
            running += 1
            heapq.heappush(events, (now + JOB_S, next(order), "end", day, number, 0))
            continue
        if what == "ask":
            wait_s = next_asking_s(BUSY, asked, identity=f"churn-ingest-{day}")
            again = (number, asked + 1)
            if wait_s is None:
                wait_s, again = retries.delay_s(retries.LIMIT, number, identity=f"day {day}"), (number + 1, 0)
            if again[0] <= TRIES:
                heapq.heappush(events, (now + wait_s, next(order), "ask", day, *again))
                continue
            failed += 1
        if begun < days:
            heapq.heappush(events, (now + BETWEEN_JOBS_S, next(order), "ask", begun, 1, 0))
            begun += 1
    return failed


@pytest.mark.parametrize("quota", [1, 2, 4])
@pytest.mark.parametrize("active", [4, 10])
def test_no_day_of_a_backfill_starves(quota: int, active: int) -> None:
    """Ninety days, and fewer instances than runs at a time, as Airflow's own default of ten has it."""
    assert _failed_days(quota, active=active) == 0


def test_simulation_knows_starving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries that ask once and come back much later fail by the dozen."""
    monkeypatch.setattr(quotas, "ASKS", 0)
    assert _failed_days(1, active=10) > 20
    assert _failed_days(4, active=10) > 0
