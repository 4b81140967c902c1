"""Landing files are read as they came, or refused with the file, the column and what to do."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.ml.data import landing
from include.specs.errors import DataContractError
from include.specs.model import ModelSpec

HEADER = "key,size,weight,colour,city,note,left"
ROW = "k1,5,1.5,red,Oslo,,no"


@pytest.fixture
def read(tmp_path: Path, toy: ModelSpec):
    def reader(content: bytes | str, name: str = "rows.csv") -> landing.LandingFile:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return landing.read(path, f"landing/toy/{name}", toy.dataset)

    return reader


def test_cells_are_text_in_the_order_of_the_spec(read) -> None:
    """Nothing is guessed from a CSV, and its columns may stand in any order."""
    file = read("left,key,size,weight,colour,city,note\nno,k1,007,,red,Oslo,NA\n")
    assert file.rows.to_pylist() == [
        {"key": "k1", "size": "007", "weight": "", "colour": "red", "city": "Oslo", "note": "NA", "left": "no"}
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_name(read) -> None:
    """Spreadsheets write one."""
    assert read(b"\xef\xbb\xbf" + f"{HEADER}\n{ROW}\n".encode()).rows.num_rows == 1


def test_quoted_cells_may_hold_commas_and_newlines(read) -> None:
    """They are one cell each."""
    file = read(f'{HEADER}\nk1,5,1.5,red,"Oslo, Norway","two ""fine""\nlines",no\n\nk2,short\n')
    assert file.rows["city"].to_pylist() == ["Oslo, Norway"]
    assert file.rows["note"].to_pylist() == ['two "fine"\nlines']
    assert [line.cells()[0] for line in file.malformed] == ["k2"]


def test_a_line_with_another_number_of_cells_is_set_aside(read) -> None:
    """The other lines are read, and the odd ones come in the same order every time."""
    file = read(f"{HEADER}\nz,1\n{ROW}\na,1,2,red,Oslo,,no,more\n")
    assert file.rows.num_rows == 1
    assert [(line.text, line.header) for line in file.malformed] == [
        ("a,1,2,red,Oslo,,no,more", HEADER.split(",")),
        ("z,1", HEADER.split(",")),
    ]


@pytest.mark.parametrize(
    "row", [f"k2,5,1.5,red,Oslo,{'x' * 200_000},no", 'k2,5,1.5,red,Oslo,"' + "x\n" * 100_000 + '",no']
)
def test_a_long_cell_is_a_cell(read, row: str) -> None:
    """Also in a file that is read twice, since a line of it is blank or a cell has lines of its own."""
    notes = read(f"{HEADER}\n{ROW}\n\n{row}\n").rows["note"].to_pylist()
    assert [len(note) for note in notes] == [0, 200_000]


def test_a_long_cell_of_a_line_with_another_number_of_cells_is_set_aside(read) -> None:
    """As any other."""
    (line,) = read(f"{HEADER}\n{ROW}\nk,{'x' * 200_000}\n").malformed
    assert [len(cell) for cell in line.cells()] == [1, 200_000]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "empty; expected a header and rows", id="empty"),
        pytest.param(HEADER + "\n", "a header and no rows", id="header only"),
        pytest.param(HEADER, "a header and no rows", id="header only, without a newline"),
        pytest.param(f"{HEADER}\n{ROW}{'x' * 3_000_000}\n", "a row is longer than is read at once", id="endless cell"),
        pytest.param(f"{HEADER}\r{ROW}\r", "expected CSV", id="carriage returns alone"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", "UTF-8", id="binary"),
        pytest.param('{"key": 1}\n', "none is in the header", id="JSON"),
        pytest.param("key;size;weight\n1;2;3\n", "separated by commas", id="semicolons"),
        pytest.param(f"{HEADER}\n{ROW}\n".encode("utf-16-le"), "expected CSV", id="UTF-16"),
        pytest.param(HEADER.encode() + b"\nk1,5,1.5,red,\xd8slo,,no\n", "column 'city' .*as UTF-8", id="Latin-1 cell"),
        pytest.param(
            f"{HEADER}\n{ROW}\n".encode() + b"k2,5,1.5,red,\xd8slo,,no,more\n",
            "line 3, column 'city'",
            id="Latin-1 line",
        ),
        pytest.param(f"{HEADER},size\n{ROW},5\n", "column 'size' is there 2 times", id="column twice"),
        pytest.param(f"{HEADER},extra\n{ROW},5\n", "column 'extra' is not in the spec", id="extra column"),
        pytest.param("key,size,weight,colour,city,note\nk1,5,1,red,Oslo,\n", "column 'left' is missing", id="no label"),
        pytest.param(
            f"{HEADER.replace('size', 'Size ')}\n{ROW}\n", "did you mean 'size' by 'Size '", id="renamed column"
        ),
    ],
)
def test_a_file_that_is_not_what_the_spec_says_is_refused(read, content: bytes | str, message: str) -> None:
    """The message names the file and what is wrong."""
    with pytest.raises(DataContractError, match=message) as caught:
        read(content)
    assert "landing/toy/rows.csv" in str(caught.value)


def test_all_wrong_columns_are_said_at_once(read) -> None:
    """Nobody has to try five times; a renamed column is not called an extra one too."""
    with pytest.raises(DataContractError) as caught:
        read(f"{HEADER.replace('size', 'sizes').replace('note', 'zzz')}\n{ROW}\n")
    text = str(caught.value)
    assert "'size' is missing (did you mean 'size' by 'sizes'?)" in text
    assert "'note' is missing;" in text
    assert "'zzz' is not in the spec" in text
    assert "'sizes' is not in the spec" not in text


def test_a_name_that_is_neither_csv_nor_parquet_is_refused(read) -> None:
    """What a file is, its name says."""
    with pytest.raises(DataContractError, match=r"named \.csv or \.parquet"):
        read("x", "rows.xlsx")


def parquet(tmp_path: Path, **replaced: pa.Array) -> bytes:
    columns = {
        "key": pa.array(["k1"]),
        "size": pa.array([5]),
        "weight": pa.array([None], pa.float32()),
        "colour": pa.array(["red"]).dictionary_encode(),
        "city": pa.array([3]),
        "note": pa.array([None], pa.string()),
        "left": pa.array(["no"]),
    } | replaced
    path = tmp_path / "made.parquet"
    pq.write_table(pa.table(columns), path)
    return path.read_bytes()


def test_parquet_keeps_its_types(read, tmp_path: Path) -> None:
    """Whole numbers, categories and nulls are as good as text."""
    file = read(parquet(tmp_path), "rows.parquet")
    assert file.rows.schema.field("size").type == pa.int64()


def test_a_parquet_column_of_nulls_is_as_good_as_blank(read, tmp_path: Path) -> None:
    """Labels of a fresh day: nobody knows one yet."""
    file = read(parquet(tmp_path, left=pa.nulls(1)), "rows.parquet")
    assert file.rows["left"].to_pylist() == [None]


def test_a_parquet_column_of_another_type_is_refused(read, tmp_path: Path) -> None:
    """Text in a column of numbers is the writer's mistake, whatever it says."""
    with pytest.raises(DataContractError, match=r"'size' must hold numeric values, its Parquet type is string"):
        read(parquet(tmp_path, size=pa.array(["5"])), "rows.parquet")


