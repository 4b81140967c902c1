"""Good rows pass, typed; bad rows are rejected with a reason; bad files are refused."""

import tracemalloc
from dataclasses import replace

import pyarrow as pa
import pytest

from include.ml.data import contract
from include.ml.data.landing import LandingFile, Malformed
from include.specs.errors import DataContractError
from include.specs.model import ModelSpec

NAMES = ("key", "size", "weight", "colour", "city", "note", "left")
GOOD = ("5", "1.5", "red", "Oslo", "", "no")


def landed(*rows: tuple[str, ...], name: str = "a.csv", malformed: tuple[Malformed, ...] = ()) -> LandingFile:
    columns = list(zip(*rows, strict=True))
    table = pa.table({column: pa.array(cells, pa.string()) for column, cells in zip(NAMES, columns, strict=True)})
    return LandingFile(name=name, rows=table, malformed=malformed)


def many(count: int, start: int = 0) -> list[tuple[str, ...]]:
    return [(f"g{number}", *GOOD) for number in range(start, start + count)]


@pytest.fixture
def lenient(toy: ModelSpec) -> ModelSpec:
    return replace(toy, dataset=replace(toy.dataset, quarantine_limit=0.5))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("b", "abc", "1", "red", "Oslo", "", "no"), "size: not a number: 'abc'"),
        (("b", "-1", "1", "red", "Oslo", "", "no"), "size: below 0: '-1'"),
        (("b", "inf", "1", "red", "Oslo", "", "no"), "size: not a finite number: 'inf'"),
        (("b", "5", "1", "pink", "Oslo", "", "no"), "colour: unknown level: 'pink'"),
        (("b", "5", "1", "red", " ", "", "no"), "city: blank: ' '"),
        (("", "5", "1", "red", "Oslo", "", "no"), "key: blank: ''"),
        (("b", "5", "1", "red", "Oslo", "", "maybe"), "left: unknown level: 'maybe'"),
        (("b", "5", "1", "red", "Oslo", "", ""), "left: blank: ''"),
        (("g0", "5", "1", "red", "Oslo", "", "no"), "key: duplicate id: 'g0'"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(lenient: ModelSpec, row: tuple[str, ...], reason: str) -> None:
    """As it came, once, and counted by kind; the rows around it pass."""
    checked = contract.check([landed(*many(3), row, *many(2, start=3))], lenient.dataset)
    (rejected,) = checked.rejected
    assert rejected.reason == reason
    assert tuple(rejected.cells.values()) == row
    assert checked.quarantined == {reason.rpartition(":")[0]: 1}
    assert checked.rows["key"].to_pylist() == [f"g{number}" for number in range(5)]
    assert checked.rows_read == 6


def test_rows_come_out_typed(toy: ModelSpec) -> None:
    """Numbers as numbers, blanks as nulls, all else as text."""
    rows = contract.check([landed(("k", "5", " ", "red", "Oslo", "", "no"))], toy.dataset).rows
    assert rows.to_pylist() == [
        {"key": "k", "size": 5.0, "weight": None, "colour": "red", "city": "Oslo", "note": None, "left": "no"}
    ]


def test_a_row_with_two_faults_is_counted_once(lenient: ModelSpec) -> None:
    """Under the first, in the order of the columns."""
    checked = contract.check([landed(*many(3), ("b", "x", "y", "pink", "", "", ""))], lenient.dataset)
    assert checked.quarantined == {"size: not a number": 1}


def test_ids_are_unique_over_all_files(lenient: ModelSpec) -> None:
    """The first in the order of the files stays; a rejected row does not take its id with it."""
    first = landed(*many(3), ("b", "x", *GOOD[1:]))
    second = landed(("g1", "9", *GOOD[1:]), ("b", "7", *GOOD[1:]), name="b.csv")
    checked = contract.check([first, second], lenient.dataset)
    assert checked.rows["key"].to_pylist() == ["g0", "g1", "g2", "b"]
    assert checked.rows["size"].to_pylist() == [5, 5, 5, 7]
    assert checked.quarantined == {"size: not a number": 1, "key: duplicate id": 1}


def test_a_malformed_line_is_quarantined(lenient: ModelSpec) -> None:
    """With as many cells as it has."""
    line = Malformed(text="b", header=NAMES)
    (rejected,) = contract.check([landed(*many(3), malformed=(line,))], lenient.dataset).rejected
    assert (rejected.cells, rejected.reason) == ({"key": "b"}, "wrong number of cells: 1, the header has 7")
    assert rejected.surplus == ()


def test_cells_that_a_line_has_too_many_of_are_kept(lenient: ModelSpec) -> None:
    """Beside those that have a column; blank ones, too."""
    line = Malformed(text=",".join(["b", *GOOD, "more", ""]), header=NAMES)
    (rejected,) = contract.check([landed(*many(3), malformed=(line,))], lenient.dataset).rejected
    assert rejected.cells == dict(zip(NAMES, ("b", *GOOD), strict=True))
    assert (rejected.surplus, rejected.reason) == (("more", ""), "wrong number of cells: 9, the header has 7")


def test_a_long_cell_is_not_quoted_whole(lenient: ModelSpec) -> None:
    """A reason stays readable whatever a file holds."""
    (rejected,) = contract.check([landed(*many(3), ("b", "x" * 5000, *GOOD[1:]))], lenient.dataset).rejected
    assert len(rejected.reason) < 120


def test_a_column_that_is_mostly_wrong_is_refused(lenient: ModelSpec) -> None:
    """It is no matter of single rows: the message names file, column and an example."""
    wrong = [(f"k{row}", "five", *GOOD[1:]) for row in range(3)]
    with pytest.raises(
        DataContractError, match=r"a\.csv: column 'size': not a number in 3 of 5 rows, for example 'five'"
    ):
        contract.check([landed(*many(2), *wrong)], lenient.dataset)


@pytest.mark.parametrize("rows", [1, 10])
def test_bad_rows_of_a_small_file_are_single_ones_beside_a_large_one(toy: ModelSpec, rows: int) -> None:
    """The day has room for them, however much of their own file they are."""
    small = landed(*[(f"k{row}", "five", *GOOD[1:]) for row in range(rows)], name="b.csv")
    checked = contract.check([landed(*many(1000)), small], toy.dataset)
    assert (checked.rows.num_rows, checked.quarantined) == (1000, {"size: not a number": rows})


@pytest.mark.parametrize(
    ("beside", "rows"),
    [
        pytest.param(0, 1, id="all of the day"),
        pytest.param(100, 3, id="the day has no room"),
        pytest.param(2000, 11, id="many"),
    ],
)
def test_a_small_file_with_a_wrong_column_is_refused(toy: ModelSpec, beside: int, rows: int) -> None:
    """By that column, not as so many bad rows of the day."""
    small = landed(*[(f"k{row}", "five", *GOOD[1:]) for row in range(rows)], name="b.csv")
    large = [landed(*many(beside))] if beside else []
    with pytest.raises(DataContractError, match=rf"b\.csv: column 'size': not a number in {rows} of {rows} rows"):
        contract.check([*large, small], toy.dataset)


def test_more_bad_rows_than_the_limit_stop_the_run(toy: ModelSpec) -> None:
    """The limit itself is allowed; one more is not, and the counts are said, the most frequent first."""
    bad = [("b1", "x", *GOOD[1:]), ("b2", "-1", *GOOD[1:]), ("b3", "y", *GOOD[1:])]
    assert len(contract.check([landed(*many(147), *bad)], toy.dataset).rejected) == 3
    words = r"a\.csv: 3 of 149 rows .*: 2 x size: not a number, 1 x size: below 0\. Nothing was written, not even to"
    with pytest.raises(DataContractError, match=words):
        contract.check([landed(*many(146), *bad)], toy.dataset)


def test_refused_rows_are_shown_by_example(toy: ModelSpec) -> None:
    """They lie nowhere else: two of each kind, with the id by which a row is found in the file."""
    bad = [("b1", "x", *GOOD[1:]), ("b2", "-1", *GOOD[1:]), ("b3", "y", *GOOD[1:]), ("b4", "z", *GOOD[1:])]
    with pytest.raises(DataContractError) as refused:
        contract.check([landed(*many(20), ("g7", *GOOD), ("", *GOOD), *bad)], toy.dataset)
    assert refused.value.__notes__ == [
        "refused: size: not a number: 'x', where key is 'b1'",
        "refused: size: not a number: 'y', where key is 'b3'",
        "refused: key: duplicate id: 'g7'",
        "refused: key: blank: ''",
        "refused: size: below 0: '-1', where key is 'b2'",
    ]


def test_rows_of_a_day_that_is_refused_cost_no_more_than_their_marks(toy: ModelSpec) -> None:
    """As objects, a file of a million rows that was dropped twice would need gigabytes, and end without the message."""
    peaks = []
    for rows in (10, 5000):  # the first also makes what is made once
        files = [landed(*many(rows), name=name) for name in ("a.csv", "b.csv")]
        tracemalloc.start()
        with pytest.raises(DataContractError, match=f"{rows} of {2 * rows} rows .*: {rows} x key: duplicate id"):
            contract.check(files, toy.dataset)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] / 5000 < 100


