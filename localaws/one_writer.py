"""One writer: requests that change the same S3 object are served one after the other, so that their conditions hold.

moto looks whether If-Match or If-None-Match holds and writes later; S3 does both in one step.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from zlib import crc32

from werkzeug.wrappers import Request
from werkzeug.wsgi import get_input_stream

from localaws import errors
from localaws.faults.calls import s3_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Two objects seldom share a lock, and then one waits while the other is stored; it is received before.
LOCKS = 256
CHANGING = frozenset({"PUT", "POST", "DELETE"})


class OneWriter:
    """A WSGI application around moto's."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._locks = tuple(threading.Lock() for _ in range(LOCKS))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        changed = changed_object(Request(environ, populate_request=False, shallow=True))
        if changed is None:
            return self._application(environ, start_response)
        _receive(environ)
        with self._locks[crc32(changed.encode()) % LOCKS]:
            return self._application(environ, start_response)


def changed_object(head: Request) -> str | None:
    """Bucket and key of the object that a request changes; None when it is none, or a part of an upload to come."""
    if head.method not in CHANGING or "partNumber" in head.args or errors.service_of(head) != "s3":
        return None
    path = s3_path(head.host, head.path)
    return path if path.strip("/").partition("/")[2] else None


def _receive(environ: WSGIEnvironment) -> None:
    """Read the whole body, as moto would: nobody waits for a client that is slow in sending it."""
    environ["wsgi.input"] = io.BytesIO(get_input_stream(environ).read())
    environ["wsgi.input_terminated"] = True  # it ends by itself: read as it is, it need not be copied
