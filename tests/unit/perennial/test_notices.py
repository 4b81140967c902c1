"""A message is sent once, and one that was not taken is on record."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from perennial.hooks.lake import Lake
from perennial.notices import Notice, request, send

from include.specs import codec
from include.specs.environment import Environment
from include.specs.incidents import NoticeReport

Inbox = Callable[[], list[dict[str, Any]]]
PUBLISH = botocore.session.get_session().get_service_model("sns").operation_model("Publish").input_shape
NOTICE = Notice(
    model="churn",
    run="manual-1-abc",
    kind="verdict-register",
    subject="churn: version 3 registered, waiting for approval",
    body={"model": "churn", "version": 3, "approval_status": None},
)
KEY = "experiments/churn/manual-1-abc/notices/verdict-register.json"
texts = st.text(min_size=1, max_size=300)
lines = st.from_regex(r"[a-z0-9][ -~]{0,299}", fullmatch=True)  # what models and DAGs are called, and words of ours


@pytest.fixture
def lake(aws: SimpleNamespace) -> Lake:
    return Lake("lake", s3=aws.s3)


@pytest.fixture
def inbox(listen: Callable[..., Inbox]) -> Inbox:
    return listen("perennial-churn")


@pytest.fixture
def refusing() -> Iterator[Stubber]:
    """SNS that refuses what it is asked, each time that a test says so."""
    with Stubber(boto3.client("sns")) as stubber:
        yield stubber


@pytest.fixture
def failing(aws: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str | None], Lake]:
    """Makes a lake of which one operation fails: with a code of S3's, or without an answer."""

    def make(operation: str, code: str | None) -> Lake:
        def fail(**_: Any) -> None:
            if code is None:
                raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

        monkeypatch.setattr(aws.s3, operation, fail)
        return Lake("lake", s3=aws.s3)

    return make


def _send(where: Environment, lake: Lake, notice: Notice = NOTICE, sns: Any = None) -> str:
    return send(notice, where, lake=lake, sns=sns or boto3.client("sns"))


def _record(aws: SimpleNamespace, key: str = KEY) -> NoticeReport:
    return codec.decode(NoticeReport, aws.get(key), source=key)


def test_message_is_sent_as_it_is_meant(where: Environment, lake: Lake, inbox: Inbox) -> None:
    """Programs read its body as JSON, people its subject; its attributes tell receivers what it is, and which."""
    message_id = _send(where, lake)
    [envelope] = inbox()
    assert (envelope["MessageId"], envelope["Subject"]) == (message_id, NOTICE.subject)
    assert json.loads(envelope["Message"]) == NOTICE.body
    attributes = {name: value["Value"] for name, value in envelope["MessageAttributes"].items()}
    assert attributes == {"model": "churn", "kind": "verdict-register", "deduplication_id": NOTICE.deduplication_id}


def test_what_was_sent_is_on_record(aws: SimpleNamespace, where: Environment, lake: Lake, inbox: Inbox) -> None:
    """The message beside the run's reports, with the id that SNS gave it."""
    message_id = _send(where, lake)
    assert len(inbox()) == 1
    assert _record(aws) == NoticeReport(subject=NOTICE.subject, body=NOTICE.body, message_id=message_id)


def test_message_is_sent_once(where: Environment, lake: Lake, inbox: Inbox) -> None:
    """A retry finds the record: the same id, and nobody is told twice."""
    first = _send(where, lake)
    assert [_send(where, lake) for _ in range(2)] == [first, first]
    assert len(inbox()) == 1


@pytest.mark.parametrize("changes", [{"kind": "run-failed-0"}, {"run": "manual-2-abc"}])
def test_another_message_is_sent_too(where: Environment, lake: Lake, inbox: Inbox, changes: dict[str, str]) -> None:
    """Each run tells each kind."""
    for notice in (NOTICE, dataclasses.replace(NOTICE, **changes)):
        _send(where, lake, notice)
    assert len(inbox()) == 2


@pytest.mark.parametrize("body", [b"", b"{", b'{"subject": 1}', b'{"subject": "s", "body": {}, "message_id": NaN}'])
def test_record_that_nobody_can_read_says_nothing(
    aws: SimpleNamespace, where: Environment, lake: Lake, inbox: Inbox, body: bytes
) -> None:
    """Better told twice than never; the record is then one that can be read."""
    aws.put(KEY, body)
    message_id = _send(where, lake)
    assert len(inbox()) == 1
    assert _record(aws).message_id == message_id


