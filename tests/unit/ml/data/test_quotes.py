"""Every quote closes where its cell ends, or the line that opens it is said."""

import csv
from pathlib import Path

import pytest

from include.ml.data import quotes
from include.specs.errors import DataContractError

TELCO = Path(__file__).parents[5] / "shared/data/telco/Telco-Customer-Churn.csv"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a,b\n1,2", id="no quotes"),
        pytest.param('a,b\n1,"x\r\ny"\n', id="a line break in a cell"),
        pytest.param('a,b\n1,"say ""x"""\n', id="doubled quotes"),
        pytest.param('a,b\n5" pipe,2\n', id="a quote within a cell that is not quoted"),
        pytest.param("a,b\nonly\n1,2,3\n\n", id="malformed lines are the contract's matter"),
    ],
)
def test_a_file_that_means_one_thing_passes(path: Path, text: str) -> None:
    """Whatever else may be wrong with it."""
    path.write_bytes(text.encode())
    quotes.require_closed(path, "a.csv", 2)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        pytest.param('a,b\n1,2\n1,"x\n1,2\n', 3, "unexpected end of data", id="never closed"),
        pytest.param('a,b\n"x\ny",1\n1,"x\n1,"y z"\n', 4, "',' expected", id="closed within a cell"),
        pytest.param('a,b\n1,2\n"x\n1,2\ny"\n', 3, "ends in line 5 with 1 cells, not 2", id="a malformed row of lines"),
    ],
)
def test_an_open_quote_is_named_by_its_line(path: Path, text: str, line: int, why: str) -> None:
    """The line is the file's, headers and broken cells counted."""
    path.write_bytes(text.encode())
    with pytest.raises(DataContractError, match=rf"a\.csv: line {line} opens a quote.*{why}"):
        quotes.require_closed(path, "a.csv", 2)


def test_a_long_cell_opens_no_quote(path: Path) -> None:
    """It is longer than `csv` reads by itself, and read all the same; whoever else uses that keeps its limit."""
    before = csv.field_size_limit()
    path.write_text(f"a,b\n{'x' * (before + 1)},2\n\n1,2\n")
    quotes.require_closed(path, "a.csv", 2)
    assert csv.field_size_limit() == before


def test_an_endless_cell_is_named_by_the_line_of_its_row(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said of a quote that opens: it may have none."""
    monkeypatch.setattr(quotes, "CELL_CHARACTERS", 99)
    path.write_text(f"a,b\n1,2\n{'x' * 100},2\n")
    with pytest.raises(DataContractError, match=r"a\.csv: the row that begins in line 3 has a cell of more than 99 "):
        quotes.require_closed(path, "a.csv", 2)


@pytest.mark.parametrize(("text", "longer"), [("a\n1\n2\n", False), ("a\n1\n2", False), ('a\n1\n"2\n3"', True)])
def test_rows_of_several_lines_show_in_the_number_of_lines(path: Path, text: str, longer: bool) -> None:
    """With a newline at the end or without; only such files are read twice."""
    path.write_bytes(text.encode())
    assert quotes.holds_longer_rows(path, 2) is longer


@pytest.mark.parametrize("line", [50, 6500])
def test_a_stray_quote_in_the_real_file_is_found(path: Path, line: int) -> None:
    """Early, where it takes in nearly all of the file, and late."""
    if not TELCO.is_file():
        pytest.skip("the real data is not here: Telco-Customer-Churn.csv")
    lines = TELCO.read_text().splitlines()
    path.write_text("\n".join([*lines[: line - 1], '"' + lines[line - 1], *lines[line:], ""]))
    with pytest.raises(DataContractError, match=rf"line {line} opens a quote"):
        quotes.require_closed(path, "a.csv", 21)
