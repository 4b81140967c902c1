"""Row 2: the triggerer, which looks at the jobs of all tasks that wait, is killed."""

import pytest

from tests.faults.real_airflow import RealAirflow

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.row(2, "triggerer killed", "polling resumes; nothing is submitted twice"),
]


def test_another_triggerer_goes_on_looking(system: RealAirflow) -> None:
    """The trigger is taken up as it was deferred, the job goes on, and the task has the one try.

    Fails when the trigger cannot be made again of what it serialises (`SageMakerJobTrigger.serialize`).
    """
    before = set(system.jobs("slow"))
    run = system.train("slow")
    job = system.until_job("slow", "train")
    system.restart("triggerer")
    system.until_ended(run)
    assert system.jobs("slow")[job] == "Completed"
    assert len(set(system.jobs("slow")) - before) == 3
    assert system.tasks(run)["candidate.train"].try_number == 1
