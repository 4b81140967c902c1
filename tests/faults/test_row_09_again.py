"""Row 9: an interval is run again, by a clear or a backfill, as it was or otherwise."""

import datetime as dt
import itertools

import pytest

from include.specs import reports, s3_layout
from include.specs.run import TrainingRun
from tests.faults.aws_rows import DAY, ORDER, lay, ready, started
from tests.faults.flow import Flow, as_csv, rows

pytestmark = pytest.mark.row(
    9,
    "backfill or clear of the same interval",
    "same configuration: the finished job is reused; changed configuration: a new name",
)
STEPS = ("preprocess", "train", "evaluate")


def test_a_cleared_run_reuses_its_finished_jobs(flow: Flow) -> None:
    """Every task runs again, no job does, and the registry has the one version.

    Fails when the job's name holds something that a try has of its own: its number, id or start (`naming.job_name`).
    """
    run = ready(flow, before="resolve").finish()
    before = {task_id: run.results[task_id] for task_id in ("candidate.train", "register")}
    again = run.clear().finish()
    assert {again.tries[task_id].number for task_id in ORDER} == {2}
    assert {task_id: again.results[task_id] for task_id in before} == before
    assert [len(started(flow, step)) for step in STEPS] == [1, 1, 1]
    assert len(flow.packages()) == 1


def test_a_scheduled_run_that_is_backfilled_reuses_its_finished_jobs(flow: Flow) -> None:
    """Airflow makes a backfill's of it: no job runs again, its version stays the only one, and report and
    configuration name the same reason.

    Fails when the reason or the past window is part of the job's name (`naming.decisive`), or when a run that is
    resolved again forgets why it was started (`ResolveRunOperator`).
    """
    lay(flow)
    turn = dt.datetime.combine(DAY + dt.timedelta(days=1), dt.time(4), dt.UTC)
    scheduled, backfilled = (
        flow.training("scheduled__1", run_type=run_type, interval=(turn, turn))
        for run_type in ("scheduled", "backfill")
    )
    for run, task_id in itertools.product((scheduled, backfilled), ORDER):
        run.execute(task_id)
    assert backfilled.results["register"] == scheduled.results["register"]
    assert [len(started(flow, step)) for step in STEPS] == [1, 1, 1]
    assert len(flow.packages()) == 1
    resolved = flow.read_as(TrainingRun, backfilled.results["resolve"]["config_key"])
    page = flow.read(s3_layout.experiment(flow.spec.name, resolved.provenance.run) + reports.HTML).decode()
    assert (resolved.past_window, resolved.provenance.reason) == (True, "scheduled run")
    assert "<dd>scheduled run</dd>" in page


def test_an_ingestion_of_the_same_files_reuses_its_job(flow: Flow) -> None:
    """The day is read again, as `--reprocess-behavior completed` has it: the same objects, the same job and bytes.

    Fails when the run's configuration is not the same for the same objects (`FindLandingOperator`), or when the job's
    name holds something that a try has of its own (`naming.job_name`).
    """
    flow.land(DAY)
    run = flow.ingest(DAY)
    before = (flow.partitions(), started(flow, "ingest"))
    run.clear().finish()
    assert run.tries["ingest"].number == 2
    assert (flow.partitions(), started(flow, "ingest")) == before


def test_a_changed_configuration_is_another_job(flow: Flow) -> None:
    """The landing file was replaced: its job is not the one that has read the old file.

    Fails when the job's name is made of the task alone, without its configuration (`naming.job_name`).
    """
    flow.land(DAY)
    run = flow.ingest(DAY)
    flow.land(DAY, as_csv(rows(flow.spec.dataset, seed=2)))
    run.clear().finish()
    assert len(started(flow, "ingest")) == 2
