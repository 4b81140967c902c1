"""Partitions become parts of a split: the newest row of each id that has a label, in the part its id or time gives."""

import csv
import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.ml.data.preprocessing import preprocess, read_report
from include.ml.data.split import hashes
from include.specs import codec
from include.specs.dataset import Role
from include.specs.errors import DataContractError, PartitionError, ReportError
from include.specs.model import ModelSpec
from include.specs.reports import PartCount, PreprocessingReport
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
    late = found.report.dropped["label not yet known when the hold-out began"]
    assert sum(count.rows for count in found.report.parts.values()) == 400 - unlabelled - late
    assert found.report.method == "event_time"
    assert pc.max(found.parts["train"]["at"]).as_py() < pc.min(found.parts["test"]["at"]).as_py()
    assert found.report.boundary.time_until == pc.min(found.parts["test"]["at"]).as_py()


def test_rows_without_label_are_refused_where_the_spec_does_not(workshop, events: ModelSpec, rows_csv) -> None:
    """The lake was filled under another spec: the message names the column and what to do."""
    container = workshop.raw(events, {FIRST: rows_csv(events)})
    label = replace(events.dataset.label, missing=False)
    columns = (*events.dataset.columns[:-1], label)
    strict = replace(events, dataset=replace(events.dataset, columns=columns, unlabelled=False))
    run = replace(container.config(TrainingRun), model=strict)
    with pytest.raises(DataContractError, match=r"column 'left': \d+ of 400 rows have no label"):
        preprocess(container.channel("raw"), run)


def test_partitions_of_other_columns_are_refused(workshop, toy: ModelSpec, rows_csv) -> None:
    """All of them at once, before any is read; a column that the spec no longer has is simply not read."""
    fewer = tuple(column for column in toy.dataset.columns if column.name != "weight")
    older = replace(toy, dataset=replace(toy.dataset, columns=fewer))
    container = workshop.raw(older, {FIRST: rows_csv(older), SECOND: rows_csv(older)})
    run = container.config(TrainingRun)
    with pytest.raises(PartitionError, match=r"column 'weight' \(of type double\) is not in \S+day=01/, \S+day=02/\."):
        preprocess(container.channel("raw"), replace(run, model=toy))
    fewest = replace(toy, dataset=replace(toy.dataset, columns=tuple(each for each in fewer if each.name != "city")))
    found = preprocess(container.channel("raw"), replace(run, model=fewest))
    assert found.parts["train"].column_names == ["key", "size", "colour", "left"]


def test_labels_that_were_ingested_under_other_levels_are_refused(workshop, toy: ModelSpec, rows_csv) -> None:
    """They would be learned, and judged, as the negative class; the days that the spec knows are not named."""
    label = replace(toy.dataset.label, levels=("0", "1"))
    older = replace(toy, dataset=replace(toy.dataset, columns=(*toy.dataset.columns[:-1], label), positive="1"))
    old = workshop.raw(older, {FIRST: rows_csv(older, seed=1)}).config(TrainingRun)
    container = workshop.raw(toy, {SECOND: rows_csv(toy, seed=2)})
    new = container.config(TrainingRun)
    with pytest.raises(DataContractError, match=r"column 'left': 400 labels in raw/toy/\S+/day=01/ are neither"):
        preprocess(container.channel("raw"), replace(new, partitions=(*old.partitions, *new.partitions)))


@pytest.mark.parametrize("level", ["no", "yes"])
def test_a_constant_label_is_refused(workshop, toy: ModelSpec, level: str) -> None:
    """There is nothing to learn from one class: the message names the column, the level, the files and what to do."""
    content = HEADER + b"".join(b"k%d,1,1,red,Oslo,,%s\n" % (n, level.encode()) for n in range(60))
    expected = (
        f"column 'left' is '{level}' in all 60 labelled rows of raw/toy/year=2026/month=03/day=01/; "
        "expected both 'no' and 'yes': correct the landing files"
    )
    with pytest.raises(DataContractError, match=re.escape(expected)):
        done(workshop, toy, {FIRST: content})


def test_of_many_partitions_a_few_are_named(workshop, toy: ModelSpec) -> None:
    """A message stays within what SageMaker keeps of it."""
    contents = {
        FIRST + dt.timedelta(days=day): HEADER + b"".join(b"%d-%d,1,1,red,Oslo,,no\n" % (day, n) for n in range(3))
        for day in range(5)
    }
    with pytest.raises(DataContractError, match=r"day=01/, \S+day=02/, \S+day=03/ and 2 more partitions;"):
        done(workshop, toy, contents)


