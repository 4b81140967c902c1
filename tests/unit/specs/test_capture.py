"""What was lost of captured traffic, as shares."""

import pytest

from include.specs import codec
from include.specs.capture import BadCount, CaptureReport, Example, Reason

EXAMPLE = Example(file="main/2026/03/01/12/a.jsonl", line=3, expected="JSON", found="'{'")


def report(requests: int, rows: int, **bad: int) -> CaptureReport:
    reasons: dict[Reason, BadCount] = {
        reason: BadCount(count=count, example=EXAMPLE)
        for reason, count in bad.items()  # type: ignore[misc]
    }
    return CaptureReport(files=1, requests=requests, rows_read=rows, bad=reasons)


@pytest.mark.parametrize(
    ("read", "share"),
    [
        (report(0, 0), 0),
        (report(3, 300, not_json=1), 0.25),
        (report(10, 75, wrong_cell=20, wrong_output=5), 0.25),
        (report(9, 30, half_written=1, wrong_columns=30), 0.5),
    ],
)
def test_the_share_lost_is_the_larger_one(read: CaptureReport, share: float) -> None:
    """A request of a hundred rows that is lost is not one row, and a row in each request is not every request."""
    assert read.bad_share == share


def test_an_example_names_the_place() -> None:
    """File, line, what was expected and what came."""
    assert str(EXAMPLE) == "main/2026/03/01/12/a.jsonl, line 3: expected JSON, got '{'"


def test_a_report_travels() -> None:
    """As JSON, from the job to who reads its report."""
    made = report(1, 2, not_json=1, wrong_cell=2)
    assert codec.decode(CaptureReport, codec.encode(made), source="a test") == made
