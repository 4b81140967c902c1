"""Pages for a person's browser, where AWS has its console: the log of a job, and an object of a bucket."""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime

from flask import Flask, Response
from moto.logs.models import logs_backends
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

# An object is shown, never run: a report needs its own styles and pictures and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"


def add_pages(app: Flask, *, prefix: str) -> None:
    """Add the pages below `prefix`."""

    @app.get(f"{prefix}/logs/<job_name>")
    def log(job_name: str) -> Response:
        """The log of a job, as plain text, as far as it has come."""
        lines = _log_lines(job_name)
        if lines is None:
            return Response(f"There is no log of a job named {job_name} (yet).\n", status=404, mimetype="text/plain")
        return Response("".join(f"{line}\n" for line in lines), mimetype="text/plain")

    @app.get(f"{prefix}/objects/<bucket>/<path:key>")
    def an_object(bucket: str, key: str) -> Response:
        """An object's newest version, as what its name says it is."""
        body = _body(bucket, key)
        if body is None:
            return Response(f"There is no object s3://{bucket}/{key}.\n", status=404, mimetype="text/plain")
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        return Response(body, mimetype=kind, headers={"Content-Security-Policy": POLICY})


def _log_lines(job_name: str) -> list[str] | None:
    found = [
        stream
        for account in logs_backends.values()
        for backend in account.values()
        for group in backend.groups.values()
        for name, stream in group.streams.items()
        if name.startswith(f"{job_name}/")
    ]
    if not found:
        return None
    return [f"{_time(event.timestamp)}  {event.message}" for stream in found for event in stream.events]


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%H:%M:%S.%f")[:-3]


def _body(bucket: str, key: str) -> bytes | None:
    for account in list(s3_backends):
        try:
            found = s3_backends[account]["aws"].get_object(bucket, key)
        except MissingBucket:
            continue
        if found is not None:
            return bytes(found.value)
    return None
