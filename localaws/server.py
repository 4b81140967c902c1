"""The server: moto's dispatcher behind one WSGI application that adds the admin routes and AWS-shaped errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request

from localaws import admin, callers, errors
from localaws.faults.gate import FaultGate
from localaws.faults.ledger import Ledger
from localaws.mwaa import application as mwaa
from localaws.mwaa.environments import Environments
from localaws.mwaa.objects import has_object
from localaws.one_writer import OneWriter
from localaws.sagemaker.runtime import Runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

# moto answers InvokeEndpoint with a canned text, for endpoints that do not exist too: no answer is better.
NOT_SERVED = {"sagemakerruntime"}
MOTO_PREFIX = "/moto-api"  # moto's own admin routes: no more AWS than ours, so no fault is for them
READING = ("Describe", "List", "Get", "Head", "Search", "Filter", "BatchGet", "Scan", "Query")


class Application:
    """Everything that is served on the port."""

    def __init__(
        self, runtime: Runtime, *, on_write: Callable[[], None], unsaved: Callable[[], str | None] = lambda: None
    ) -> None:
        self._moto = OneWriter(DomainDispatcherApplication(create_app))
        ledger, environments = Ledger(), Environments(has_object=has_object)
        self._mwaa: WSGIApplication = mwaa.mwaa_app(environments)
        self._gate: WSGIApplication = FaultGate(self._serve, runtime.switches, ledger)
        self._admin: WSGIApplication = admin.admin_app(runtime, ledger, environments, unsaved)
        self._on_write = on_write

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        head = Request(environ, populate_request=False, shallow=True)
        if refused := callers.objection(head):
            return errors.aws_error(head, "AccessDenied", refused, 403)(environ, start_response)
        if head.path.startswith(f"{admin.PREFIX}/"):
            return self._admin(environ, start_response)
        if head.path.startswith(MOTO_PREFIX):
            return self._serve(environ, start_response)
        return self._gate(environ, start_response)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            if errors.service_of(Request(environ, populate_request=False, shallow=True)) == mwaa.SIGNING_NAME:
                return self._mwaa(environ, start_response)  # moto does not have this service
            return self._moto(environ, start_response)
        except Exception as error:  # noqa: BLE001  # a client must get an answer in its protocol whatever happened
            return _failed(environ, error)(environ, start_response)
        finally:
            if is_write(Request(environ, populate_request=False, shallow=True)):
                self._on_write()


def is_write(head: Request) -> bool:
    """Whether a request may change state, judged by its operation's name or its method."""
    operation = head.headers.get("X-Amz-Target", "").rpartition(".")[2]
    if operation:
        return not operation.startswith(READING)
    return head.method not in {"GET", "HEAD", "OPTIONS"}


def create_app(service: Any) -> Flask:
    """moto's application for one service, whose own errors are answered as AWS would."""
    if service is None:
        raise NotImplementedError  # moto does not have this service at all
    app = create_backend_app(service)
    app.register_error_handler(Exception, lambda error: _failed(request.environ, error))
    if service in NOT_SERVED:
        app.before_request(_not_served)
    return app


def _not_served() -> None:
    raise NotImplementedError


def _failed(environ: WSGIEnvironment, error: Exception) -> WSGIApplication:
    # The body can be read once: the request that has read it is the one to ask.
    failed = environ.get("werkzeug.request") or Request(environ)
    answer = errors.answer_for(failed, error)
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s %s", errors.service_of(failed), errors.operation_of(failed), exc_info=error)
    return answer


class QuietHandler(MotoRequestHandler):
    """No line a request: polling would fill the terminal."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002  # werkzeug's signature
        """Say it at debug level only."""
        log.debug("%s %s", self.requestline, code)

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:  # noqa: ARG002  # werkzeug's signature
        """Close the connection: what is left of the request in it is not the next one."""
        self.close_connection = True


def serve(host: str, port: int, application: Callable[[], WSGIApplication]) -> BaseWSGIServer:
    """A listening server; port 0 takes a free one. ``application`` is asked for at the first request."""
    server = make_server(host, port, _Late(application), threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True  # type: ignore[attr-defined]  # of ThreadingMixIn: long polls must not hold us up
    return server


class _Late:
    """An application that is made when first used: the port must be known before the application can be made."""

    def __init__(self, make: Callable[[], WSGIApplication]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._application: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            self._application = self._application or self._make()
        return self._application(environ, start_response)
