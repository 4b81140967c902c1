"""The verdicts of the fault matrix can be believed: they are those of a run of pytest, told at 80 columns."""

import ast
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import matrix, reporting

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
QUOTED = re.compile(r"`([A-Za-z_]\w*(?:\.\w+)*)`")
SOURCES = ("include", "plugins", "tests/faults/dags")
# In a file, not by a patch: the processes of `-n` read it too.
HOOKS = """
from pathlib import Path
from tests.faults import reporting
reporting.FOLDER = Path(__file__).parent
"""
HEAD = """
import pytest
pytestmark = pytest.mark.row({number}, "a fault", "an outcome")
TRIES = []
"""
TEST = '''
def test_{name}():
    """Fails when something is taken out."""
    {body}
'''
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs rows that are made of test bodies: row → name → body; the exit code, and all that was printed."""
    monkeypatch.setattr(reporting, "FOLDER", pytester.path)
    monkeypatch.setenv("COLUMNS", "80")
    pytester.makeconftest(HOOKS)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nmarkers = row(number, fault, outcome): a row\n  flow: slow\n")

    def make(rows: dict[int, dict[str, str]], *options: str) -> tuple[int, str]:
        files = {
            f"test_row_{number}": HEAD.format(number=number)
            + "".join(TEST.format(name=name, body=body) for name, body in tests.items())
            for number, tests in rows.items()
        }
        pytester.makepyfile(**files)
        done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "tests.faults.reporting", *options)
        return int(done.ret), done.stdout.str() + done.stderr.str()

    return make


def _verdicts(printed: str) -> dict[int, tuple[str, str]]:
    """Row → verdict and cases, read off the table as a person does."""
    lines = [[cell.strip() for cell in line.split("│")] for line in printed.splitlines() if line.startswith("│")]
    return {int(cells[1]): (cells[4], cells[5]) for cells in lines if cells[1]}


def test_a_row_is_held_where_every_case_passed(run: Run) -> None:
    """One case that fails breaks it, and the run; rows without a test are named."""
    code, printed = run({3: {"one": "pass", "two": "pass"}, 4: {"one": "pass", "two": "assert False"}})
    assert code == pytest.ExitCode.TESTS_FAILED
    assert _verdicts(printed) == {3: ("held", "2/2"), 4: ("BROKEN", "1/2")}
    assert "no test collected of rows 1-2, 5-30" in printed
    assert max(map(len, printed[printed.index("┏") : printed.index("no test")].splitlines())) <= 80


def test_processes_side_by_side_tell_the_same(run: Run) -> None:
    """The one that prints has collected nothing itself."""
    rows = {3: {"one": "pass", "two": "pass"}, 4: {"one": "pass", "two": "assert False"}}
    code, printed = run(rows, "-n", "2", "--dist", "loadfile")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert _verdicts(printed) == {3: ("held", "2/2"), 4: ("BROKEN", "1/2")}


@pytest.mark.parametrize(("option", "body"), [(("-k", "one"), "pass"), ((), "pytest.skip('no')")])
def test_a_row_of_which_a_case_did_not_run_is_not_held(run: Run, option: tuple[str, ...], body: str) -> None:
    """Whether it was left out or skipped; that fails nothing."""
    code, printed = run({3: {"one": "pass", "two": body}}, *option)
    assert (code, _verdicts(printed)) == (0, {3: ("not run", "1/2")})


@pytest.fixture
def needs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says which rows are required, and in how many files."""
    return lambda **files: monkeypatch.setattr(matrix, "REQUIRED", {int(row[1:]): n for row, n in files.items()})


def test_a_whole_matrix_has_every_required_row(run: Run, needs: Callable[..., None]) -> None:
    """One that nobody has a test of any more fails the run, and is named; nobody asks for it otherwise."""
    needs(r3=1, r4=1)
    code, printed = run({3: {"one": "pass"}, 5: {"one": "pass"}}, "--whole")
    assert (code, _verdicts(printed)) == (pytest.ExitCode.TESTS_FAILED, {3: ("held", "1/1"), 5: ("held", "1/1")})
    assert "required, and not shown: rows 4\n" in printed
    code, printed = run({3: {"one": "pass"}, 5: {"one": "pass"}})
    assert (code, "not shown" in printed) == (0, False)


@pytest.mark.parametrize(("option", "body"), [(("-k", "one"), "pass"), ((), "pytest.skip('no')")])
def test_a_whole_matrix_has_every_case(
    run: Run, needs: Callable[..., None], option: tuple[str, ...], body: str
) -> None:
    """A required row of which one was left out or skipped fails the run; another row does not."""
    rows = {3: {"one": "pass", "two": body}}
    needs(r3=1)
    assert run(rows, "--whole", *option)[0] == pytest.ExitCode.TESTS_FAILED
    needs(r4=1)
    assert run({**rows, 4: {"one": "pass"}}, "--whole", *option)[0] == 0