def test_kinds_of_one_count_are_told_in_the_order_in_which_they_are_met(toy: ModelSpec) -> None:
    """Over all files, whatever the order of the columns: the same files give the same message."""
    one = landed(("b1", *GOOD[:-1], ""), ("b2", "x", *GOOD[1:]), *many(3))
    two = landed(
        ("b3", "-1", *GOOD[1:]), ("b4", "x", *GOOD[1:]), ("b5", *GOOD[:-1], ""), *many(3, start=3), name="b.csv"
    )
    with pytest.raises(DataContractError, match=r": 2 x left: blank, 2 x size: not a number, 1 x size: below 0\."):
        contract.check([one, two], toy.dataset)


def test_many_files_leave_room_for_what_is_wrong_with_them(toy: ModelSpec) -> None:
    """SageMaker keeps a kilobyte of the message."""
    files = [landed(("b1", "x", *GOOD[1:]), ("b2", *GOOD), name=f"{number:03d}.csv") for number in range(500)]
    with pytest.raises(DataContractError, match=r"^000\.csv, 001\.csv, 002\.csv and 497 more: 999 of 1000 rows"):
        contract.check(files, toy.dataset)


@pytest.mark.parametrize(
    ("column", "values"),
    [("size", pa.array([2**53 + 1])), ("at", pa.array([2**62], pa.timestamp("s")))],
)
def test_a_parquet_value_that_the_lake_cannot_hold_is_refused(events: ModelSpec, column: str, values: pa.Array) -> None:
    """The message names the file and the column, and says what to do."""
    cells = {name.name: pa.array(["x"]) for name in events.dataset.columns} | {column: values}
    file = LandingFile(name="a.parquet", rows=pa.table(cells))
    with pytest.raises(DataContractError, match=rf"a\.parquet: column '{column}' holds a value .*another type"):
        contract.check([file], events.dataset)
