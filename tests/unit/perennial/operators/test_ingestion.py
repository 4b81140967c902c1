"""Find what was dropped, publish the partition, ask for a training."""

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from perennial import assets
from perennial.hooks.lake import Lake
from perennial.operators.ingestion import (
    FindLandingOperator,
    PublishPartitionOperator,
    RequestRetrainingOperator,
    is_partition_left,
    manifest_of,
)
from perennial.trainings import content_of

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.partition import IngestionReport, PartFile, PartitionManifest
from include.specs.run import IngestionRun
from tests.shared.airflow_context import kept_event

Make = Callable[..., Any]
DAY = dt.date(2026, 3, 1)
INTERVAL = (dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC))
MARKS = ("_SUCCESS", ".part-0.parquet.crc", "_temporary/0/part-1.parquet")
KEY = "experiments/churn/manual-1-abc/run.json"
PART = PartFile(name="part-0a.parquet", rows=5, bytes=4, sha256="a" * 64)
REPORT = IngestionReport(
    files=(PART,), rows_read=6, rows=5, columns={"customerID": "string"}, quarantined={"Churn: unknown level": 1}
)


def _find(spec: ModelSpec, context: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = FindLandingOperator(task_id="find_landing", spec=spec).execute(context)
    return found


def test_day_is_that_of_the_interval(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """A scheduled run reads the day that its interval begins on."""
    aws.put("landing/churn/year=2026/month=03/day=01/a.csv", b"x")
    made = context(run_type="scheduled", interval=INTERVAL, params={"date": None})
    assert _find(churn, made)["date"] == "2026-03-01"


def test_day_that_was_asked_for_wins(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """A person's date comes before the interval's."""
    aws.put("landing/churn/year=2026/month=02/day=27/a.csv", b"x")
    assert _find(churn, context(interval=INTERVAL, params={"date": "2026-02-27"}))["date"] == "2026-02-27"


def test_run_without_a_day_is_told_what_to_give(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:  # noqa: ARG001
    """A run that has no interval needs the param."""
    with pytest.raises(AirflowFailException, match="give the param `date`"):
        _find(churn, context(params={"date": None}))


def test_day_to_come_is_not_ingested(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """Files that a clock in error put there are read by no run, and nothing is written."""
    key = aws.put("landing/churn/year=2962/month=03/day=01/a.csv", b"x")
    with pytest.raises(AirflowFailException, match="2962-03-01 has not begun"):
        _find(churn, context(params={"date": "2962-03-01"}))
    assert aws.results() == [key]


def test_configuration_pins_the_objects(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """What was found is written down: the job reads exactly that, and nothing that comes later."""
    aws.put("landing/churn/year=2026/month=03/day=01/a.csv", b"four", Metadata={"origin": "synthetic seed=1"})
    aws.put("landing/churn/year=2026/month=03/day=02/b.csv", b"another day")
    found = _find(churn, context(interval=INTERVAL, params={}))
    run = codec.decode(IngestionRun, aws.get(found["config_key"]), source="run.json")
    assert (run.model, run.date) == (churn, DAY)
    [source] = run.sources
    assert (source.key, source.bytes, source.synthetic) == (
        "landing/churn/year=2026/month=03/day=01/a.csv",
        4,
        True,
    )
    manifest = found["config_key"].replace("run.json", "landing.manifest")
    assert json.loads(aws.get(manifest))[1:] == ["year=2026/month=03/day=01/a.csv"]


def test_marks_of_a_writer_are_no_data(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """What Spark leaves beside its files, or has not finished, does not refuse the day."""
    prefix = s3_layout.landing("churn", DAY)
    for name in (*MARKS, "part-0.parquet"):
        aws.put(prefix + name, b"")
    found = _find(churn, context(interval=INTERVAL, params={}))
    run = codec.decode(IngestionRun, aws.get(found["config_key"]), source="run.json")
    assert [source.key for source in run.sources] == [prefix + "part-0.parquet"]


def test_marks_alone_are_an_absent_day(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """A writer that had nothing to write says so with an empty file."""
    for name in MARKS:
        aws.put(s3_layout.landing("churn", DAY) + name, b"")
    with pytest.raises(AirflowSkipException, match="found none"):
        _find(churn, context(run_type="scheduled", interval=INTERVAL, params={}))


def test_second_try_writes_the_same_bytes(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> None:
    """The same run with the same objects has the same configuration, and so the same job."""
    aws.put("landing/churn/year=2026/month=03/day=01/a.csv", b"x")
    written = [aws.get(_find(churn, context(interval=INTERVAL, params={}))["config_key"]) for _ in range(2)]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("when_absent", "asked", "outcome"),
    [
        ("skip", None, AirflowSkipException),
        ("fail", None, AirflowFailException),
        ("skip", "2026-03-01", AirflowFailException),
    ],
)
def test_day_without_objects(
    aws: SimpleNamespace, churn: ModelSpec, context: Make, when_absent: str, asked: str | None, outcome: type[Exception]
) -> None:
    """Skipped or failed as the spec says, failed where a person asked for it; nothing is written in its stead."""
    dataset = dataclasses.replace(churn.dataset, when_absent=when_absent)
    spec = dataclasses.replace(churn, dataset=dataset)
    with pytest.raises(outcome, match=r"s3://lake/landing/churn/year=2026/month=03/day=01/, found none"):
        _find(spec, context(run_type="scheduled", interval=INTERVAL, params={"date": asked}))
    assert aws.results() == []


@pytest.fixture
def ingested(aws: SimpleNamespace, churn: ModelSpec, ingestion_run: Make) -> IngestionRun:
    """What the ingest job left: files and a report, and the partition of an earlier writing."""
    source = "landing/churn/year=2026/month=03/day=01/data.csv"
    aws.put(source, b"123456789")
    head = aws.s3.head_object(Bucket="lake", Key=source)
    run: IngestionRun = ingestion_run(churn)
    pinned = dataclasses.replace(run.sources[0], etag=head["ETag"].strip('"'))
    run = dataclasses.replace(run, sources=(pinned,))
    aws.put(KEY, run)
    aws.put("experiments/churn/manual-1-abc/ingestion.json", REPORT)
    aws.put(s3_layout.partition("churn", DAY) + PART.name, b"1234")
    stale = PartFile(name="part-0stale.parquet", rows=1, bytes=3, sha256="0" * 64)
    aws.put(s3_layout.partition("churn", DAY) + stale.name, b"old")
    aws.put(s3_layout.manifest("churn", DAY), manifest_of(run, dataclasses.replace(REPORT, files=(stale,))))
    return run


def _publish(spec: ModelSpec, context: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = PublishPartitionOperator(task_id="publish", spec=spec, config_key=KEY).execute(context)
    return done


def test_published_partition_is_what_the_job_reported(
    aws: SimpleNamespace, ingested: IngestionRun, context: Make
) -> None:
    """The manifest holds the job's files and counts and the run's sources; what it does not name is gone."""
    done = _publish(ingested.model, context())
    manifest = codec.decode(PartitionManifest, aws.get(done["manifest_key"]), source="manifest")
    assert manifest == manifest_of(ingested, REPORT)
    assert (manifest.files, manifest.sources, manifest.rows) == ((PART,), ingested.sources, 5)
    assert done == {
        "manifest_key": s3_layout.manifest("churn", DAY),
        "rows": 5,
        "quarantined": {"Churn: unknown level": 1},
    }
    names = [key.rsplit("/", 1)[1] for key in aws.listing(s3_layout.partition("churn", DAY))]
    assert names == ["_manifest.json", "part-0a.parquet"]


def test_event_names_the_partition(ingested: IngestionRun, context: Make) -> None:
    """Who listens to the data learns which day, which manifest and how many rows."""
    made = context()
    _publish(ingested.model, made)
    assert made["outlet_events"][assets.raw("churn")].extra == {
        "partition": "2026-03-01",
        "manifest_key": s3_layout.manifest("churn", DAY),
        "rows": 5,
    }


def test_manifest_is_written_last(
    aws: SimpleNamespace, ingested: IngestionRun, context: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are checked before the manifest is written, and old files are deleted only after."""
    order: list[str] = []
    for name in ("check_files", "swap", "_delete"):
        real = getattr(__import__("perennial.hooks.lake", fromlist=["Lake"]).Lake, name)

        def record(self: Any, *args: Any, _name: str = name, _real: Any = real, **named: Any) -> Any:
            order.append(_name)
            return _real(self, *args, **named)

        monkeypatch.setattr(f"perennial.hooks.lake.Lake.{name}", record)
    _publish(ingested.model, context())
    assert order == ["check_files", "swap", "_delete"]
    assert s3_layout.manifest("churn", DAY) in aws.listing()


def test_mark_that_comes_meanwhile_changes_nothing(aws: SimpleNamespace, ingested: IngestionRun, context: Make) -> None:
    """A writer leaves it last, when the file has been read already."""
    aws.put(s3_layout.landing("churn", DAY) + "_SUCCESS", b"")
    assert _publish(ingested.model, context())["rows"] == REPORT.rows


@pytest.mark.parametrize("change", ["replaced", "added", "deleted"])
def test_changed_sources_are_refused(aws: SimpleNamespace, ingested: IngestionRun, context: Make, change: str) -> None:
    """Objects that changed while the job read them are named, and the partition stays what it was."""
    before = aws.get(s3_layout.manifest("churn", DAY))
    key = "landing/churn/year=2026/month=03/day=01/"
    if change == "replaced":
        aws.put(key + "data.csv", b"987654321")
    elif change == "added":
        aws.put(key + "data.csv.late", b"more")
    else:
        aws.s3.delete_object(Bucket="lake", Key=key + "data.csv")
    with pytest.raises(AirflowFailException, match=r"data\.csv\S* changed while .* clear `find_landing`"):
        _publish(ingested.model, context())
    assert aws.get(s3_layout.manifest("churn", DAY)) == before


def test_missing_file_is_not_published(aws: SimpleNamespace, ingested: IngestionRun, context: Make) -> None:
    """A partition with a hole in it never becomes visible, and nothing of the old one is deleted."""
    aws.s3.delete_object(Bucket="lake", Key=s3_layout.partition("churn", DAY) + PART.name)
    with pytest.raises(AirflowFailException, match=r"part-0a\.parquet of 4 bytes, found no such object"):
        _publish(ingested.model, context())
    names = [key.rsplit("/", 1)[1] for key in aws.listing(s3_layout.partition("churn", DAY))]
    assert names == ["_manifest.json", "part-0stale.parquet"]


@pytest.mark.parametrize("change", ["deleted", "cut", "no report", "half a report"])
def test_partition_that_is_not_whole_is_made_anew(aws: SimpleNamespace, ingested: IngestionRun, change: str) -> None:
    """The run's job is not joined for what it has left no more; where all is there, it is."""
    lake = Lake("lake", s3=aws.s3)
    assert is_partition_left(ingested, lake)
    part, report = s3_layout.partition("churn", DAY) + PART.name, "experiments/churn/manual-1-abc/ingestion.json"
    if change in {"deleted", "no report"}:
        aws.s3.delete_object(Bucket="lake", Key=part if change == "deleted" else report)
    else:
        aws.put(part if change == "cut" else report, b"{")
    assert not is_partition_left(ingested, lake)


def test_publishing_again_gives_the_same_bytes(aws: SimpleNamespace, ingested: IngestionRun, context: Make) -> None:
    """A retry of the task changes nothing."""
    written = [aws.get(_publish(ingested.model, context())["manifest_key"]) for _ in range(2)]
    assert written[0] == written[1]


REQUEST = "requested:churn"


@pytest.fixture
def holds(aws: SimpleNamespace, churn: ModelSpec, ingestion_run: Make) -> Make:
    """Makes the partition of a day that holds something; gives the digest of its rows."""

    def make(date: dt.date = DAY, rows: str = "a") -> str:
        files = (dataclasses.replace(PART, sha256=rows * 64),)
        run = ingestion_run(churn, date=date)
        manifest = manifest_of(run, dataclasses.replace(REPORT, files=files))
        aws.put(s3_layout.manifest("churn", date), manifest)
        return content_of(manifest)

    return make


@pytest.fixture
def ask(churn: ModelSpec, context: Make) -> Make:
    """Asks for a training, as the task does in the run that ingested a day; its context."""

    def make(date: dt.date = DAY, *, spec: ModelSpec = churn, run_type: str = "scheduled", **more: Any) -> Any:
        end = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(2), dt.UTC)
        given = {"interval": (end - dt.timedelta(days=1), end), "run_after": end, "run_id": f"{run_type}__{date}"}
        made = context(run_type=run_type, dag_id="churn_ingestion", **{"params": {}, **given, **more})
        operator = RequestRetrainingOperator(task_id="request_retraining", spec=spec, partition=date.isoformat())
        try:
            asked = operator.execute(made)
            assert asked == made["outlet_events"][assets.retrain("churn")].extra
            assert asked == made["outlet_events"][assets.requested("churn")].extra
        except AirflowSkipException:
            assert made["outlet_events"][assets.retrain("churn")].extra == {}
            raise
        return made

    return make


def _kept(made: dict[str, Any], **changes: Any) -> Any:
    """The event that Airflow keeps of what was asked for in `made`, with some of what it says otherwise."""
    return kept_event(REQUEST, made["outlet_events"][assets.retrain("churn")].extra | changes, made["dag_run"])


@pytest.mark.parametrize("run_type", ["scheduled", "manual"])
def test_new_data_asks_for_a_training(holds: Make, ask: Make, run_type: str) -> None:
    """The request says why, for which day, what that holds, with which overrides; a person's is never in vain."""
    content = holds()
    made = ask(run_type=run_type, params={"training": {"thresholds": {"roc_auc": 0.99}}})
    assert made["outlet_events"][assets.retrain("churn")].extra == {
        "reason": "new data: partition 2026-03-01",
        "partition": "2026-03-01",
        "content": content,
        "only_if_new": run_type == "scheduled",
        "params": {"thresholds": {"roc_auc": 0.99}},
    }


def test_digest_is_that_of_the_rows(holds: Make, ingestion_run: Make, churn: ModelSpec) -> None:
    """A file that is dropped again with the same bytes is another object, and no other rows."""
    before = holds()
    run = ingestion_run(churn)
    again = dataclasses.replace(run, sources=(dataclasses.replace(run.sources[0], version_id="2"),))
    assert content_of(manifest_of(again, REPORT)) == before != holds(rows="b")


@pytest.mark.parametrize("run_type", ["scheduled", "manual"])
def test_cleared_run_asks_once(holds: Make, ask: Make, run_type: str) -> None:
    """A run that has asked, and is run again, finds its request, however often."""
    holds()
    kept = [_kept(ask(run_type=run_type))]
    with pytest.raises(AirflowSkipException, match=f"{run_type}__2026-03-01 has asked .* with 2026-03-01 as it is"):
        ask(run_type=run_type, kept=kept)


@pytest.mark.parametrize("run_type", ["scheduled", "manual"])
def test_try_that_was_killed_has_not_asked(holds: Make, ask: Make, run_type: str) -> None:
    """Without success there is no event, whatever the try had got to: the next one asks for the same."""
    holds()
    first, second = (_kept(ask(run_type=run_type)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("run_type", ["scheduled", "manual"])
def test_cleared_run_asks_again_if_its_day_was_corrected(holds: Make, ask: Make, run_type: str) -> None:
    """Other rows are new data; the request that counts is the last one, so that rows may change back."""
    holds()
    kept = [_kept(ask(run_type=run_type))]
    holds(rows="b")
    kept.append(_kept(ask(run_type=run_type, kept=kept)))
    holds()
    ask(run_type=run_type, kept=kept)


def test_requests_for_other_reasons_count_for_nothing(holds: Make, ask: Make) -> None:
    """Neither another day's, nor one that names no day."""
    holds()
    made = ask()
    kept = [_kept(made, partition="2026-02-28"), _kept(made).model_copy(update={"extra": {"reason": "drift"}})]
    ask(kept=[*kept, _kept(made).model_copy(update={"extra": None})])


def test_what_another_run_has_asked_for_is_asked_for_by_a_person_only(holds: Make, ask: Make) -> None:
    """A day that somebody has ingested by hand is no news to the schedule; whoever starts a run gets a training."""
    holds()
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    by_hand = [_kept(ask(run_type="manual", run_after=noon))]
    with pytest.raises(AirflowSkipException, match="manual__2026-03-01 has asked"):
        ask(kept=by_hand)
    ask(run_type="manual", run_after=noon, run_id="manual__again", kept=by_hand)


def test_old_days_that_are_run_again_are_no_storm(holds: Make, ask: Make) -> None:
    """Thirty scheduled runs, cleared at once after their files were corrected: the newest day asks, and it alone.

    So it is where Airflow has forgotten what they asked for.
    """
    days = [DAY + dt.timedelta(days=n) for n in range(30)]
    kept = []
    for date in days:
        holds(date)
        kept.append(_kept(ask(date, kept=kept)))
    for date in days:
        holds(date, rows="b")
    asked = []
    for known in (kept, []):
        for date in days:
            with contextlib.suppress(AirflowSkipException):
                asked.append(ask(date, kept=known) and date)
    assert asked == [days[-1]] * 2


def test_day_that_came_late_waits_for_the_next_training(holds: Make, ask: Make) -> None:
    """The message says what to do for one now; a person who runs the date gets one."""
    holds(DAY)
    holds(DAY + dt.timedelta(days=2))
    with pytest.raises(AirflowSkipException, match="older than the partition of 2026-03-03: start churn_training"):
        ask()
    ask(run_type="manual")


def test_backfill_asks_for_no_training(ask: Make) -> None:
    """Ninety days of old data are not ninety trainings: the task is skipped, and so emits nothing."""
    with pytest.raises(AirflowSkipException, match="backfill"):
        ask(run_type="backfill")


def test_spec_may_want_no_training_on_new_data(churn: ModelSpec, ask: Make) -> None:
    """A model that is trained weekly only does not ask."""
    with pytest.raises(AirflowSkipException, match="retrain_on_ingestion"):
        ask(spec=dataclasses.replace(churn, retrain_on_ingestion=False))
