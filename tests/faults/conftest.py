"""The fault matrix: one file a row, each test bound to its row by the marker `row`, and a verdict a row at the end.

Every test injects its fault into a real localaws process, met over HTTP, with the project's own operators.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from laptop.settings import TOPIC_PREFIX
from tests.faults.flow import Flow, small
from tests.faults.matrix import WIDTH, CaseResult, Row, RowResult, case_and_turn, report
from tests.faults.place import Place, inside, place
from tests.faults.real_airflow import MODELS, RealAirflow, real_airflow

FOLDER = Path(__file__).parent
# What a docstring must say: which protection, taken out, makes the test fail.
PROTECTION = "Fails when"
# Not a module of ours: what a job of row 18 meets when its interpreter starts.
collect_ignore = ["spoilt_job"]
MATRIX = pytest.StashKey["Matrix"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", type=int, default=1, help="run the fault matrix so often, to find what is flaky")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MATRIX] = Matrix()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each turn runs the whole matrix: the turn is the outermost of all parameters."""
    times = metafunc.config.getoption("times", 1)
    if times > 1:
        turns = range(1, times + 1)
        metafunc.parametrize("turn", turns, ids=[f"turn{turn}" for turn in turns], indirect=True, scope="session")


@pytest.fixture(scope="session", autouse=True)
def turn(request: pytest.FixtureRequest) -> int:
    """Which repetition this is, from 1."""
    return int(getattr(request, "param", 1))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Note every row, before a selection leaves some of them out."""
    for item in items:
        if isinstance(item, pytest.Function) and item.path.is_relative_to(FOLDER):
            config.stash[MATRIX].expect(item)


class Matrix:
    """What is known of the rows so far."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._cases: dict[int, list[str]] = {}
        self._reports: dict[str, list[pytest.TestReport]] = {}

    def expect(self, item: pytest.Function) -> None:
        """A test and its row.

        Raises:
            pytest.UsageError: it has no row, words that row otherwise than another test, or names no protection.
        """
        row = _row(item)
        if self._rows.setdefault(row.number, row) != row:
            raise pytest.UsageError(f"{item.nodeid}: row {row.number} is worded otherwise: {self._rows[row.number]}")
        self._cases.setdefault(row.number, []).append(item.nodeid)

    def keep(self, phase: pytest.TestReport) -> None:
        """What became of a test's set-up, call or tear-down."""
        self._reports.setdefault(phase.nodeid, []).append(phase)

    def rows(self) -> list[RowResult]:
        """Every row, by number."""
        return [
            RowResult(row=self._rows[number], cases=cases, results=[*self._results(cases)])
            for number, cases in sorted(self._cases.items())
        ]

    def _results(self, cases: Sequence[str]) -> Iterator[CaseResult]:
        for node_id in cases:
            phases = self._reports.get(node_id, [])
            failed = any(phase.failed for phase in phases)
            case, turn_ = case_and_turn(node_id)
            yield CaseResult(
                case=case,
                turn=turn_,
                failed=failed,
                passed=not failed and any(phase.passed and phase.when == "call" for phase in phases),
                duration_s=sum(phase.duration for phase in phases),
            )


def _row(item: pytest.Function) -> Row:
    marker = item.get_closest_marker("row")
    if marker is None:
        raise pytest.UsageError(f'{item.nodeid}: expected @pytest.mark.row(number, "fault", "required outcome")')
    if PROTECTION not in (item.function.__doc__ or ""):
        raise pytest.UsageError(f"{item.nodeid}: its docstring must say what it protects: '{PROTECTION} …'")
    number, fault, outcome = marker.args
    return Row(number=number, fault=fault, outcome=outcome)


# Of the whole session, as every hook that is not about an item: other folders' tests are passed over.
@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the matrix, where any of it was run."""
    matrix = config.stash[MATRIX]
    for phases in terminalreporter.stats.values():
        for phase in phases:
            if isinstance(phase, pytest.TestReport):
                matrix.keep(phase)
    rows = matrix.rows()
    if any(result.duration_s for row in rows for result in row.results):
        width = max(WIDTH, config.get_terminal_writer().fullwidth)
        terminalreporter.ensure_newline()
        console = Console(width=width, highlight=False, force_terminal=config.get_terminal_writer().hasmarkup)
        with console.capture() as captured:
            console.print(report(rows))
        terminalreporter.write_line(captured.get())


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
def inbox(model_name: Callable[[], str]) -> Callable[[Flow], Callable[[], list[dict[str, Any]]]]:
    """Subscribes to a model's topic; what it gives tells all that has come since, envelopes with everything."""

    def subscribe(flow: Flow) -> Callable[[], list[dict[str, Any]]]:
        sqs, topic = flow.place.client("sqs"), TOPIC_PREFIX + flow.spec.name
        queue = sqs.create_queue(QueueName=model_name())["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        flow.place.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        def listen() -> list[dict[str, Any]]:
            found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(message["Body"]) for message in found]

        return listen

    return subscribe


@pytest.fixture(scope="session")
def at_work() -> Iterator[RealAirflow]:
    """The one Airflow of all rows in which processes die, with data to train on."""
    with real_airflow() as started:
        for name in MODELS:
            started.ingest(name)
        yield started


@pytest.fixture
def system(at_work: RealAirflow) -> Iterator[RealAirflow]:
    """All processes there, no fault on."""
    yield at_work
    at_work.switch_off()
    at_work.start_the_dead()


@pytest.fixture
def holding_slots(system: RealAirflow) -> Iterator[None]:
    """Meanwhile tasks wait for their jobs in their workers."""
    system.restart("scheduler", PERENNIAL__DEFERRABLE="false")
    yield
    system.restart("scheduler")


@pytest.fixture
def flow(account: Place, model_name: Callable[[], str]) -> Flow:
    """The flows of a model of its own."""
    return Flow(spec=small(model_name()), place=account)
