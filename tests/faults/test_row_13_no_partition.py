"""Row 13: a day without data, or with a file that holds none."""

import datetime as dt
import json

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.specs.incidents import FAILURES
from tests.faults.flow import Flow, as_csv, flow_of, rows

pytestmark = pytest.mark.row(
    13, "empty or missing partition", "skipped or failed as the spec says; never replaced by synthetic data"
)
DAY = dt.date(2026, 3, 1)
EARLIER, LATER = DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=1)
ROOMS = ("landing", "raw", "quarantine", "experiments", "processed", "models", "baselines")


def _anything(flow: Flow) -> list[str]:
    """All that a run could have left, but for the records of its failures."""
    return [key for room in ROOMS for key in flow.keys(room) if f"/{FAILURES}" not in key]


def test_a_day_without_files_is_skipped_where_the_spec_says_so(flow: Flow) -> None:
    """Nothing is written for it, and no training is asked for.

    Fails when `_absent` does not raise (`perennial.operators.ingestion`), or skips where it must not.
    """
    assert flow.spec.dataset.when_absent == "skip"
    run = flow.ingestion(DAY)
    with pytest.raises(AirflowSkipException, match=f"landing/{flow.spec.name}/year=2026/month=03/day=01/, found none"):
        run.execute("find_landing")
    run.finish()
    assert set(run.states.values()) == {"skipped"}
    assert (run.events, _anything(flow), flow.jobs()) == ({}, [], [])


@pytest.mark.parametrize("asked", [False, True], ids=["spec", "person"])
def test_a_day_without_files_fails_where_it_must_have_some(flow: Flow, asked: bool) -> None:
    """Where the spec says so, and where a person asked for that day, whatever the spec says.

    Fails when `_absent` forgets `when_absent`, or that a person asked.
    """
    flow = flow if asked else flow_of(flow, when_absent="fail")
    with pytest.raises(AirflowFailException, match="found none; drop a file there"):
        flow.ingest(DAY, asked=asked)
    _require_told(flow, "find_landing", f"landing/{flow.spec.name}/year=2026/month=03/day=01/")
    assert (_anything(flow), flow.jobs()) == ([], [])


@pytest.mark.parametrize(
    ("rows_kept", "words"), [(None, "the file is empty"), (0, "holds a header and no rows")], ids=["bytes", "rows"]
)
def test_an_empty_file_fails(flow: Flow, rows_kept: int | None, words: str) -> None:
    """The job says which file, and the day has no partition: an empty one would be data.

    Fails when `include.ml.data.landing.read` lets a file without rows through.
    """
    header = as_csv(rows(flow.spec.dataset, count=1)).splitlines(keepends=True)[0]
    key = flow.land(DAY, b"" if rows_kept is None else header)
    with pytest.raises(AirflowFailException, match=f"{key}: {words}"):
        flow.ingest(DAY)
    _require_told(flow, "ingest", key)
    assert (flow.partitions(), flow.keys("raw"), flow.keys("quarantine")) == ((), [], [])


def test_a_training_without_partitions_fails(flow: Flow) -> None:
    """It says what to run, starts no job and makes up no data.

    Fails when `ResolveRunOperator` goes on without partitions.
    """
    with pytest.raises(AirflowFailException, match=f"has no partitions .* run {flow.spec.name}_ingestion first"):
        flow.train()
    _require_told(flow, "resolve", flow.spec.name)
    assert (_anything(flow), flow.jobs(), flow.jobs("Training")) == ([], [], [])


def test_a_partition_that_vanished_fails_the_training(flow: Flow) -> None:
    """What was pinned and is gone is missed, not passed over.

    Fails when the job is given what lies in the lake, and not what the manifests name (`aws_requests.preprocess`), and
    passes over a file that is not there (`_verified` in `include.ml.data.partition`): each of the two guards alone.
    """
    for day, seed in ((EARLIER, 1), (DAY, 2)):
        flow.land(day, as_csv(rows(flow.spec.dataset, seed=seed)))
        flow.ingest(day)
    [part] = [key for key in flow.keys("raw") if "day=01/part-" in key]
    run = flow.training()
    run.execute("resolve")
    flow.remove(part)
    with pytest.raises(AirflowFailException, match=part):
        run.finish()
    _require_told(flow, "candidate.preprocess", part)
    assert flow.packages() == []


def test_made_up_rows_never_stand_in_for_a_missing_day(flow: Flow) -> None:
    """Days of made-up rows around a missing one are left out of a training on real rows.

    Fails when `of_one_origin` is taken out of `ResolveRunOperator`.
    """
    for day, origin in ((EARLIER, "synthetic: seed 1"), (LATER, "")):
        flow.land(day, origin=origin)
        flow.ingest(day)
    run = flow.training()
    resolved = run.execute("resolve")
    assert [key.split("/")[-2] for key in resolved["partitions"]] == ["day=02"]
    names = json.loads(flow.read(resolved["config_key"].replace("run.json", "raw.manifest")))[1:]
    assert all("day=02" in name for name in names)


def _require_told(flow: Flow, task_id: str, words: str) -> None:
    """The failure on record is one of the data, which no other try mends, and says of which."""
    [failure] = flow.failures()
    assert (failure.task_id, failure.fault, failure.retried) == (task_id, "data", False)
    assert words in failure.message
