"""Logs: bytes become bounded lines, and lines metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.logs.models import logs_backends

from localaws.jobs.logs import MAX_LINE_BYTES, LineSplitter, LogAddress, LogStream, MetricScanner
from tests.unit.localaws.conftest import ACCOUNT

NOW = datetime(2026, 1, 1, tzinfo=UTC)

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


def test_a_sink_that_fails_stops_nobody() -> None:
    """The other sinks have each line, and the next ones come."""
    lines: list[str] = []

    def fail(given: Sequence[str]) -> None:
        raise RuntimeError(given)

    splitter = LineSplitter([fail, lines.extend])
    for chunk in (b"first\n", b"second"):
        splitter.feed(chunk)
    splitter.close()
    assert lines == ["first", "second"]


@pytest.mark.usefixtures("no_state")
@pytest.mark.parametrize("whole_group", [True, False])
def test_a_log_that_is_deleted_is_made_anew(whole_group: bool) -> None:
    """Lines that come after the group or the stream was deleted are in a new one of the same name."""
    address = LogAddress(account=ACCOUNT, region="eu-west-1", group="/aws/jobs", stream="job/algo-1")
    stream, backend = LogStream(address, clock=lambda: datetime.now(UTC)), logs_backends[ACCOUNT]["eu-west-1"]
    stream.append(["before"])
    if whole_group:
        backend.delete_log_group("/aws/jobs")
    else:
        backend.delete_log_stream("/aws/jobs", "job/algo-1")
    stream.append(["after"])
    events = backend.groups["/aws/jobs"].streams["job/algo-1"].events
    assert [event.message for event in events] == ["after"]


def test_what_is_no_number_is_no_metric() -> None:
    """An expression that catches text gives no metric."""
    scanner = MetricScanner([{"Name": "auc", "Regex": "auc=(.*)"}], clock=lambda: NOW)
    scanner.scan(["auc=high"])
    assert scanner.last_values() == ()
