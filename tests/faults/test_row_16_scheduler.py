"""Row 16, against a real scheduler: the requests that lie there when it looks are one run."""

import time

import pytest

from include.specs.job import CONFIG_FILE
from include.specs.run import TrainingRun
from laptop.airflow_api import Run
from tests.faults.real_airflow import RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.row(16, "the same event delivered twice", "one run"),
]


def test_requests_that_lie_there_together_start_one_run(system: RealAirflow) -> None:
    """Delivered twice while no scheduler looked, a request starts one training, which says its reason once.

    Fails when the DAG is scheduled on each event by itself, or `_reason` no longer folds equal reasons.
    """
    [asset] = system.api.ask("GET", "/assets?name_pattern=retrain:small")["assets"]
    before = {run["dag_run_id"] for run in system.runs("small_training")}
    system.kill("scheduler")
    for _ in range(2):
        system.api.ask("POST", "/assets/events", {"asset_id": asset["id"], "extra": {"reason": "drift of tenure"}})
    system.start("scheduler")

    def started() -> list[dict[str, str]]:
        return [run for run in system.runs("small_training") if run["dag_run_id"] not in before]

    until(lambda: bool(started()) and all(run["state"] == "success" for run in started()), seconds=180, of="the run")
    time.sleep(2)  # for a second one to appear, were there one
    [run] = started()
    served = Run(dag_id="small_training", run_id=run["dag_run_id"])
    assert system.read(TrainingRun, served, CONFIG_FILE).provenance.reason == "drift of tenure"
