"""A training run knows whether it learns from made-up rows, and travels to its jobs as it is."""

import datetime as dt

import pytest

from include.specs import catalog, codec
from include.specs.partition import PartFile, PartitionManifest, PartitionRef, SourceObject
from include.specs.run import Champion, ChampionPointer, Provenance, SplitBoundary, TrainingRun

PROVENANCE = Provenance(run="run-1", dag_id="churn_training", run_id="manual")
CHAMPION = Champion(
    version=3,
    package_arn="arn",
    approval_status="Approved",
    model_url="s3://b/m",
    sha256="0",
    boundary=SplitBoundary(seed=1, time_until=dt.datetime(2026, 3, 1, tzinfo=dt.UTC)),
)


def pinned(day: int, origin: str | None) -> PartitionRef:
    date = dt.date(2026, 3, day)
    manifest = PartitionManifest(
        model="churn",
        date=date,
        files=(PartFile(name="part-0.parquet", rows=1, bytes=1, sha256="0"),),
        rows=1,
        columns={"tenure": "double"},
        sources=(SourceObject(key=f"landing/churn/{day}.csv", bytes=1, etag="e", origin=origin),),
    )
    return PartitionRef(manifest_key=f"raw/churn/{day}", sha256="0", manifest=manifest)


def run(*origins: str | None, champion: Champion | None = None) -> TrainingRun:
    partitions = tuple(pinned(day, origin) for day, origin in enumerate(origins, 1))
    return TrainingRun(model=catalog.model("churn"), provenance=PROVENANCE, partitions=partitions, champion=champion)


@pytest.mark.parametrize(
    ("origins", "made_up"), [((), False), ((None, "till"), False), ((None, "synthetic", None), True)]
)
def test_one_partition_with_made_up_rows_is_enough(origins: tuple[str | None, ...], made_up: bool) -> None:
    """The report has to say so, however old the partition is."""
    assert run(*origins).synthetic is made_up


@pytest.mark.parametrize("champion", [None, CHAMPION])
def test_a_run_arrives_at_its_jobs_as_it_left(champion: Champion | None) -> None:
    """The spec with every override, the boundary with its time zone."""
    left = run(None, "synthetic", champion=champion)
    assert codec.decode(TrainingRun, codec.encode(left), source="run.json") == left


def test_a_run_is_about_now_unless_it_says_otherwise() -> None:
    """A configuration that was written before there were past windows is still read, as what it was."""
    plain = codec.to_plain(run("till"))
    assert plain.pop("past_window") is False
    assert codec.from_plain(TrainingRun, plain, "run.json").past_window is False


@pytest.mark.parametrize(
    "pointer",
    [
        ChampionPointer(run="run-1"),
        ChampionPointer(run="run-1", version=3, package_arn="arn", approval_status="Approved"),
    ],
)
def test_a_pointer_is_read_as_it_was_written(pointer: ChampionPointer) -> None:
    """Also where it says that no version is the champion."""
    assert codec.decode(ChampionPointer, codec.encode(pointer), source="champions/churn.json") == pointer
