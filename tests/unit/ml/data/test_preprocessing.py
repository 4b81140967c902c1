"""Partitions become parts of a split: the newest row of each id that has a label, in the part its id or time gives."""

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.ml.data.preprocessing import preprocess
from include.ml.data.split import hashes
from include.specs.errors import DataContractError, PartitionError
from include.specs.model import ModelSpec
from include.specs.reports import PartCount
from include.specs.run import Champion, SplitBoundary, TrainingRun

FIRST, SECOND = dt.date(2026, 3, 1), dt.date(2026, 3, 2)
HEADER = b"key,size,weight,colour,city,note,left\n"


def champion(boundary: SplitBoundary) -> Champion:
    return Champion(
        version=1, package_arn="arn", approval_status="Approved", model_url="s3://b/m", sha256="0", boundary=boundary
    )


def done(workshop, model, contents, boundary: SplitBoundary | None = None):
    container = workshop.raw(model, contents, champion(boundary) if boundary else None)
    return preprocess(container.channel("raw"), container.config(TrainingRun))


def test_parts_hold_what_a_pipeline_needs_and_no_more(workshop, toy: ModelSpec, rows_csv) -> None:
    """Id, features, label; ignored columns stay in the lake; the hold-out says which rows are comparable."""
    found = done(workshop, toy, {FIRST: rows_csv(toy)})
    columns = ["key", "size", "weight", "colour", "city", "left"]
    assert found.parts["train"].column_names == columns
    assert found.parts["test"].column_names == [*columns, "comparable"]
    assert sum(len(part) for part in found.parts.values()) == 400


def test_the_report_counts_what_the_parts_hold(workshop, toy: ModelSpec, rows_csv) -> None:
    """Rows and positives of each part, and no comparison without a champion."""
    found = done(workshop, toy, {FIRST: rows_csv(toy)})
    for name, part in found.parts.items():
        positives = pc.sum(pc.equal(part["left"], "yes")).as_py()
        assert found.report.parts[name] == PartCount(rows=len(part), positives=positives)
    assert (found.report.method, found.report.comparable, found.report.dropped) == ("stratified", None, {})


def test_the_newest_partition_wins(workshop, toy: ModelSpec) -> None:
    """Where an id is in several, its newest row is the one; the others are counted."""
    old = HEADER + b"".join(b"k%d,1,1,red,Oslo,,%s\n" % (n, b"yes" if n % 2 else b"no") for n in range(60))
    new = HEADER + b"".join(b"k%d,2,1,red,Oslo,,%s\n" % (n, b"yes" if n % 2 else b"no") for n in range(40, 80))
    found = done(workshop, toy, {FIRST: old, SECOND: new})
    rows = pa.concat_tables([part.select(["key", "size"]) for part in found.parts.values()]).to_pylist()
    assert {row["key"]: row["size"] for row in rows} == {f"k{n}": 1.0 if n < 40 else 2.0 for n in range(80)}
    assert len(rows) == 80
    assert found.report.dropped == {"superseded by a newer partition": 20}


def test_rows_without_label_are_left_out_where_the_spec_expects_them(workshop, events: ModelSpec, rows_csv) -> None:
    """They are counted, and the split is by event time."""
    found = done(workshop, events, {FIRST: rows_csv(events)})
    unlabelled = found.report.dropped["without a label"]
    assert unlabelled > 0
    assert sum(count.rows for count in found.report.parts.values()) == 400 - unlabelled
    assert found.report.method == "event_time"
    assert pc.max(found.parts["train"]["at"]).as_py() < pc.min(found.parts["test"]["at"]).as_py()
    assert found.report.boundary.time_until == pc.min(found.parts["test"]["at"]).as_py()


def test_rows_without_label_are_refused_where_the_spec_does_not(workshop, events: ModelSpec, rows_csv) -> None:
    """The lake was filled under another spec: the message names the column and what to do."""
    container = workshop.raw(events, {FIRST: rows_csv(events)})
    strict = replace(events, dataset=replace(events.dataset, unlabelled=False))
    run = replace(container.config(TrainingRun), model=strict)
    with pytest.raises(DataContractError, match=r"column 'left': \d+ of 400 rows have no label"):
        preprocess(container.channel("raw"), run)


def test_a_constant_label_is_refused(workshop, toy: ModelSpec) -> None:
    """There is nothing to learn from one class."""
    content = HEADER + b"".join(b"k%d,1,1,red,Oslo,,no\n" % n for n in range(60))
    with pytest.raises(DataContractError, match="needs both"):
        done(workshop, toy, {FIRST: content})


def test_a_run_without_partitions_is_refused(workshop, toy: ModelSpec, rows_csv) -> None:
    """Other data never stands in."""
    container = workshop.raw(toy, {FIRST: rows_csv(toy)})
    with pytest.raises(PartitionError, match="at least one partition"):
        preprocess(container.channel("raw"), replace(container.config(TrainingRun), partitions=()))


def test_rows_the_champion_may_know_are_not_comparable(workshop, toy: ModelSpec, rows_csv) -> None:
    """They stay in the hold-out, marked; the hash is that of the champion's own seed."""
    boundary = SplitBoundary(seed=5, hash_from=0.4)
    found = done(workshop, toy, {FIRST: rows_csv(toy)}, boundary)
    hold_out = found.parts["test"]
    expected = (hashes(hold_out["key"].to_pylist(), 5) < 0.4).tolist()
    assert hold_out["comparable"].to_pylist() == expected
    assert found.report.comparable is not None
    assert found.report.comparable.rows == sum(expected)
    assert 0 < sum(expected) < len(expected)


def test_a_champion_of_the_same_data_leaves_nearly_all_rows_comparable(workshop, toy: ModelSpec, rows_csv) -> None:
    """The hold-out of one run is the hold-out of the next, but for rows at the boundary."""
    contents = {FIRST: rows_csv(toy, 2000)}
    first = done(workshop, toy, contents).report
    second = done(workshop, toy, contents, first.boundary).report
    assert second.parts == first.parts
    assert second.comparable is not None
    assert second.comparable.rows > 0.8 * second.parts["test"].rows


def test_the_data_digest_is_that_of_the_files(workshop, toy: ModelSpec, rows_csv) -> None:
    """Equal for equal files, whichever run pinned them; different for others."""
    one, two = (done(workshop, toy, {FIRST: rows_csv(toy, seed=seed)}).report.sha256 for seed in (1, 2))
    assert one == done(workshop, toy, {FIRST: rows_csv(toy, seed=1)}).report.sha256
    assert one != two
