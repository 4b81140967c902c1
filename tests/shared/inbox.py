"""A queue that hears what topics are told, as a person's inbox does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """An SQS queue by its address, and a client of it."""

    sqs: Any
    url: str

    def take(self) -> list[str]:
        """The envelopes that have come since it was asked before, as SNS wrapped them."""
        found: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found


def inbox(client: Callable[[str], Any], topics: Iterable[str], *, queue: str) -> Inbox:
    """One that hears all of `topics` (ARNs) from now on; `client` makes the client of a service."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for topic in topics:
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return Inbox(sqs=sqs, url=url)
