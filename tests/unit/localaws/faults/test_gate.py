"""The gate: what each kind of fault does to a request, seen from the service and from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Response

from localaws.faults.fault import Fault, Kind
from localaws.faults.gate import ConnectionCutError, FaultGate
from localaws.faults.ledger import Ledger
from localaws.faults.switches import Switches

PUT = {"method": "PUT", "path": "/lake/part.csv", "data": b"0123456789"}


@dataclass
class Service:
    """An S3 that keeps what it gets, behind a gate, and what happened in which order."""

    switches: Switches = field(default_factory=Switches)
    ledger: Ledger = field(default_factory=Ledger)
    events: list[Any] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.events.append(environ["wsgi.input"].read())
        return Response("stored", 200)(environ, start_response)

    def put(self) -> Any:
        """One upload's answer."""
        gate = FaultGate(self, self.switches, self.ledger, sleep=self.events.append)
        return Client(gate).open(**PUT)

    def noted(self) -> list[tuple[Any, ...]]:
        """The ledger's outcomes."""
        return [(noted["status"], noted["fault"], noted["took_effect"]) for noted in self.ledger.entries({})]


@pytest.fixture
def service() -> Service:
    """A service without faults."""
    return Service()


def test_without_a_fault_a_request_passes(service: Service) -> None:
    """The service gets the whole body and its answer arrives."""
    assert service.put().text == "stored"
    assert service.events == [b"0123456789"]
    assert service.noted() == [(200, None, True)]


def test_an_error_is_answered_and_nothing_done(service: Service) -> None:
    """The client reads the code in its protocol; the service has not been asked."""
    service.switches.add(Fault(kind=Kind.ERROR, service="s3", code="SlowDown", message="Reduce your request rate."))
    answer = service.put()
    assert answer.status_code == 503
    assert "<Code>SlowDown</Code><Message>Reduce your request rate.</Message>" in answer.text
    assert service.events == []
    assert service.noted() == [(503, "error", False)]


def test_a_lost_reply_is_lost_after_the_fact(service: Service) -> None:
    """The service has done its work, the client hears nothing of it."""
    service.switches.add(Fault(kind=Kind.LOST_REPLY, service="s3"))
    with pytest.raises(ConnectionCutError):
        service.put()
    assert service.events == [b"0123456789"]
    assert service.noted() == [(200, "lost_reply", True)]


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.CUT])
def test_a_connection_that_breaks_before_has_no_effect(service: Service, kind: Kind) -> None:
    """The service has not been asked, and the client hears nothing."""
    service.switches.add(Fault(kind=kind, service="s3"))
    with pytest.raises(ConnectionCutError):
        service.put()
    assert service.events == []
    assert service.noted() == [(None, kind, False)]


def test_an_upload_is_cut_amid_its_body(service: Service) -> None:
    """One half of the body has come in when the connection breaks."""
    service.switches.add(Fault(kind=Kind.CUT, service="s3"))
    environ = EnvironBuilder(**PUT).get_environ()
    with pytest.raises(ConnectionCutError):
        FaultGate(service, service.switches, service.ledger)(environ, None)
    assert environ["wsgi.input"].read() == b"56789"


def test_a_delay_comes_before_the_request_is_served(service: Service) -> None:
    """The request waits its seconds and is then served as ever."""
    service.switches.add(Fault(kind=Kind.DELAY, service="s3", seconds=2.5))
    assert service.put().text == "stored"
    assert service.events == [2.5, b"0123456789"]
    assert service.noted() == [(200, "delay", True)]
