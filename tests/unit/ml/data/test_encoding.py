"""A file is UTF-8 text, or it is said where it is not."""

from pathlib import Path

import pytest

from include.ml.data import encoding, quotes
from include.specs.errors import DataContractError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "\ufeffa,b\nØ,漢\n", pytest.param("a\n" + "é" * 2**20, id="much"), ""])
def test_text_passes(path: Path, text: str) -> None:
    """With a byte order mark or without, and where a letter lies across what is read at once."""
    path.write_bytes(text.encode())
    encoding.require_utf8(path, "a.csv", ["a", "b"])


@pytest.mark.parametrize(
    ("content", "where"),
    [
        pytest.param(b"a,b\n1,2\n1,caf\xe9\n", r"line 3, column 'b' \(b'caf\\xe9'\)", id="a cell"),
        pytest.param(b'a,b\n"1\n2",x\n"\n\n\xe9",2\n', r"line 4, column 'a' ", id="a cell of several lines"),
        pytest.param(b"a,b\n1,2,3,\xe9\n", r"line 2, column no\. 4 ", id="a cell that the header has not"),
        pytest.param(b"a,b\r1,2\r\xff,2\r", r"line 3, column 'a' ", id="carriage returns"),
        pytest.param("a,b\n1,é".encode()[:-1], r"line 2, column 'b' \(b'\\xc3'\)", id="cut within a letter"),
        pytest.param(b"a,b\n" + b"x" * 2**20 + b",\xe9\n", r"line 2, column 'b' ", id="far into the file"),
    ],
)
def test_other_bytes_are_named_by_line_and_column(path: Path, content: bytes, where: str) -> None:
    """The first of them, as they are."""
    path.write_bytes(content)
    with pytest.raises(DataContractError, match=rf"a\.csv: expected UTF-8 text, {where}.*save the file as UTF-8"):
        encoding.require_utf8(path, "a.csv", ["a", "b"])


def test_other_bytes_in_an_endless_cell_are_named_by_the_line_of_its_row(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much as is known."""
    monkeypatch.setattr(quotes, "CELL_CHARACTERS", 99)
    path.write_bytes(b"a,b\n1,2\n" + b"\xe9" * 100)
    with pytest.raises(DataContractError, match=r"the row that begins in line 3 holds other bytes"):
        encoding.require_utf8(path, "a.csv", ["a", "b"])


def test_a_long_cell_is_not_quoted_whole(path: Path) -> None:
    """SageMaker keeps a kilobyte of the message."""
    path.write_bytes(b"a,b\n1," + b"\xe9" * 5000)
    with pytest.raises(DataContractError) as refused:
        encoding.require_utf8(path, "a.csv", ["a", "b"])
    assert len(str(refused.value)) < 500
