"""How a run of the fault matrix came out: a verdict a row, and what passed only now and then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Group
from rich.table import Table
from rich.text import Text

ROWS = 30  # rows of the matrix, whether they have a test yet or not
# The rows that `make faults` must show, and in how many files each. What the others are about is not built yet.
REQUIRED: Mapping[int, int] = dict.fromkeys([*range(1, 21), *range(25, 29), 30], 1) | {16: 2, 26: 2}
# How the reason begins of a skip that is right: what the case asks for is not to be had here.
NOT_HERE = "not to be had here: "
# The matrix is read on paper and in logs as well: narrower than this it is not.
WIDTH = 80
Verdict = Literal["held", "BROKEN", "not here", "not run"]
STYLES: Mapping[Verdict, str] = {"held": "green", "BROKEN": "bold red", "not here": "yellow", "not run": "yellow"}
_TURN = re.compile(r"(?<=[\[-])turn(\d+)-?")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the matrix: the fault that is injected, and what must come out."""

    number: int
    fault: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """How one case of a row came out in one turn; `not_here` is what it lacked, where that was a reason to skip it."""

    case: str
    turn: int
    passed: bool
    failed: bool
    duration_s: float
    not_here: str = ""


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """A row, the cases it has (by node id, each turn one), and the results of those that ran."""

    row: Row
    cases: Sequence[str]
    results: Sequence[CaseResult]

    @property
    def verdict(self) -> Verdict:
        """Held only where every case of the row ran, and passed; and all of its files were there."""
        if any(result.failed for result in self.results):
            return "BROKEN"
        files = {case.split("::")[0] for case in self.cases}
        if len(files) < REQUIRED.get(self.row.number, 1):
            return "not run"
        if self.passed == len(self.cases):
            return "held"
        excused = sum(bool(result.not_here) for result in self.results)
        return "not here" if self.passed + excused == len(self.cases) else "not run"

    @property
    def lacks(self) -> set[str]:
        """What was not to be had here."""
        return {result.not_here for result in self.results if result.not_here}

    @property
    def passed(self) -> int:
        """Cases that passed, each turn counted."""
        return sum(result.passed for result in self.results)

    @property
    def duration_s(self) -> float:
        """Of all its cases together."""
        return sum(result.duration_s for result in self.results)


def case_and_turn(node_id: str) -> tuple[str, int]:
    """A node id without its turn, and the turn.

    >>> case_and_turn("row_15.py::test_column[turn3-missing]"), case_and_turn("row_12.py::test_cut")
    (('row_15.py::test_column[missing]', 3), ('row_12.py::test_cut', 1))
    >>> case_and_turn("row_26.py::test_day[UTC-turn12-leap-day]"), case_and_turn("row_12.py::test_cut[turn2]")
    (('row_26.py::test_day[UTC-leap-day]', 12), ('row_12.py::test_cut', 2))
    """
    found = _TURN.search(node_id)
    return _TURN.sub("", node_id).replace("-]", "]").removesuffix("[]"), int(found[1]) if found else 1


def flakes(results: Iterable[CaseResult]) -> dict[str, list[int]]:
    """Cases that failed in some turns and passed in others: case → the turns in which it failed."""
    failed: dict[str, list[int]] = {}
    passed = set()
    for result in results:
        if result.failed:
            failed.setdefault(result.case, []).append(result.turn)
        elif result.passed:
            passed.add(result.case)
    return {case: turns for case, turns in failed.items() if case in passed}


def numbers(found: Iterable[int]) -> str:
    """Row numbers as a person writes them.

    >>> numbers([1, 2, 3, 20, 25, 26])
    '1-3, 20, 25-26'
    """
    runs: list[list[int]] = []
    for number in sorted(found):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def unshown(rows: Iterable[RowResult]) -> set[int]:
    """The required rows that have no test here, or did not run as a whole."""
    return REQUIRED.keys() - {row.row.number for row in rows if row.verdict != "not run"}


def report(rows: Sequence[RowResult], *, whole: bool = False) -> Group:
    """The matrix with its verdicts, the flakes, and the rows that nothing here has a test for.

    Args:
        whole: whether all required rows must be there.
    """
    parts: list[Table | Text] = [_table(rows)]
    for case, turns in flakes(result for row in rows for result in row.results).items():
        parts.append(Text(f"flake: {case} failed in {len(turns)} turns ({numbers(turns)})", style="bold red"))
    if absent := set(range(1, ROWS + 1)) - {row.row.number for row in rows}:
        parts.append(Text(f"no test collected of rows {numbers(absent)}"))
    for lack in sorted({lack for row in rows for lack in row.lacks}):
        of = numbers(row.row.number for row in rows if lack in row.lacks)
        parts.append(Text(f"{NOT_HERE}{lack} (rows {of})", style="yellow"))
    if whole and (short := unshown(rows)):
        parts.append(Text(f"required, and not shown: rows {numbers(short)}", style="bold red"))
    return Group(*parts)


def _table(rows: Sequence[RowResult]) -> Table:
    table = Table(title="The fault matrix", show_lines=False)
    table.add_column("#", justify="right")
    table.add_column("fault", ratio=4)
    table.add_column("required outcome", ratio=5)
    table.add_column("verdict")
    table.add_column("cases", justify="right")
    table.add_column("s", justify="right")
    for row in rows:
        table.add_row(
            str(row.row.number),
            row.row.fault,
            row.row.outcome,
            Text(row.verdict, style=STYLES[row.verdict]),
            f"{row.passed}/{len(row.cases)}",
            f"{row.duration_s:.1f}",
        )
    return table
