"""A day's capture files: late, repeated, half written, of several variants; and the table that they are."""

import datetime as dt
import json
import random

import pytest

from include.ml.capture import envelope
from include.ml.capture.reading import read_capture, source_of
from include.ml.data.partition import parquet
from include.specs.errors import DataContractError
from tests.shared.captured import DATASET, DAY, GOOD, PLAN, Bucket, line, side


def test_the_day_is_that_of_the_inference(bucket: Bucket) -> None:
    """In UTC, half open; the folder's hour and the file's lateness do not matter."""
    times = {
        "before": "2026-02-28T23:59:59.999999Z",
        "first": "2026-03-01T00:00:00Z",
        "elsewhere": "2026-03-02T01:30:00+02:00",
        "last": "2026-03-01T23:59:59.999999Z",
        "after": "2026-03-02T00:00:00Z",
    }
    bucket.put(*(line(event=event, time=time) for event, time in times.items()), hour="2026/03/02/03")
    found = bucket.read()
    assert found.table["event_id"].to_pylist() == ["first", "elsewhere", "last"]
    assert (found.report.outside, found.report.requests) == (2, 3)


def test_bodies_of_another_day_are_not_looked_into(bucket: Bucket) -> None:
    """Nor counted as bad."""
    bucket.put(line("nonsense", "nonsense", time="2026-03-02T00:00:00Z"))
    assert bucket.read(limit=0).report.bad == {}


def test_a_file_that_was_begun_before_midnight_goes_on(bucket: Bucket) -> None:
    """Its records of the day are read; what is broken in it, and has no time, is of the day before."""
    broken = (b"nope\n", b"{}\n", line(captureData={"endpointInput": side(GOOD)}))
    before, first = line(event="before", time="2026-02-28T23:59:59Z"), line(event="first", time="2026-03-01T00:00:01Z")
    wrong = line(said="2", event="wrong", time="2026-03-01T00:00:02Z")
    bucket.put(*broken, before, first, wrong, hour="2026/02/28/23")
    bucket.put(line(event="second"))
    found = bucket.read()
    assert found.table["event_id"].to_pylist() == ["first", "second"]
    assert {reason: bad.count for reason, bad in found.report.bad.items()} == {"wrong_output": 1}
    assert found.report.outside == 1


@pytest.mark.parametrize("window", [DAY[::-1], (DAY[0], DAY[0]), tuple(moment.replace(tzinfo=None) for moment in DAY)])
def test_a_window_has_two_moments_and_their_offsets(window: tuple[dt.datetime, dt.datetime]) -> None:
    """A day of nobody knows where is no day."""
    with pytest.raises(ValueError, match="expected a window"):
        read_capture([], DATASET, window, limit=0)


def test_a_window_may_be_in_another_zone(bucket: Bucket) -> None:
    """It is the same two moments."""
    path = bucket.put(line(time="2026-02-28T23:30:00Z"), line(time="2026-03-01T23:30:00Z", event="f"))
    zone = dt.timezone(dt.timedelta(hours=1))
    start, end = (moment.replace(tzinfo=zone) for moment in DAY)
    assert read_capture([path], DATASET, (start, end), limit=0).table["event_id"].to_pylist() == ["e"]


def test_no_capture_is_an_empty_table(bucket: Bucket) -> None:
    """With the columns of any other, and counts of zero."""
    for files in ([], [bucket.put(b"")], [bucket.put(line(time="2026-04-01T00:00:00Z"))]):
        found = bucket.read(files, limit=0)
        assert found.table.schema == PLAN.schema
        assert (len(found.table), found.report.rows, found.report.bad) == (0, 0, {})


def test_variants_are_told_by_their_folder(bucket: Bucket) -> None:
    """And counted; a shadow's answer to the same event is its own row."""
    bucket.put(line(), line(event="f"))
    bucket.put(line(said="0.75"), variant="shadow")
    found = bucket.read()
    assert found.report.variants == {"main": 2, "shadow": 1}
    assert found.table.select(["event_id", "variant", "score"]).to_pylist() == [
        {"event_id": "e", "variant": "main", "score": 0.25},
        {"event_id": "e", "variant": "shadow", "score": 0.75},
        {"event_id": "f", "variant": "main", "score": 0.25},
    ]


def test_a_file_elsewhere_has_no_variant(bucket: Bucket) -> None:
    """A person with loose files reads them too."""
    path = bucket.root / "loose.jsonl"
    path.write_bytes(line())
    assert source_of(path, 0).name == "loose.jsonl"
    found = bucket.read([path])
    assert found.table["variant"].to_pylist() == [None]
    assert found.report.variants == {}


