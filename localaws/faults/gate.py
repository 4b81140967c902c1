"""The gate: every request passes it on its way to AWS's services, and meets there the fault that waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request
from werkzeug.wsgi import get_input_stream

from localaws import errors
from localaws.faults.calls import Call, call_of
from localaws.faults.fault import Fault, Kind
from localaws.faults.ledger import Entry, Ledger
from localaws.faults.switches import Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ConnectionCutError(ConnectionError):
    """The connection is to be closed without an answer: the server takes it as one that the client has closed."""


class FaultGate:
    """A WSGI application around another one.

    Raises:
        ConnectionCutError: out of a call, when a fault wants the connection closed.
    """

    def __init__(
        self,
        application: WSGIApplication,
        switches: Switches,
        ledger: Ledger,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._application, self._switches, self._ledger, self._sleep = application, switches, ledger, sleep

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or do to it what its fault does."""
        call = call_of(environ)
        fault = self._switches.take(call)
        if fault is None:
            return self._serve(call, fault, environ, start_response)
        match fault.kind:
            case Kind.ERROR:
                return self._refuse(call, fault, environ, start_response)
            case Kind.DELAY:
                self._sleep(fault.seconds or 0.0)
                return self._serve(call, fault, environ, start_response)
            case Kind.LOST_REPLY:
                _exhaust(self._serve(call, fault, environ, _unheard))
            case Kind.CUT:
                self._note(call, fault, None)
                _read_half(environ)
            case _:
                self._note(call, fault, None)
        raise ConnectionCutError(f"a fault of localaws: {fault.kind}")

    def _serve(
        self, call: Call, fault: Fault | None, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        def start(status: str, *arguments: Any) -> Any:
            # Noted before the client hears of it: who has an answer finds it in the ledger.
            self._note(call, fault, int(status.split(maxsplit=1)[0]))
            return start_response(status, *arguments)

        return self._application(environ, start)

    def _refuse(
        self, call: Call, fault: Fault, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        self._note(call, fault, fault.http_status)
        request = Request(environ, populate_request=False)
        answer = errors.aws_error(request, fault.code or "", fault.message, fault.http_status)
        return answer(environ, start_response)

    def _note(self, call: Call, fault: Fault | None, status: int | None) -> None:
        self._ledger.note(
            Entry(
                service=call.service,
                operation=call.operation,
                name=call.job,
                bucket=call.bucket,
                key=call.key,
                status=status,
                fault=fault.kind if fault else None,
                took_effect=status is not None and status < HTTPStatus.BAD_REQUEST,
            )
        )


def _exhaust(answer: Iterable[bytes]) -> None:
    """Take an answer to its end, as a server does that sends it."""
    for _ in answer:
        pass
    if close := getattr(answer, "close", None):
        close()


def _unheard(*_: object) -> Callable[[bytes], object]:
    """A start_response that no one listens to."""
    return len


def _read_half(environ: WSGIEnvironment) -> None:
    """Read a part of the body, so that the connection breaks amid it."""
    get_input_stream(environ).read(max(int(environ.get("CONTENT_LENGTH") or 0) // 2, 1))
