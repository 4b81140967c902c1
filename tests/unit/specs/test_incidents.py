"""What went wrong, and what was told of it, can be read back by whoever comes later."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.specs import codec
from include.specs.errors import ReportError
from include.specs.incidents import FAILURES, NOTICES, FailureReport, NoticeReport, failure_file

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
    body=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=4),
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
        codec.from_plain(FailureReport, plain, "record")


def test_message_that_was_not_taken_has_no_id() -> None:
    """Unless somebody says so, a message has neither been taken nor refused."""
    report = NoticeReport(subject="s", body={})
    assert (report.message_id, report.error) == (None, None)


def test_records_lie_apart() -> None:
    """Failures and notices each have a folder, so that neither is taken for the other."""
    for folder, other in ((FAILURES, NOTICES), (NOTICES, FAILURES)):
        assert folder.endswith("/")
        assert not folder.startswith(other)


instances = st.tuples(st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True), st.none() | st.integers(-1, 1000))


@given(instances, instances)
def test_a_task_instance_has_a_record_of_its_own(one: tuple[str, int | None], other: tuple[str, int | None]) -> None:
    """Whatever tasks are called, and whichever of them are mapped; a task that is not has no index, or -1."""
    same = (one[0], -1 if one[1] is None else one[1]) == (other[0], -1 if other[1] is None else other[1])
    assert (failure_file(*one) == failure_file(*other)) is same
    assert failure_file(*one).startswith(FAILURES)
