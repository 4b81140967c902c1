"""The fault matrix: one file a row, each test bound to its row by the marker `row`, and a verdict a row at the end.

Every test injects its fault into a real localaws process, met over HTTP, with the project's own operators.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest

from laptop.settings import TOPIC_PREFIX
from tests.faults.flow import Flow, small
from tests.faults.place import Place, inside, place
from tests.faults.real_airflow import RealAirflow, real_airflow
from tests.shared import inbox as shared

# No modules of ours: what some jobs meet when their interpreter starts.
collect_ignore = ["spoilt_job", "held_job"]


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The one localaws of all rows that need nothing special of it."""
    with place(tmp_path_factory.mktemp("localaws")) as started:
        yield started


@pytest.fixture(scope="module", autouse=True)
def _inside(account: Place) -> Iterator[None]:
    """Not of the session: the tests of other folders work elsewhere."""
    with inside(account):
        yield


@pytest.fixture(scope="session")
def model_name() -> Callable[[], str]:
    """Makes names that no other test has, so that no two meet in the lake or in the registry."""
    numbers = itertools.count(1)
    return lambda: f"model-{next(numbers)}"


@pytest.fixture(autouse=True)
def _no_fault_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test switched on is off for the next."""
    yield
    if "flow" in request.fixturenames:
        request.getfixturevalue("account").switch_off()


@pytest.fixture
def call_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that botocore wants to wait between the tries of its calls: noted, not waited."""
    waits_s: list[float] = []
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=waits_s.append))
    return waits_s


@pytest.fixture
def deferring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks wait for their jobs in the triggerer, as they do unless they are told otherwise."""
    monkeypatch.setenv("AIRFLOW__PERENNIAL__DEFERRABLE", "true")


@pytest.fixture
def inbox(model_name: Callable[[], str]) -> Callable[[Flow], Callable[[], list[dict[str, Any]]]]:
    """Subscribes to a model's topic; what it gives tells all that has come since, envelopes with everything."""

    def subscribe(flow: Flow) -> Callable[[], list[dict[str, Any]]]:
        heard = shared.inbox(flow.place.client, [TOPIC_PREFIX + flow.spec.name], queue=model_name())
        return lambda: [json.loads(envelope) for envelope in heard.take()]

    return subscribe


@pytest.fixture(scope="session")
def at_work() -> Iterator[RealAirflow]:
    """The one Airflow of all rows in which processes die, with data to train on."""
    with real_airflow() as started:
        started.ingest("small", "slow", "impatient")
        yield started


@pytest.fixture
def system(at_work: RealAirflow) -> Iterator[RealAirflow]:
    """All processes there, no fault on, no job held."""
    yield at_work
    at_work.release()
    at_work.switch_off()
    at_work.start_the_dead()


@pytest.fixture
def holding_slots(system: RealAirflow) -> Iterator[None]:
    """Meanwhile tasks wait for their jobs in their workers."""
    with system.holding_slots():
        yield


@pytest.fixture
def flow(account: Place, model_name: Callable[[], str]) -> Flow:
    """The flows of a model of its own."""
    return Flow(spec=small(model_name()), place=account)