def test_refused_message_is_on_record(aws: SimpleNamespace, where: Environment, lake: Lake, refusing: Stubber) -> None:
    """It holds the message, and says why nobody has it; the refusal itself goes on to the caller."""
    refusing.add_client_error("publish", "AuthorizationError", "not allowed to SNS:Publish")
    with pytest.raises(ClientError, match="AuthorizationError"):
        _send(where, lake, sns=refusing.client)
    record = _record(aws)
    assert (record.subject, record.body, record.message_id) == (NOTICE.subject, NOTICE.body, None)
    assert "An error occurred (AuthorizationError)" in (record.error or "")


def test_refused_message_is_sent_by_the_next_try(
    aws: SimpleNamespace, where: Environment, lake: Lake, inbox: Inbox, refusing: Stubber
) -> None:
    """What is on record as refused was not sent; once it is, the record says so and no more."""
    refusing.add_client_error("publish", "Throttling")
    with pytest.raises(ClientError):
        _send(where, lake, sns=refusing.client)
    message_id = _send(where, lake)
    assert len(inbox()) == 1
    assert _record(aws) == NoticeReport(subject=NOTICE.subject, body=NOTICE.body, message_id=message_id)


def test_unreachable_sns_is_on_record(aws: SimpleNamespace, where: Environment, lake: Lake) -> None:
    """What is no answer of SNS is told in the same place."""

    def publish(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(EndpointConnectionError):
        _send(where, lake, sns=SimpleNamespace(publish=publish))
    assert "EndpointConnectionError: Could not connect" in (_record(aws).error or "")


@pytest.mark.parametrize("operation", ["get_object", "put_object"])
@pytest.mark.parametrize("error", ["AccessDenied", "SlowDown", None])
def test_message_is_sent_though_s3_fails(
    where: Environment,
    inbox: Inbox,
    failing: Callable[[str, str | None], Lake],
    caplog: pytest.LogCaptureFixture,
    operation: str,
    error: str | None,
) -> None:
    """Whatever is wrong with S3, reading or writing: people are told, no try fails for it, and the log has it."""
    message_id = _send(where, failing(operation, error))
    assert [envelope["MessageId"] for envelope in inbox()] == [message_id]
    assert KEY in caplog.text
    assert (message_id in caplog.text) is (operation == "put_object")


def test_refusal_is_what_is_raised_though_s3_fails(
    where: Environment, failing: Callable[[str, str | None], Lake], refusing: Stubber, caplog: pytest.LogCaptureFixture
) -> None:
    """SNS's answer decides whether there is another try; the log then holds the message."""
    refusing.add_client_error("publish", "Throttling")
    with pytest.raises(ClientError, match="Throttling"):
        _send(where, failing("put_object", "AccessDenied"), sns=refusing.client)
    assert NOTICE.subject in caplog.text


def test_fifo_topic_drops_what_is_sent_again(
    aws: SimpleNamespace, where: Environment, listen: Callable[..., Inbox]
) -> None:
    """A process that was killed before it could write the record sends the same deduplication id once more."""
    inbox = listen("perennial-churn", fifo=True)
    topic, sns = where.topic("churn") + ".fifo", boto3.client("sns")
    for _ in range(2):
        sns.publish(**request(NOTICE, topic))
    assert len(inbox()) == 1
    assert aws.listing() == []


def test_only_a_fifo_topic_is_told_of_groups(where: Environment) -> None:
    """Another refuses to hear of deduplication."""
    assert {"MessageGroupId", "MessageDeduplicationId"} & set(request(NOTICE, where.topic("churn"))) == set()
    asked = request(NOTICE, where.topic("churn") + ".fifo")
    assert (asked["MessageGroupId"], asked["MessageDeduplicationId"]) == ("churn", NOTICE.deduplication_id)


def test_deduplication_id_is_of_the_notice_not_of_its_words() -> None:
    """Another try may word it otherwise; another kind, run or model is another notice."""
    again = dataclasses.replace(NOTICE, subject="other", body={})
    assert again.deduplication_id == NOTICE.deduplication_id
    others = [dataclasses.replace(NOTICE, **{field: "other"}) for field in ("model", "run", "kind")]
    assert len({notice.deduplication_id for notice in [NOTICE, *others]}) == 4


@pytest.mark.parametrize("suffix", ["", ".fifo"])
@given(subject=lines, body=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=4))
def test_request_is_one_that_sns_takes(suffix: str, subject: str, body: dict[str, str | int | bool | None]) -> None:
    """Held against botocore's model of the service, and against what SNS says of subjects and ids."""
    notice = dataclasses.replace(NOTICE, subject=subject, body=body)
    asked = request(notice, f"arn:aws:sns:eu-west-1:123456789012:perennial-churn{suffix}")
    report = ParamValidator().validate(asked, PUBLISH)
    assert not report.has_errors(), report.generate_report()
    assert json.loads(asked["Message"]) == body
    # SNS: a subject has 1 to 100 characters, an id at most 128.
    assert 1 <= len(asked["Subject"]) <= 100
    assert len(asked.get("MessageDeduplicationId", "")) <= 128


