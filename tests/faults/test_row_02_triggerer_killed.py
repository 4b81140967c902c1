"""Row 2: the triggerer, which looks at the jobs of all tasks that wait, is killed."""

import pytest

from tests.faults.real_airflow import RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.row(2, "triggerer killed", "polling resumes; nothing is submitted twice"),
]


def test_another_triggerer_goes_on_looking(system: RealAirflow) -> None:
    """Killed between two looks at a job that runs: the new one takes the trigger up, and the task has the one try.

    Fails when a trigger that begins again takes its job for a new one's, or cannot be made of what it serialises
    (`SageMakerJobTrigger.run`, `.serialize`).
    """
    before = set(system.jobs("slow"))
    system.hold("slow")
    run = system.train("slow")
    job = system.until_job("slow", "train")
    until(lambda: system.tasks(run)["candidate.train"].state == "deferred", seconds=60, of="its task to wait")
    system.until_looked_at(job)
    system.restart("triggerer")
    system.until_looked_at(job)
    assert system.tasks(run)["candidate.train"].state == "deferred"
    system.release()
    system.until_ended(run)
    assert system.jobs("slow")[job] == "Completed"
    assert len(set(system.jobs("slow")) - before) == 3
    assert system.tasks(run)["candidate.train"].try_number == 1
