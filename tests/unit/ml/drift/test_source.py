"""Parquet files as columns."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.ml.drift.source import one_row_an_entity, open_source
from include.specs.errors import DataContractError


def test_a_column_comes_whole_and_in_order(write) -> None:
    """Over files and row groups."""
    write("day/b.parquet", {"x": [4.0, 5.0]}, row_group=1)
    path = write("day/a.parquet", {"x": [1.0, 2.0, 3.0]}, row_group=2)
    source = open_source(path.parent)
    assert source.rows == source.independent == 5
    assert [chunk.to_pylist() for chunk in source.chunks("x")] == [[1.0, 2.0], [3.0], [4.0], [5.0]]


def test_text_comes_as_levels(write) -> None:
    """A tenth of the memory, and nothing to hash."""
    source = open_source(write("a.parquet", {"x": ["b", "a", "b"]}))
    assert all(pa.types.is_dictionary(chunk.type) for chunk in source.chunks("x"))


@pytest.mark.parametrize("coded", [False, True])
def test_of_each_entity_the_last_row_counts(write, coded: bool) -> None:
    """Across row groups; rows without an entity count each for itself, and are told."""
    who = pa.array(["ann", "bob", None, "ann", "bob", None, "eve"])
    columns = {"who": who.dictionary_encode() if coded else who, "x": [0, 1, 2, 3, 4, 5, 6]}
    source = one_row_an_entity(open_source(write("a.parquet", columns, row_group=3)), "who")
    assert (source.rows, source.independent, source.without_entity) == (7, 5, 2)
    assert [value for chunk in source.chunks("x") for value in chunk.to_pylist()] == [2, 3, 4, 5, 6]


def test_where_no_row_names_an_entity_all_count(write) -> None:
    """And none is said to lack what nobody has."""
    columns = {"who": pa.nulls(3, pa.string()), "x": [0, 1, 2]}
    source = one_row_an_entity(open_source(write("a.parquet", columns)), "who")
    assert (source.independent, source.without_entity) == (3, 0)


def test_an_entity_may_be_a_number(write) -> None:
    """As most keys are."""
    source = one_row_an_entity(open_source(write("a.parquet", {"who": [7, 7, 8], "x": [1, 2, 3]})), "who")
    assert source.kept.tolist() == [False, True, True]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(DataContractError, match=r"nothing.parquet: expected a Parquet file or a folder"):
        open_source(tmp_path / "nothing.parquet")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    """The day's capture has not come."""
    with pytest.raises(DataContractError, match="found none called"):
        open_source(tmp_path)


def test_what_is_no_parquet_is_told(tmp_path: Path) -> None:
    """A CSV file under another name."""
    path = tmp_path / "a.parquet"
    path.write_text("x,y\n1,2\n")
    with pytest.raises(DataContractError, match=r"a.parquet: expected a Parquet file: "):
        open_source(path)


def test_no_rows_are_told(write) -> None:
    """A file that a feed has left empty."""
    with pytest.raises(DataContractError, match="expected rows, got a file without any"):
        open_source(write("a.parquet", {"x": pa.array([], pa.float64())}))


def test_files_of_a_day_have_the_same_columns(write) -> None:
    """Or one of them is no part of it."""
    path = write("day/a.parquet", {"x": [1.0]})
    write("day/b.parquet", {"x": ["1"]})
    with pytest.raises(DataContractError, match=r"b.parquet: expected the columns of .*a.parquet, got x \(string\)"):
        open_source(path.parent)


def test_an_entity_must_be_there(write) -> None:
    """The columns that are there are named."""
    with pytest.raises(DataContractError, match=r"expected a column 'who', found x \(int64\)"):
        one_row_an_entity(open_source(write("a.parquet", {"x": [1]})), "who")


def test_a_truncated_file_is_told(write) -> None:
    """Half of an upload has no footer."""
    path = write("a.parquet", {"x": [1.0, 2.0]})
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataContractError, match="expected a Parquet file"):
        open_source(path)


def test_schemas_with_other_metadata_are_the_same(tmp_path: Path) -> None:
    """Who wrote a file is no matter."""
    table = pa.table({"x": [1.0]})
    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(table.replace_schema_metadata({"made": "elsewhere"}), tmp_path / "b.parquet")
    assert open_source(tmp_path).rows == 2
