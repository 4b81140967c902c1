"""Messages to a model's topic: each is sent once, and one that SNS did not take is on record.

The record is written after SNS has answered. A process that is killed between the two sends the message again when it
is retried, with the same deduplication id: a FIFO topic drops the second one, and other receivers can.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from include.specs import codec, s3_layout
from include.specs.environment import Environment
from include.specs.incidents import NOTICES, NoticeReport
from perennial import naming
from perennial.hooks.lake import LAKE_ERRORS, Lake

log = logging.getLogger(__name__)
Body = Mapping[str, str | int | bool | None]

_MAX_SUBJECT = 100  # SNS: a subject has at most 100 ASCII characters
# SNS takes 256 KiB, and so does a queue, which gets the message as a text inside JSON: that may double it.
_MAX_BYTES = 100_000
_MAX_TEXT = 4000  # characters; a person reads a page
_LINKS = ("report", "run", "runbook")
# JSON may hold these as they are; what queues answer with may not.
_NO_XML = re.compile("[\ufffe\uffff]")
_FIFO = ".fifo"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One message.

    Args:
        run: the run's name in S3. kind: what it tells, for example `verdict-reject`; a run tells each kind once.
        body: for programs and people alike, sent as JSON; texts that are too long for that are cut.
    """

    model: str
    run: str
    kind: str
    subject: str
    body: Body

    @property
    def key(self) -> str:
        """Where its record lies."""
        return f"{s3_layout.experiment(self.model, self.run)}{NOTICES}{self.kind}.json"

    @property
    def deduplication_id(self) -> str:
        """The same on every try of the same notice."""
        return naming.digest([self.model, self.run, self.kind])


def send(notice: Notice, where: Environment, *, lake: Lake, sns: Any) -> str:
    """Publish `notice`, unless its record says that this was done; the message's id.

    What is wrong with S3 keeps nobody from being told: it costs the record, and then the log has it.

    Raises:
        ClientError, BotoCoreError: SNS did not take it; its record says why, and holds the message.
        SpecError: where the topic is is not known; as above.
    """
    report = NoticeReport(subject=_subject(notice), body=json.loads(_message(notice.body)))
    sent = _sent(notice, lake)
    if sent is not None:
        return sent
    try:
        answer = sns.publish(**request(notice, where.topic(notice.model)))
    except Exception as error:
        _keep(notice, replace(report, error=f"{type(error).__name__}: {error}"), lake)
        raise
    message_id = str(answer["MessageId"])
    _keep(notice, replace(report, message_id=message_id), lake)
    return message_id


def request(notice: Notice, topic: str) -> dict[str, Any]:
    """What SNS is asked for. A FIFO topic drops what it has been sent within five minutes, by the deduplication id."""
    attributes = {"model": notice.model, "kind": notice.kind, "deduplication_id": notice.deduplication_id}
    fifo = {"MessageGroupId": notice.model, "MessageDeduplicationId": notice.deduplication_id}
    return {
        "TopicArn": topic,
        "Subject": _subject(notice),
        "Message": _message(notice.body),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
        **(fifo if topic.endswith(_FIFO) else {}),
    }


def _subject(notice: Notice) -> str:
    return notice.subject[:_MAX_SUBJECT]


def _message(body: Body) -> str:
    """`body` as JSON that SNS and whoever listens to it takes: its longest texts are cut until all of it fits."""
    longest = _MAX_TEXT
    while len((message := _json(body, longest)).encode()) > _MAX_BYTES and longest > 1:
        longest //= 2
    return message


def _json(body: Body, longest: int) -> str:
    cut = {name: _cut(value, longest) if name not in _LINKS else value for name, value in body.items()}
    text = json.dumps(cut, indent=1, sort_keys=True, ensure_ascii=False)
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _cut(value: str | int | bool | None, longest: int) -> str | int | bool | None:
    """A text of at most `longest` characters, and how many there were.

    >>> _cut("häuser", 2)
    'hä… (cut: 6 characters)'
    """
    if not isinstance(value, str):
        return value
    # Half a character, as the names of files may have, is none that could be sent.
    text = value.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= longest else f"{text[:longest]}… (cut: {len(text)} characters)"


def _sent(notice: Notice, lake: Lake) -> str | None:
    try:
        found = lake.find_as(NoticeReport, notice.key)
    except LAKE_ERRORS:
        # Better told twice than never.
        log.warning("Whether %s was sent cannot be read", notice.key, exc_info=True)
        return None
    return found[0].message_id if found else None


def _keep(notice: Notice, report: NoticeReport, lake: Lake) -> None:
    """Write the record. What SNS has answered stands without it: a try that failed for it would only tell again."""
    body = codec.encode(report)
    try:
        lake.write(notice.key, body)
    except LAKE_ERRORS:
        log.warning("%s could not be written; it would say %s", notice.key, body.decode(), exc_info=True)
