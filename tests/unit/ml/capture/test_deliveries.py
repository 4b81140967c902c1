"""Each request once, all in one order."""

import datetime as dt

import pyarrow as pa

from include.ml.capture.deliveries import once


def table(*rows: tuple[int, str, int, str | None, int]) -> pa.Table:
    seconds, events, numbers, variants, records = zip(*rows, strict=True)
    return pa.table(
        {
            "inference_time": [dt.datetime(2026, 3, 1, 0, 0, second, tzinfo=dt.UTC) for second in seconds],
            "event_id": events,
            "row": numbers,
            "variant": pa.array(variants, pa.string()),
            "record": records,
        }
    )


def said(found: pa.Table) -> list[tuple[object, ...]]:
    return [(row["event_id"], row["row"], row["variant"]) for row in found.to_pylist()]


def test_rows_are_ordered_by_time_request_and_place() -> None:
    """Whatever file they were in."""
    found, repeated = once(table((2, "a", 0, "v", 1), (1, "c", 1, "v", 2), (1, "c", 0, "v", 2), (1, "b", 0, "v", 3)))
    assert said(found) == [("b", 0, "v"), ("c", 0, "v"), ("c", 1, "v"), ("a", 0, "v")]
    assert (repeated, "record" in found.column_names) == (0, False)


def test_a_request_counts_once() -> None:
    """With all its rows, those of its first record; how many records were repeated is counted, not how many rows."""
    again = [(1, "a", row, None, record) for record in (5, 2, 9) for row in (0, 1)]
    found, repeated = once(table(*again, (1, "b", 0, None, 1)))
    assert said(found) == [("a", 0, None), ("a", 1, None), ("b", 0, None)]
    assert repeated == 2


def test_the_first_delivery_is_the_one_that_stays() -> None:
    """Of the first file, whichever the table has first; and should they differ, all of it."""
    rows = table((3, "a", 0, "v", 7), (3, "a", 1, "v", 7), (1, "a", 0, "v", 4), (2, "a", 1, "v", 4))
    found, _ = once(rows)
    assert [time.second for time in found["inference_time"].to_pylist()] == [1, 2]


def test_rows_of_two_variants_lie_side_by_side() -> None:
    """The same row of the same request, and then the next."""
    found, _ = once(table(*((1, "a", row, variant, 1) for variant in "wv" for row in (1, 0))))
    assert said(found) == [("a", 0, "v"), ("a", 0, "w"), ("a", 1, "v"), ("a", 1, "w")]


def test_a_shadow_variant_answers_the_same_event() -> None:
    """Both answers are kept."""
    found, repeated = once(table((1, "a", 0, "w", 1), (1, "a", 0, "v", 2), (1, "a", 0, None, 3)))
    assert said(found) == [("a", 0, "v"), ("a", 0, "w"), ("a", 0, None)]
    assert repeated == 0


def test_nothing_stays_nothing() -> None:
    """In its columns."""
    found, repeated = once(table((1, "a", 0, "v", 1)).slice(0, 0))
    assert (len(found), repeated, found.column_names[-1]) == (0, 0, "variant")
