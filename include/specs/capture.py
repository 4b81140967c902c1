"""What was read of a day's captured traffic, and what could not be: counted by reason, each with an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Reason = Literal[
    "half_written",
    "not_json",
    "not_a_record",
    "undecodable_body",
    "input_without_output",
    "output_without_input",
    "counts_differ",
    "wrong_columns",
    "wrong_cell",
    "wrong_output",
]
# These lose one row of a request that was read; the others lose the request, and nobody knows how many rows it had.
ROW_REASONS: frozenset[Reason] = frozenset({"wrong_columns", "wrong_cell", "wrong_output"})


@dataclass(frozen=True, kw_only=True)
class Example:
    """One of what could not be read: the line of the file it is in (from 1), what was expected there, what came."""

    file: str
    line: int
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: expected {self.expected}, got {self.found}"


@dataclass(frozen=True, kw_only=True)
class BadCount:
    """How many requests, or rows (`ROW_REASONS`), were lost for one reason, and the first of them."""

    count: int
    example: Example


@dataclass(frozen=True, kw_only=True)
class CaptureReport:
    """What the files of a window held. Captured traffic may be a sample: nothing here is the endpoint's traffic.

    Args:
        requests: whose bodies were read, repeated deliveries included.
        rows_read: good rows in those. rows: what is left of them without the repeated.
        duplicates: requests that were delivered before, and counted once.
        outside: requests of another time than the window's; their bodies were not looked at.
        variants: variant → rows.
        unknown_columns: name that bodies give and the spec does not have → rows.
    """

    files: int
    requests: int = 0
    rows_read: int = 0
    rows: int = 0
    duplicates: int = 0
    outside: int = 0
    bad: Mapping[Reason, BadCount] = field(default_factory=dict)
    variants: Mapping[str, int] = field(default_factory=dict)
    unknown_columns: Mapping[str, int] = field(default_factory=dict)

    @property
    def bad_requests(self) -> int:
        """Requests of which nothing could be read."""
        return sum(bad.count for reason, bad in self.bad.items() if reason not in ROW_REASONS)

    @property
    def bad_rows(self) -> int:
        """Rows that could not be read, of the requests that could."""
        return sum(bad.count for reason, bad in self.bad.items() if reason in ROW_REASONS)

    @property
    def bad_share(self) -> float:
        """The larger of two shares: of requests lost whole, and of rows lost in the others.

        >>> example = Example(file="a.jsonl", line=1, expected="JSON", found="'{'")
        >>> bad = {"not_json": BadCount(count=1, example=example), "wrong_cell": BadCount(count=1, example=example)}
        >>> CaptureReport(files=1, requests=3, rows_read=99, bad=bad).bad_share
        0.25
        """
        lost, rows = self.bad_requests, self.bad_rows
        return max(lost / max(lost + self.requests, 1), rows / max(rows + self.rows_read, 1))
