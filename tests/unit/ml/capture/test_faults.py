"""Faults become counts with an example, and too many of them an error that says where to look."""

import re
import typing
from functools import reduce

import pytest

from include.ml.capture.faults import LOOK_AT, BodyError, counted, fault, quoted, require_few
from include.specs.capture import CaptureReport, Reason
from include.specs.errors import DataContractError


def test_the_example_is_the_first() -> None:
    """Of the first file, the first line."""
    late, early = (fault(BodyError("not_json", "JSON", f"{line}"), line) for line in (9, 2))
    counts = counted(counted({}, [late, early], "a"), [early], "b")
    assert counts["not_json"].count == 3
    assert str(counts["not_json"].example) == "a, line 2: expected JSON, got '2'"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("", "''"),
        (None, "None"),
        ("é" * 80, repr("é" * 40)),
        ([1] * 90, str([1] * 90)[:80]),
        ("a\ud800", repr("a\\ud800")),
        (reduce(lambda inner, _: [inner], range(100_000), 1), "list within list within …"),
    ],
    ids=["empty", "none", "long", "list", "half-a-character", "deep"],
)
def test_what_came_is_shown_in_short(found: object, words: str) -> None:
    """A body may have megabytes."""
    assert quoted(found) == words


def test_as_much_as_allowed_may_be_lost() -> None:
    """At the limit nothing is raised; no traffic at all is nothing lost."""
    counts = counted({}, [fault(BodyError("not_json", "JSON", "x"), 1)], "a")
    require_few(CaptureReport(files=1, requests=9, bad=counts), 0.1)
    require_few(CaptureReport(files=0), 0)


def test_more_is_an_error_that_names_what_to_look_at() -> None:
    """Counts, shares, the example of each reason, and the likely cause of the most frequent."""
    faults = [fault(BodyError("wrong_cell", "a number", "x"), 3)] * 2
    faults += [fault(BodyError("not_json", "JSON", "{"), 4)] * 3
    report = CaptureReport(files=1, requests=7, rows_read=18, bad=counted({}, faults, "main/a.jsonl"))
    message = (
        "captured traffic: 3 of 10 requests and 2 of 20 rows cannot be read (30.00%), allowed are 20.00%: "
        "3 x not_json (main/a.jsonl, line 4: expected JSON, got '{'); "
        "2 x wrong_cell (main/a.jsonl, line 3: expected a number, got 'x'). Look at whether something other"
    )
    with pytest.raises(DataContractError, match=re.escape(message)):
        require_few(report, 0.2)


def test_every_reason_has_a_place_to_look_at() -> None:
    """One that is added needs one too."""
    assert set(LOOK_AT) == set(typing.get_args(Reason))