def test_a_parquet_column_that_is_there_twice_is_named(read, tmp_path: Path) -> None:
    """As in a CSV file; nothing is said of what the file begins with."""
    made = pq.read_table(pa.BufferReader(parquet(tmp_path)))
    path = tmp_path / "twice.parquet"
    pq.write_table(made.append_column("size", made["size"]), path)
    with pytest.raises(DataContractError, match=r"rows\.parquet: column 'size' is there 2 times\."):
        read(path.read_bytes(), "rows.parquet")


def test_a_damaged_parquet_file_is_refused(read, tmp_path: Path) -> None:
    """Also where its columns can still be told."""
    content = parquet(tmp_path)
    with pytest.raises(DataContractError, match=r"rows\.parquet: expected Parquet.* Write it again"):
        read(content[:4] + bytes(40) + content[44:], "rows.parquet")


def test_a_parquet_file_that_is_none_is_refused(read) -> None:
    """The message names it."""
    with pytest.raises(DataContractError, match=r"rows\.parquet: expected Parquet.* begins with b'key,size") as caught:
        read(f"{HEADER}\n{ROW}\n", "rows.parquet")
    assert "name it .csv" in str(caught.value)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(['"k2,5,1.5,red,Oslo,,no', *[ROW] * 3], id="to the file's end"),
        pytest.param(['"k2,5,1.5,red,Oslo,,no', *[ROW] * 100_000], id="beyond what is read at once"),
        pytest.param(['k2,5,1.5,red,Oslo,,"no', *[ROW] * 3], id="in the last cell, which makes the row look right"),
        pytest.param(
            ['k2,5,1.5,red,Oslo,"new,no', ROW, 'k3,5,1.5,red,Oslo,"a note",no', ROW], id="closed by another's quote"
        ),
        pytest.param(['"k2,5,1.5,red,Oslo,,no', ROW, 'k3,5",1.5,red,Oslo,,no', ROW], id="two of them"),
    ],
)
def test_a_quote_that_is_left_open_is_refused(read, lines: list[str]) -> None:
    """The rows it takes in would be lost without a word; the line that opens it is named."""
    with pytest.raises(DataContractError, match=r"landing/toy/rows\.csv: line 4 opens a quote"):
        read("\n".join([HEADER, ROW, ROW, *lines, ""]))
