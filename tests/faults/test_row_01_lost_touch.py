"""Row 1: a worker loses touch with Airflow, which ends it, while its job runs."""

import itertools

import pytest

from tests.faults.real_airflow import RealAirflow, until
from tests.faults.workers import has_ended

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.row(
        1,
        "worker killed (SIGKILL) before Create, after Create, while polling",
        "exactly one job; the retry re-attaches to it",
    ),
]
# A worker tries for minutes by default.
IMPATIENT = {
    "WORKERS__EXECUTION_API_RETRIES": "1",
    "WORKERS__MAX_FAILED_HEARTBEATS": "2",
    "PERENNIAL__DEFERRABLE": "false",
}


def test_an_api_server_that_is_killed_stops_no_job(system: RealAirflow) -> None:
    """Workers end their tasks when it has not answered for long; what these have paid for is joined once it is back.

    Fails when a task that is ended and gets no answer stops its job (`succession.is_ended`).
    """
    before = set(system.jobs("slow"))
    system.restart("scheduler", **IMPATIENT)
    try:
        # At work for longer than a worker takes to give up.
        run = system.api.trigger("slow_training", conf={"hyperparameters": {"max_iter": 9000}})
        job = system.until_job("slow", "train")
        [(_, runner)] = itertools.batched(system.workers(), 2)
        system.kill("api-server")
        until(lambda: has_ended(runner), seconds=90, of="the worker to end its task")
        assert system.jobs("slow")[job] == "InProgress"
        system.start("api-server")
        system.until_ended(run)
    finally:
        system.start_the_dead()
        system.restart("scheduler")
    assert system.jobs("slow")[job] == "Completed"
    assert len(set(system.jobs("slow")) - before) == 3
