"""A fault: what it hits, when, and what it does. Pure; a fault that makes no sense cannot be made."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from localaws.faults.calls import Call, Scope
from localaws.faults.operations import service_model, signing_name

MAX_DELAY_S = 3600


class Kind(StrEnum):
    """What a fault does."""

    ERROR = "error"
    LOST_REPLY = "lost_reply"
    REFUSED = "refused"
    DELAY = "delay"
    CUT = "cut"
    JOB_FAILURE = "job_failure"


# What each kind takes beside filters and counts; what it must have.
OWN: dict[Kind, tuple[str, ...]] = {
    Kind.ERROR: ("code", "status", "message"),
    Kind.DELAY: ("seconds",),
    Kind.JOB_FAILURE: ("reason",),
}
NEEDED = {Kind.ERROR: ("service", "code"), Kind.DELAY: ("service", "seconds"), Kind.JOB_FAILURE: ("reason",)}
FILTERS = ("service", "operation", "bucket", "key", "job", "transfers")
# SageMaker itself makes what a job transfers: there is no client whose connection could be lost.
TRANSFER_KINDS = (Kind.ERROR, Kind.DELAY)
UPLOADS = ("PutObject", "UploadPart")
# Codes that AWS answers with another status than 400.
STATUS = {"InternalFailure": 500, "InternalError": 500, "ServiceUnavailable": 503, "SlowDown": 503}


class FaultError(ValueError):
    """What was asked for is no fault; the message says what was expected and what came."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault. ``service`` is a signing name; ``operation``, ``bucket``, ``key`` and ``job`` are glob patterns.

    It lets ``after`` calls that match through and hits the ``times`` that follow, all of them if that is None.

    Raises:
        FaultError: a value is wrong, or does not go with the kind.
    """

    kind: Kind
    service: str | None = None
    operation: str | None = None
    bucket: str | None = None
    key: str | None = None
    job: str | None = None
    transfers: bool = False
    after: int = 0
    times: int | None = 1
    code: str | None = None
    status: int | None = None
    message: str = "injected by a fault of localaws"
    seconds: float | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            _check_value(name, value)
        _check_kind(self)
        if self.service is not None:
            _check_service(self.service, self.operation)

    @property
    def scope(self) -> Scope:
        """What the fault can hit."""
        if self.kind is Kind.JOB_FAILURE:
            return Scope.JOB
        return Scope.TRANSFER if self.transfers else Scope.REQUEST

    @property
    def http_status(self) -> int:
        """The status of an error, which AWS's code implies where none was given."""
        return self.status or STATUS.get(self.code or "", 400)

    def given(self) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        fields = dataclasses.fields(self)
        return {field.name: value for field in fields if (value := getattr(self, field.name)) != field.default}

    def matches(self, call: Call) -> bool:
        """Whether a call is of those that this fault is about."""
        if call.scope is not self.scope or self.service not in {None, call.service}:
            return False
        if self.kind is Kind.CUT and call.operation not in UPLOADS:
            return False
        patterns = (
            (self.operation, call.operation),
            (self.bucket, call.bucket),
            (self.key, call.key),
            (self.job, call.job),
        )
        return all(pattern is None or fnmatchcase(value or "", pattern) for pattern, value in patterns)


def fault_from(members: object) -> Fault:
    """The fault that a JSON object describes.

    Raises:
        FaultError: it describes none.
    """
    if not isinstance(members, Mapping):
        raise FaultError(f"expected a JSON object, got {members!r}")
    if members.get("kind") not in list(Kind):
        raise FaultError(f"kind: expected one of {_listed(Kind)}; got {members.get('kind')!r}")
    kind = Kind(members["kind"])
    allowed = _fields(kind)
    if unknown := [name for name in members if name not in allowed]:
        raise FaultError(f"{unknown[0]}: unknown field; a fault of kind '{kind}' takes {_listed(allowed)}")
    return Fault(**{**members, "kind": kind})


def _fields(kind: Kind) -> tuple[str, ...]:
    filters = ("job",) if kind is Kind.JOB_FAILURE else FILTERS
    return ("kind", *filters, "after", "times", *OWN.get(kind, ()))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_whole(value: object, least: int, most: float = float("inf")) -> bool:
    return type(value) is int and least <= value <= most


CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "after": ("a whole number from 0", lambda value: _is_whole(value, 0)),
    "times": ("a whole number from 1, or null for every time", lambda value: value is None or _is_whole(value, 1)),
    "status": ("an HTTP status from 400 to 599", lambda value: _is_whole(value, 400, 599)),
    "seconds": (
        f"a number of seconds from 0 to {MAX_DELAY_S}",
        lambda value: type(value) in {int, float} and 0 <= value <= MAX_DELAY_S,
    ),
    "transfers": ("true or false", lambda value: isinstance(value, bool)),
}


def _check_value(name: str, value: object) -> None:
    expected, is_right = CHECKS.get(name, ("a text that is not empty", _is_text))
    if not is_right(value):
        raise FaultError(f"{name}: expected {expected}, got {value!r}")


def _check_kind(fault: Fault) -> None:
    for name in NEEDED.get(fault.kind, ("service",)):
        if getattr(fault, name) is None:
            raise FaultError(f"{name}: a fault of kind '{fault.kind}' needs it; got only {_listed(fault.given())}")
    if fault.transfers and fault.kind not in TRANSFER_KINDS:
        raise FaultError(f"kind: transfers take {_listed(TRANSFER_KINDS)}; got '{fault.kind}'")
    if (fault.transfers or fault.kind is Kind.CUT) and fault.service != "s3":
        what = "transfers are" if fault.transfers else "an upload that is cut is"
        raise FaultError(f"service: {what} of 's3', got {fault.service!r}")


def _check_service(service: str, operation: str | None) -> None:
    signed = signing_name(service)
    if signed is None:
        raise FaultError(f"service: expected the name that requests sign with, as 'sagemaker' or 's3', got {service!r}")
    if signed != service:
        raise FaultError(f"service: requests of {service!r} sign with {signed!r}: use that name")
    model = service_model(service)
    if model and operation and not any(fnmatchcase(name, operation) for name in model.operation_names):
        close = difflib.get_close_matches(operation, model.operation_names)
        raise FaultError(f"operation: {service} has none like {operation!r}; close to it: {_listed(close) or 'none'}")
