"""Calls: what is asked for, as far as faults and the ledger tell one request, transfer or job from another."""

from __future__ import annotations

import io
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from werkzeug.wrappers import Request
from werkzeug.wsgi import get_input_stream

from localaws import errors
from localaws.faults.operations import rest_operation

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

FORM = "application/x-www-form-urlencoded"
_JOB_NAME = re.compile(r"[A-Z][A-Za-z]*JobName")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/(?P<operation>\w+)")


class Scope(Enum):
    """What a fault can hit."""

    REQUEST = "a request of a client"
    TRANSFER = "what SageMaker does in S3 for a job: its inputs, outputs, checkpoints, model"
    JOB = "a job that was accepted"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is asked for; a field is None where there is no such thing. ``service`` is a signing name."""

    scope: Scope = Scope.REQUEST
    service: str
    operation: str | None = None
    job: str | None = None
    bucket: str | None = None
    key: str | None = None


def call_of(environ: WSGIEnvironment) -> Call:
    """What a request asks for. Where that stands in its body, the body is read and put back."""
    request = Request(environ, populate_request=False, shallow=True)
    service = errors.service_of(request)
    target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    if target:
        return Call(service=service, operation=target, job=job_name(_body(environ)))
    if request.mimetype == FORM:
        action = parse_qs(_body(environ).decode(errors="replace")).get("Action", [_wire_name(request)])
        return Call(service=service, operation=action[0])
    if rpc := _RPC_PATH.fullmatch(request.path):
        return Call(service=service, operation=rpc["operation"])
    return _rest_call(service, request)


def _body(environ: WSGIEnvironment) -> bytes:
    body = get_input_stream(environ).read()
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def job_name(body: bytes) -> str | None:
    """The name of the job that a SageMaker request is about; None when it is about none.

    >>> job_name(b'{"TrainingJobName": "churn-train", "HyperParameters": {}}')
    'churn-train'
    """
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        return None  # the service will say what is wrong with it
    named = [value for name, value in _items(members) if _JOB_NAME.fullmatch(name) and isinstance(value, str)]
    return named[0] if named else None


def _items(members: object) -> list[tuple[str, object]]:
    return list(members.items()) if isinstance(members, dict) else []


def _rest_call(service: str, request: Request) -> Call:
    is_s3 = service == "s3"
    path = s3_path(request.host, request.path) if is_s3 else request.path
    headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers.items()}
    operation = rest_operation(service, request.method, path, request.args.to_dict(), headers)
    _, bucket, key = (*path.split("/", 2), "")[:3]
    return Call(
        service=service,
        operation=operation or request.args.get("Action") or _wire_name(request),
        bucket=(bucket or None) if is_s3 else None,
        key=(key or None) if is_s3 else None,
    )


def _wire_name(request: Request) -> str:
    return f"{request.method} {request.path}"


def s3_path(host: str, path: str) -> str:
    """The path with the bucket in it, where the client has put it into the host's name.

    >>> s3_path("lake.localhost:4566", "/raw/part.csv"), s3_path("127.0.0.1:4566", "/lake/raw/part.csv")
    ('/lake/raw/part.csv', '/lake/raw/part.csv')
    """
    name = host.rpartition(":")[0] or host
    first, dot, _ = name.partition(".")
    return f"/{first}{path}" if dot and not _is_address(name) else path


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
