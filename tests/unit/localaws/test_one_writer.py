"""Writers of one S3 object, met as threads of a server that has moto behind it."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from moto.s3.models import S3Backend
from werkzeug.test import Client

from localaws.one_writer import OneWriter
from localaws.server import create_app

SIGNED = {"Host": "127.0.0.1", "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/s3/aws4_request"}
PATIENCE_S = 30


@pytest.fixture
def lake(s3: S3Backend) -> Client:
    """A client of a server with the bucket `lake`."""
    assert "lake" in s3.buckets
    return Client(OneWriter(create_app("s3")))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads, as a server has them."""
    with ThreadPoolExecutor(2) as made:
        yield made


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], threading.Barrier]:
    """Makes a writer that has looked at its condition wait for a second one that has done so, if one comes.

    The barrier at which they meet is broken when none has come.
    """

    def arrange(seconds: float) -> threading.Barrier:
        both, write = threading.Barrier(2, timeout=seconds), S3Backend.put_object

        def put_object(*arguments: Any, **named: Any) -> Any:
            with suppress(threading.BrokenBarrierError):
                both.wait()
            return write(*arguments, **named)

        monkeypatch.setattr(S3Backend, "put_object", put_object)
        return both

    return arrange


def put(client: Client, key: str, **headers: str) -> int:
    """The status of a write."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.put(f"/lake/{key}", data=b"content", headers={**SIGNED, **named}).status_code


def statuses(asked: list[Future[int]]) -> list[int]:
    """What they were answered, in order."""
    return sorted(each.result(PATIENCE_S) for each in asked)


def test_of_two_who_write_if_there_is_none_one_does(
    lake: Client, pool: ThreadPoolExecutor, meeting: Callable[[float], threading.Barrier]
) -> None:
    """The other is told that there is one by now."""
    meeting(0.3)
    assert statuses([pool.submit(put, lake, "claim", If_None_Match="*") for _ in range(2)]) == [200, 412]


def test_of_two_who_replace_the_same_version_one_does(
    lake: Client, pool: ThreadPoolExecutor, meeting: Callable[[float], threading.Barrier]
) -> None:
    """The other is told that it is another version by now, as when a writer without a condition was faster."""
    etag = lake.put("/lake/claim", data=b"before", headers=SIGNED).headers["ETag"]
    meeting(0.3)
    first = [pool.submit(put, lake, "claim", If_Match=etag) for _ in range(2)]
    assert statuses(first) == [200, 412]


def test_writers_of_two_objects_do_not_wait_for_each_other(
    lake: Client, pool: ThreadPoolExecutor, meeting: Callable[[float], threading.Barrier]
) -> None:
    """Both are amid their write at the same time."""
    both = meeting(PATIENCE_S)
    assert statuses([pool.submit(put, lake, key, If_None_Match="*") for key in ("one", "two")]) == [200, 200]
    assert not both.broken


def test_nobody_waits_for_a_slow_sender(lake: Client, pool: ThreadPoolExecutor) -> None:
    """While one client is still sending an object, another one writes it."""
    sending, rest_is_sent = threading.Event(), threading.Event()

    class Slow(io.RawIOBase):
        """A body whose end comes late."""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as LimitedStream calls it
            sending.set()
            assert rest_is_sent.wait(PATIENCE_S)
            buffer[:4] = b"late"
            return 4

    body = {"wsgi.input": Slow(), "CONTENT_LENGTH": "4"}
    slow = pool.submit(lambda: lake.put("/lake/key", headers=SIGNED, environ_overrides=body))
    assert sending.wait(PATIENCE_S)
    assert put(lake, "key", If_None_Match="*") == 200
    rest_is_sent.set()
    assert slow.result(PATIENCE_S).status_code == 200
    assert lake.get("/lake/key", headers=SIGNED).data == b"late"


@pytest.mark.parametrize("body", [b"", b"x" * 3_000_000])
def test_a_body_arrives_as_it_was_sent(lake: Client, body: bytes) -> None:
    """Whatever its size."""
    lake.put("/lake/key", data=body, headers=SIGNED)
    assert lake.get("/lake/key", headers=SIGNED).data == body