def test_a_file_that_is_delivered_again_counts_once(bucket: Bucket) -> None:
    """Under another name and in a later hour, half of it or all."""
    content = [line(f"{GOOD}\n{GOOD}", "0.1\n0.2", event=f"e{number}") for number in range(4)]
    once = bucket.put(*content)
    alone = bucket.read([once])
    bucket.put(*content[:3], hour="2026/03/01/14")
    found = bucket.read()
    assert found.table == alone.table
    assert (found.report.duplicates, found.report.rows_read, found.report.rows) == (3, 14, 8)


def test_any_listing_gives_the_same_bytes(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any order of files, any size of blocks; the report is the same too."""
    drawn = random.Random(7)  # noqa: S311 a test draws numbers
    for number in range(6):
        lines = [line(f"{drawn.random()},red,2026-01-01,,", event=f"e{drawn.randrange(30)}") for _ in range(20)]
        bucket.put(*lines, b"x\n", name=f"{number}.jsonl", variant=f"v{number % 2}")
    files = sorted(bucket.root.rglob("*.jsonl"))
    expected = bucket.read(files)
    monkeypatch.setattr(envelope.blocks, "__defaults__", (500,))
    for _ in range(3):
        drawn.shuffle(files)
        found = bucket.read(files)
        assert parquet(found.table) == parquet(expected.table)
        assert found.report == expected.report
    assert expected.report.duplicates > 0


def test_each_fault_is_counted_and_shown_and_costs_no_good_row(bucket: Bucket) -> None:
    """A file with one of each."""
    bad = {
        "not_json": b"nope\n",
        "not_a_record": b"{}\n",
        "undecodable_body": line(side("%", "BASE64")),
        "input_without_output": line(captureData={"endpointInput": side(GOOD)}),
        "output_without_input": line(captureData={"endpointOutput": side("0.5")}),
        "counts_differ": line(said="0.1\n0.2"),
        "wrong_columns": line(f"{GOOD},1"),
        "wrong_cell": line(GOOD.replace("5", "five", 1)),
        "wrong_output": line(said="2"),
        "half_written": line()[:50],
    }
    good = [line(event=f"good{number}") for number in range(20)]
    bucket.put(*good, *bad.values(), name="b.jsonl")
    found = bucket.read()
    assert [event for event in found.table["event_id"].to_pylist() if event.startswith("good")] == sorted(
        f"good{number}" for number in range(20)
    )
    assert len(found.table) == 20
    counts = {reason: (count.count, count.example.line) for reason, count in found.report.bad.items()}
    assert counts == {reason: (1, number) for number, reason in enumerate(bad, start=21)}
    example = found.report.bad["wrong_cell"].example
    assert str(example) == "toy-test/main/2026/03/01/12/b.jsonl, line 28: expected a numeric value as size, got 'five'"
    with pytest.raises(DataContractError, match="7 of 30 requests and 3 of 23 rows cannot be read"):
        bucket.read(limit=0.2)


def test_names_that_the_spec_does_not_have_are_counted(bucket: Bucket) -> None:
    """Over all files: somebody sends more than the model sees."""
    record = {"size": 1, "colour": "red", "since": "2026-01-01", "new": 1}
    for name in ("a", "b"):
        bucket.put(line(side(json.dumps([record] * 2), "JSON"), "0.1\n0.2", event=name), name=name + ".jsonl")
    assert bucket.read(limit=0).report.unknown_columns == {"new": 4}


def test_rows_without_names_may_have_other_columns(bucket: Bucket) -> None:
    """Where clients send the id in front."""
    path = bucket.put(line(f"k1,{GOOD}"))
    names = ("key", "size", "colour", "since", "weight", "note")
    found = read_capture([path], DATASET, DAY, limit=0, positional=names)
    assert found.table["key"].to_pylist() == ["k1"]


def test_the_inference_id_is_kept(bucket: Bucket) -> None:
    """It is what a client knows the row by."""
    metadata = {"eventId": "e", "inferenceId": "order-7", "inferenceTime": "2026-03-01T12:00:00.5Z"}
    bucket.put(line(eventMetadata=metadata))
    [row] = bucket.read().table.to_pylist()
    assert (row["inference_id"], row["inference_time"]) == (
        "order-7",
        dt.datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=dt.UTC),
    )
