"""Row 10: a person ends a run while no try of its task is at work, and its job runs."""

import pytest

from tests.faults.real_airflow import RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.row(
        10,
        "task cleared, run marked failed, dagrun_timeout",
        "the job is stopped or adopted, never left billing",
    ),
]


@pytest.mark.usefixtures("holding_slots")
def test_the_job_of_a_run_that_is_marked_failed_between_two_tries_is_stopped(system: RealAirflow) -> None:
    """The worker has died, Airflow has given the task another id, and the try that has it is not there yet.

    Fails when the listener stops only what carries the id that the task has now (`perennial.hooks.jobs._is_of`).
    """
    known = set(system.jobs("slow"))
    # At work for longer than Airflow takes to miss its worker.
    run = system.api.trigger("slow_training", conf={"hyperparameters": {"max_iter": 9000}})
    until(lambda: any("-train-" in job for job in set(system.jobs("slow")) - known), seconds=120, of="the training job")
    [job] = [job for job in set(system.jobs("slow")) - known if "-train-" in job]
    # Nothing of a paused DAG is queued, so that its next try does not come.
    system.api.ask("PATCH", f"/dags/{run.dag_id}", {"is_paused": True})
    try:
        assert system.kill_workers() >= 2
        until(
            lambda: system.tasks(run)["candidate.train"].state == "up_for_retry", seconds=60, of="the death to be seen"
        )
        assert system.jobs("slow")[job] == "InProgress"
        system.api.fail(run)
        until(lambda: system.jobs("slow")[job] == "Stopped", seconds=60, of=f"{job} to be stopped")
    finally:
        system.api.unpause(run.dag_id)