def test_labels_that_all_lie_ahead_are_no_constant(workshop, events: ModelSpec, rows_csv) -> None:
    """Nothing is wrong with the files; it is too early to train."""
    blank = blanked(rows_csv(events), events, "left")
    with pytest.raises(DataContractError, match=r"column 'left': no labelled rows yet in raw/toy/.*train again when"):
        done(workshop, events, {FIRST: blank})


def test_what_was_not_known_when_the_hold_out_began_is_not_fitted_on(workshop, events: ModelSpec, rows_csv) -> None:
    """Rows for training and validation whose label came later are dropped and counted; the hold-out keeps its own."""
    content = rows_csv(events)
    found = done(workshop, events, {FIRST: content})
    begins = found.report.boundary.time_until
    known_at = {row["key"]: dt.datetime.fromisoformat(row["known_at"]) for row in of(content) if row["known_at"]}
    keys = {part: set(rows["key"].to_pylist()) for part, rows in found.parts.items()}
    fitted = keys["train"] | keys["validation"]
    late = {key for key, moment in known_at.items() if moment >= begins} - keys["test"]
    assert max(known_at[key] for key in fitted) < begins
    assert (len(late), not late & fitted) == (found.report.dropped["label not yet known when the hold-out began"], True)
    assert any(known_at[key] >= begins for key in keys["test"])
    assert "known_at" not in found.parts["train"].column_names


def test_a_label_without_a_time_was_known(workshop, events: ModelSpec, rows_csv) -> None:
    """Who gives no time of the label asks for nothing to be dropped."""
    content = blanked(rows_csv(events), events, "known_at")
    assert set(done(workshop, events, {FIRST: content}).report.dropped) == {"without a label"}


def of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def blanked(content: bytes, model: ModelSpec, column: str) -> bytes:
    """A landing file whose `column` is blank."""
    names = [known.name for known in model.dataset.columns]
    lines = [",".join("" if name == column else row[name] for name in names) for row in of(content)]
    return "\n".join([",".join(names), *lines, ""]).encode()


def test_the_report_is_read_where_it_was_left(tmp_path: Path) -> None:
    """By training and evaluation alike; a channel without it is named."""
    with pytest.raises(ReportError, match=r"expected preprocessing's report as .*preprocessing\.json"):
        read_report(tmp_path)
    report = PreprocessingReport(parts={}, boundary=SplitBoundary(hash_from=0.5), method="stratified", sha256="0")
    (tmp_path / "preprocessing.json").write_bytes(codec.encode(report))
    assert read_report(tmp_path) == report


def test_a_run_without_partitions_is_refused(workshop, toy: ModelSpec, rows_csv) -> None:
    """Other data never stands in."""
    container = workshop.raw(toy, {FIRST: rows_csv(toy)})
    with pytest.raises(PartitionError, match="at least one partition"):
        preprocess(container.channel("raw"), replace(container.config(TrainingRun), partitions=()))


def test_rows_the_champion_may_know_are_not_comparable(workshop, toy: ModelSpec, rows_csv) -> None:
    """They stay in the hold-out, marked; the hash is of the champion's own seed, the cut that of the row's class."""
    boundary = SplitBoundary(seed=5, hash_from=0.4, hash_from_positive=0.4, hash_from_negative=0.8)
    found = done(workshop, toy, {FIRST: rows_csv(toy)}, boundary)
    hold_out, hashed = found.parts["test"], hashes(found.parts["test"]["key"].to_pylist(), 5)
    positive = np.array(hold_out["left"].to_pylist()) == "yes"
    free = hashed < np.where(positive, 0.4, 0.8)
    comparable = np.array(hold_out["comparable"].to_pylist())
    assert (comparable[positive] == free[positive]).all()
    assert not comparable[~free].any()
    assert found.report.comparable == PartCount(rows=comparable.sum(), positives=comparable[positive].sum())
    assert 0 < comparable[positive].sum() < positive.sum()
    assert comparable[~positive].mean() == pytest.approx(comparable[positive].mean(), abs=0.5 / (~positive).sum())


def test_a_champion_of_the_same_data_leaves_all_rows_comparable(workshop, toy: ModelSpec, rows_csv) -> None:
    """The hold-out of one run is the hold-out of the next, so its metrics are over the same rows."""
    contents = {FIRST: rows_csv(toy, 2000)}
    first = done(workshop, toy, contents).report
    second = done(workshop, toy, contents, first.boundary).report
    assert second.parts == first.parts
    assert second.comparable == second.parts["test"]