# SNS counts bytes: one character may take four, and in JSON six.
long_texts = st.builds(lambda part, size: part * (size // len(part)), texts, st.integers(0, 300_000))


@settings(max_examples=30, deadline=None)
@given(body=st.dictionaries(st.sampled_from(["reasons", "features", "feed", "fell", "cause"]), long_texts))
def test_message_fits_sns_and_a_queue(body: dict[str, str]) -> None:
    """Texts are cut, and say so; links never. A queue gets the message as a text inside JSON once more."""
    link = "https://console.example/" + "x" * 5000
    asked = request(dataclasses.replace(NOTICE, body={**body, "report": link, "version": 3}), "arn")
    assert len(json.dumps(asked["Message"], ensure_ascii=False).encode()) < 262_144 - 2000
    told = json.loads(asked["Message"])
    assert (told.pop("report"), told.pop("version"), set(told)) == (link, 3, set(body))
    for name, text in body.items():
        assert told[name] == text or told[name].endswith(f"… (cut: {len(text)} characters)")
        assert len(told[name]) < 4100


def test_short_texts_are_left_when_long_ones_are_cut() -> None:
    """And what is cut is cut no more than it takes."""
    body = {"fault": "data", **{f"text-{number}": "é" * 10_000 for number in range(15)}}
    told = json.loads(request(dataclasses.replace(NOTICE, body=body), "arn")["Message"])
    assert told["fault"] == "data"
    assert told["text-0"] == "é" * 2000 + "… (cut: 10000 characters)"


def test_long_values_of_data_keep_nobody_from_being_told(
    aws: SimpleNamespace, where: Environment, lake: Lake, inbox: Inbox
) -> None:
    """What was sent is on record."""
    body = {"reasons": "; ".join(f"{number}: {'é' * 60_000}" for number in range(3)), "report": "http://page"}
    _send(where, lake, dataclasses.replace(NOTICE, body=body))
    [envelope] = inbox()
    told = json.loads(envelope["Message"])
    assert (told["reasons"][:4], told["report"]) == ("0: é", "http://page")
    assert _record(aws).body == told


@pytest.mark.parametrize(
    ("text", "told", "sent"),
    [
        ("a\udcff", "a\\udcff", r"a\\udcff"),
        ("a\uffff", "a\uffff", r"a\uffff"),
        ("größe\x00", "größe\x00", r"größe\u0000"),
    ],
)
def test_characters_that_cannot_be_sent_are_written_otherwise(text: str, told: str, sent: str) -> None:
    """Half a character, and those that XML refuses; all others are told as they are."""
    message = request(dataclasses.replace(NOTICE, body={"cause": text}), "arn")["Message"]
    assert json.loads(message) == {"cause": told}
    assert f'"{sent}"' in message


def test_long_subject_is_cut(aws: SimpleNamespace, where: Environment, lake: Lake, inbox: Inbox) -> None:
    """To what SNS takes, in the message as on the record."""
    _send(where, lake, dataclasses.replace(NOTICE, subject="s" * 101))
    assert inbox()[0]["Subject"] == _record(aws).subject == "s" * 100
