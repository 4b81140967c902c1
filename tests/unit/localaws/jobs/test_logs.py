"""Logs: bytes become bounded lines, and lines metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from localaws.jobs.logs import MAX_LINE_BYTES, LineSplitter, MetricScanner

LINES = st.lists(st.text(st.characters(codec="ascii", exclude_characters="\n\r", min_codepoint=32), min_size=1))


def collect(chunks: Sequence[bytes], **options: int) -> list[str]:
    lines: list[str] = []
    splitter = LineSplitter([lines.extend], **options)
    for chunk in chunks:
        splitter.feed(chunk)
    splitter.close()
    return lines


@given(LINES, st.integers(min_value=1, max_value=7))
def test_lines_do_not_depend_on_how_they_arrive(lines: list[str], size: int) -> None:
    """However the bytes are cut into chunks, the same lines come out."""
    whole = "\n".join(lines).encode()
    assert collect([whole[i : i + size] for i in range(0, len(whole), size)]) == lines


def test_a_character_cut_in_two_is_one_character() -> None:
    """UTF-8 that is split between chunks is decoded as a whole."""
    euro = "€\n".encode()
    assert collect([euro[:1], euro[1:]]) == ["€"]


def test_empty_lines_are_dropped() -> None:
    """CloudWatch takes no empty messages."""
    assert collect([b"a\n\n\r\nb"]) == ["a", "b"]


def test_a_line_without_end_is_cut() -> None:
    """A line longer than an event may be becomes several."""
    lines = collect([b"x" * (MAX_LINE_BYTES + 1)])
    assert [len(line) for line in lines] == [MAX_LINE_BYTES, 1]


def test_a_log_is_bounded_and_says_where_it_ends() -> None:
    """Beyond the bound, output is taken and dropped, with one line that tells."""
    lines = collect([b"1234\n", b"5678\n", b"dropped\n"], max_bytes=8)
    assert lines == ["1234", "5678", "localaws: the log ends here, after 8 bytes"]


def test_what_is_no_number_is_no_metric() -> None:
    """An expression that catches text gives no metric."""
    scanner = MetricScanner([{"Name": "auc", "Regex": "auc=(.*)"}], clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    scanner.scan(["auc=high"])
    assert scanner.last_values() == ()
