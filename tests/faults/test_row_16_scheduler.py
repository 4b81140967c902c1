"""Row 16, against a real scheduler: requests that lie there when it looks are one run, and each is made once."""

import datetime as dt

import pytest

from include.specs.job import CONFIG_FILE
from include.specs.run import TrainingRun
from laptop.airflow_api import Run
from tests.faults.real_airflow import DAY, RealAirflow, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.row(16, "the same event delivered twice", "one run"),
]


def test_requests_that_lie_there_together_start_one_run(system: RealAirflow) -> None:
    """Delivered twice while no scheduler looked, a request starts one training, which says its reason once.

    Fails when the DAG is scheduled on each event by itself, or `_reason` no longer folds equal reasons.
    """
    asset_id = _asset_id(system, "retrain:small")
    before = {run["dag_run_id"] for run in system.runs("small_training")}
    system.kill("scheduler")
    for _ in range(2):
        system.api.ask("POST", "/assets/events", {"asset_id": asset_id, "extra": {"reason": "drift of tenure"}})
    system.start("scheduler")

    def started() -> list[dict[str, str]]:
        return [run for run in system.runs("small_training") if run["dag_run_id"] not in before]

    until(lambda: bool(started()) and all(run["state"] == "success" for run in started()), of="the run")
    assert _waiting(system, asset_id) == []
    [run] = started()
    served = Run(dag_id="small_training", run_id=run["dag_run_id"])
    assert system.read(TrainingRun, served, CONFIG_FILE).provenance.reason == "drift of tenure"


def test_an_ingestion_that_is_cleared_asks_once(system: RealAirflow) -> None:
    """The same run, done again, finds what Airflow keeps of its request, though the training waits for another.

    Fails when the request task has no inlet, or no longer looks (`asked.requests`).
    """

    before = {each["dag_run_id"] for each in system.runs("asking_training")}

    def states() -> list[str]:
        return [each["state"] for each in system.runs("asking_training") if each["dag_run_id"] not in before]

    system.hold("asking")
    system.ingest("asking")
    system.until_job("asking", "train")
    next_day = DAY + dt.timedelta(days=1)
    system.land("asking", next_day)
    run = system.api.trigger("asking_ingestion", conf={"date": next_day.isoformat()})
    system.until_ended(run)
    system.clear(run, "find_landing")
    system.until_ended(run)
    assert system.tasks(run)["request_retraining"].state == "skipped"
    # Airflow makes no run of an event while its DAG has as many as it may have.
    assert states() == ["running"]
    system.release()
    until(lambda: len(states()) > 1 and set(states()) == {"success"}, of="both trainings")
    assert _waiting(system, _asset_id(system, "retrain:asking")) == []
    assert states() == ["success", "success"]


def _asset_id(system: RealAirflow, name: str) -> int:
    [asset] = system.api.ask("GET", f"/assets?name_pattern={name}")["assets"]
    return int(asset["id"])


def _waiting(system: RealAirflow, asset_id: int) -> list[object]:
    """Requests that no run has taken yet: another run would come of them."""
    return list(system.api.ask("GET", f"/assets/{asset_id}/queuedEvents")["queued_events"])
