"""What pytest does beside running the fault matrix: turns, a check of each test's row, and the verdicts at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.faults.matrix import NOT_HERE, WIDTH, CaseResult, Row, RowResult, case_and_turn, report, unshown

FOLDER = Path(__file__).parent
# What a docstring must say: which protection, taken out, makes the test fail.
PROTECTION = "Fails when"
MATRIX = pytest.StashKey["Matrix"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", type=int, default=1, help="run the fault matrix so often, to find what is flaky")
    parser.addoption("--whole", action="store_true", help="fail where a required row of the fault matrix was not shown")


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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of several processes, each hands on what it has collected: the first collects nothing itself."""
    config = session.config
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["matrix"] = config.stash[MATRIX].collected()
    elif config.getoption("whole") and session.exitstatus == pytest.ExitCode.OK and unshown(_rows(config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process has handed on; one that died has handed on nothing."""
    node.config.stash[MATRIX].add(getattr(node, "workeroutput", {}).get("matrix", []))


class Matrix:
    """What is known of the rows so far."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._cases: dict[int, list[str]] = {}

    def expect(self, item: pytest.Function) -> None:
        """A test and its row.

        Raises:
            pytest.UsageError: it has no row, words that row otherwise than another test, or names no protection.
        """
        row = _row(item)
        if self._rows.setdefault(row.number, row) != row:
            raise pytest.UsageError(f"{item.nodeid}: row {row.number} is worded otherwise: {self._rows[row.number]}")
        self._cases.setdefault(row.number, []).append(item.nodeid)

    def collected(self) -> list[dict[str, Any]]:
        """The rows and their cases, as what passes between processes."""
        return [{"row": asdict(row), "cases": self._cases[number]} for number, row in self._rows.items()]

    def add(self, collected: Sequence[dict[str, Any]]) -> None:
        """What another process has collected: all of them collect the same."""
        for found in collected:
            row = Row(**found["row"])
            self._rows[row.number], self._cases[row.number] = row, found["cases"]

    def rows(self, phases: Iterable[pytest.TestReport]) -> list[RowResult]:
        """Every row, by number, after what became of each test's set-up, call and tear-down."""
        told: dict[str, list[pytest.TestReport]] = {}
        for phase in phases:
            told.setdefault(phase.nodeid, []).append(phase)
        return [
            RowResult(
                row=self._rows[number], cases=cases, results=[_result(case, told.get(case, [])) for case in cases]
            )
            for number, cases in sorted(self._cases.items())
        ]


def _result(node_id: str, phases: Sequence[pytest.TestReport]) -> CaseResult:
    failed = any(phase.failed for phase in phases)
    case, turn_ = case_and_turn(node_id)
    return CaseResult(
        case=case,
        turn=turn_,
        failed=failed,
        passed=not failed and any(phase.passed and phase.when == "call" for phase in phases),
        duration_s=sum(phase.duration for phase in phases),
        not_here="" if failed else "".join(map(_lack, phases)),
    )


def _lack(phase: pytest.TestReport) -> str:
    """Why a case was skipped, if that was right."""
    if not (phase.skipped and isinstance(phase.longrepr, tuple)):
        return ""
    _, found, lack = phase.longrepr[2].removeprefix("Skipped: ").partition(NOT_HERE)
    return lack if found else ""


def _rows(config: pytest.Config) -> list[RowResult]:
    """The rows by what the terminal was told: of every phase, whichever process it ran in."""
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    told = (phase for phases in terminal.stats.values() for phase in phases)
    return config.stash[MATRIX].rows(phase for phase in told if isinstance(phase, pytest.TestReport))


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
    rows, whole = _rows(config), config.getoption("whole")
    if whole or any(result.duration_s for row in rows for result in row.results):
        width = max(WIDTH, config.get_terminal_writer().fullwidth)
        terminalreporter.ensure_newline()
        console = Console(width=width, highlight=False, force_terminal=config.get_terminal_writer().hasmarkup)
        with console.capture() as captured:
            console.print(report(rows, whole=whole))
        terminalreporter.write_line(captured.get())
