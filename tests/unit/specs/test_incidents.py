"""What went wrong, and what was told of it, can be read back by whoever comes later."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.specs import codec
from include.specs.errors import ReportError
from include.specs.incidents import FAILURE, NOTICES, FailureReport, NoticeReport

texts = st.text()
failures = st.builds(
    FailureReport,
    task_id=texts,
    try_number=st.integers(0, 10**6),
    fault=texts,
    retried=st.booleans(),
    message=texts,
    advice=texts,
)
notices = st.builds(
    NoticeReport,
    subject=texts,
    body=st.dictionaries(texts, st.none() | st.integers() | texts, max_size=4),
    message_id=st.none() | texts,
    error=st.none() | texts,
)


@given(failures | notices)
def test_record_is_read_as_it_was_written(report: FailureReport | NoticeReport) -> None:
    """Whatever words an error had, and whatever a message told."""
    assert codec.decode(type(report), codec.encode(report), source="test") == report


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(FailureReport)])
def test_failure_is_recorded_whole(field: str) -> None:
    """A record that lacks which task, which fault or what to do is none."""
    whole = FailureReport(task_id="t", try_number=1, fault="denied", retried=False, message="m", advice="a")
    plain = {name: value for name, value in codec.to_plain(whole).items() if name != field}
    with pytest.raises(ReportError, match=field):
        codec.from_plain(FailureReport, plain, "failure.json")


def test_message_that_was_not_taken_has_no_id() -> None:
    """Unless somebody says so, a message has neither been taken nor refused."""
    report = NoticeReport(subject="s", body={})
    assert (report.message_id, report.error) == (None, None)


def test_records_lie_apart() -> None:
    """The failure is a file and the notices are a folder, so that neither is taken for the other."""
    assert NOTICES.endswith("/")
    assert not FAILURE.startswith(NOTICES)