def test_a_whole_matrix_is_one_of_several_processes_too(run: Run, needs: Callable[..., None]) -> None:
    """The process that decides has run nothing itself."""
    needs(r3=1, r4=1)
    rows = {3: {"one": "pass"}, 4: {"one": "pass"}}
    assert run(rows, "--whole", "-n", "2", "--dist", "loadfile")[0] == 0
    needs(r3=1, r4=1, r5=1)
    assert run(rows, "--whole", "-n", "2", "--dist", "loadfile")[0] == pytest.ExitCode.TESTS_FAILED


def test_what_is_not_to_be_had_here_fails_no_row(run: Run, needs: Callable[..., None]) -> None:
    """An older Airflow lacks what a case asks for: the row is shown as such, and says what it lacks."""
    needs(r3=1)
    skip = f"pytest.skip({matrix.NOT_HERE + 'a policy'!r})"
    code, printed = run({3: {"one": "pass", "two": skip}}, "--whole")
    assert (code, _verdicts(printed)) == (0, {3: ("not here", "1/2")})
    assert "not to be had here: a policy (rows 3)" in printed
    code, printed = run({3: {"one": "pass", "two": skip, "three": "pytest.skip('no')"}}, "--whole")
    assert (code, _verdicts(printed)) == (pytest.ExitCode.TESTS_FAILED, {3: ("not run", "1/3")})


def test_a_row_in_two_files_needs_both(pytester: pytest.Pytester, run: Run, needs: Callable[..., None]) -> None:
    """One of them alone is not the row, whatever passed in it."""
    needs(r3=2)
    rows = {3: {"one": "pass"}}
    code, printed = run(rows, "--whole")
    assert (code, _verdicts(printed)) == (pytest.ExitCode.TESTS_FAILED, {3: ("not run", "1/1")})
    pytester.makepyfile(test_other=HEAD.format(number=3) + TEST.format(name="two", body="pass"))
    code, printed = run(rows, "--whole")
    assert (code, _verdicts(printed)) == (0, {3: ("held", "2/2")})


def test_every_required_row_has_its_files() -> None:
    """And `make faults` asks for them, so that one which is lost is noticed."""
    files = Counter(int(path.name.split("_")[2]) for path in (ROOT / "tests/faults").glob("test_row_*.py"))
    assert files == matrix.REQUIRED
    assert "tests/faults --whole" in (ROOT / "Makefile").read_text()


def test_turns_find_what_fails_now_and_then(run: Run) -> None:
    """Every case is run in every turn; one that fails in some of them breaks its row and is called a flake."""
    now_and_then = "TRIES.append(1); assert len(TRIES) != 2"
    code, printed = run({3: {"one": "pass"}, 4: {"one": now_and_then}, 5: {"one": "assert False"}}, "--times", "3")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert _verdicts(printed) == {3: ("held", "3/3"), 4: ("BROKEN", "2/3"), 5: ("BROKEN", "0/3")}
    assert [line for line in printed.splitlines() if line.startswith("flake")] == [
        "flake: test_row_4.py::test_one failed in 1 turns (2)"
    ]


def test_a_broken_fixture_breaks_the_row(run: Run) -> None:
    """A fault that could not be injected has not been withstood."""
    body = "pass\n\n@pytest.fixture(autouse=True)\ndef broken():\n    raise OSError"
    code, printed = run({3: {"one": body}})
    assert (code, _verdicts(printed)) == (1, {3: ("BROKEN", "0/1")})


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('def test_one():\n    """Fails when …"""', "expected @pytest.mark.row"),
        (HEAD.format(number=3) + "def test_one():\n    pass", "its docstring must say what it protects"),
    ],
    ids=["row", "protection"],
)
def test_a_test_without_row_or_protection_is_refused(
    pytester: pytest.Pytester, run: Run, source: str, words: str
) -> None:
    """Nothing is run: what a test is for is part of it."""
    pytester.makepyfile(test_other=source)
    code, printed = run({4: {"one": "pass"}})
    assert code == pytest.ExitCode.USAGE_ERROR
    assert words in printed


def test_a_row_has_one_wording(pytester: pytest.Pytester, run: Run) -> None:
    """Two files may serve one row, in the same words."""
    other = HEAD.format(number=3).replace("an outcome", "another outcome")
    pytester.makepyfile(test_other=other + TEST.format(name="one", body="pass"))
    code, printed = run({3: {"one": "pass"}})
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "row 3 is worded otherwise" in printed


def test_what_a_row_names_is_there() -> None:
    """A row says which protection it fails without: each name it quotes is one that the code still has."""
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    words = [set(re.findall(r"\w+", f"{path.relative_to(ROOT)} {path.read_text()}")) for path in files]
    missing = [
        f"{row.name}: {name}"
        for row in sorted((ROOT / "tests/faults").glob("test_row_*.py"))
        for node in ast.walk(ast.parse(row.read_text()))
        if isinstance(node, ast.FunctionDef | ast.Module)
        for name in QUOTED.findall(ast.get_docstring(node) or "")
        # A name and what it is of: in one file, which has both, or has the one in its path.
        if not any(set(name.split(".")[-2:]) <= found for found in words)
    ]
    assert missing == []