def test_a_champion_of_one_number_is_compared_in_the_same_proportion(workshop, toy: ModelSpec, rows_csv) -> None:
    """What its boundary costs one class, the other gives up too."""
    contents = {FIRST: rows_csv(toy, 2000)}
    first = done(workshop, toy, contents).report
    second = done(workshop, toy, contents, SplitBoundary(hash_from=first.boundary.hash_from)).report
    compared, whole = second.comparable, second.parts["test"]
    assert compared is not None
    assert 0 < compared.rows < whole.rows
    assert compared.positives == pytest.approx(whole.positives * compared.rows / whole.rows, abs=1)


def test_a_row_that_was_of_the_other_class_is_held_against_the_lower_cut(workshop, toy: ModelSpec) -> None:
    """Between the cuts the champion may have been fitted on it as what it was then."""

    def landed(changed: bytes) -> bytes:
        label = {0: b"yes", 1: b"no", 2: b"no", 3: changed}
        return HEADER + b"".join(b"k%d,1,1,red,Oslo,,%s\n" % (n, label[n % 4]) for n in range(400))

    boundary = SplitBoundary(hash_from=0.1, hash_from_positive=0.9, hash_from_negative=0.9)
    found = done(workshop, toy, {FIRST: landed(b"no"), SECOND: landed(b"yes")}, boundary).parts["test"]
    keys = found["key"].to_pylist()
    relabelled, low = np.array([int(key[1:]) % 4 == 3 for key in keys]), hashes(keys, 0) < 0.1
    comparable = np.array(found["comparable"].to_pylist())
    assert comparable[relabelled & low].all()
    assert not comparable[relabelled & ~low].any()
    assert comparable[~relabelled & ~low].any()


def of_cities(toy: ModelSpec, role: Role = "entity") -> ModelSpec:
    """The toy, whose rows are about a city each, if it says so."""
    columns = tuple(
        replace(column, kind="id", role=role, missing=True) if column.name == "city" else column
        for column in toy.dataset.columns
    )
    return replace(toy, dataset=replace(toy.dataset, columns=columns))


def landed_by_city(rows: int = 400) -> bytes:
    """Four rows of each city, and some of none."""
    return HEADER + b"".join(
        b"k%d,1,1,red,%s,,%s\n" % (n, b"c%d" % (n // 4) if n % 10 else b"", b"yes" if n % 2 else b"no")
        for n in range(rows)
    )


def test_rows_of_one_entity_are_in_one_part(workshop, toy: ModelSpec) -> None:
    """Where rows are no events: a model is judged on entities that it has not met; rows of none go by their id."""
    found = done(workshop, of_cities(toy), {FIRST: landed_by_city()})
    cities = {part: set(rows["city"].to_pylist()) - {None} for part, rows in found.parts.items()}
    assert len(set.union(*cities.values())) == sum(map(len, cities.values())) == 100
    assert all(part["city"].null_count for part in found.parts.values())
    assert (found.report.method, found.report.boundary.hash_of) == ("entity", "entity")


def test_a_champion_is_asked_about_what_its_own_split_went_by(workshop, toy: ModelSpec) -> None:
    """The entity, or the id as before there was one; a data set that has lost its entity cannot ask."""
    model, contents = of_cities(toy), {FIRST: landed_by_city()}
    first = done(workshop, model, contents).report
    second = done(workshop, model, contents, first.boundary).report
    assert second.comparable == second.parts["test"]
    of_ids = replace(first.boundary, hash_of="id", hash_from=0.5)
    found = done(workshop, model, contents, of_ids).parts["test"]
    free = hashes(found["key"].to_pylist(), 0) < 0.5
    comparable = np.array(found["comparable"].to_pylist())
    assert not comparable[~free].any()
    assert 0 < comparable.sum() < len(comparable)
    lost = done(workshop, of_cities(toy, "ignored"), contents, first.boundary).report
    assert lost.comparable == PartCount(rows=0, positives=0)


def test_the_data_digest_is_that_of_the_files(workshop, toy: ModelSpec, rows_csv) -> None:
    """Equal for equal files, whichever run pinned them; different for others."""
    one, two = (done(workshop, toy, {FIRST: rows_csv(toy, seed=seed)}).report.sha256 for seed in (1, 2))
    assert one == done(workshop, toy, {FIRST: rows_csv(toy, seed=1)}).report.sha256
    assert one != two
