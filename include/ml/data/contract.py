"""The data contract: landing files against the spec, row by row. Bad rows go to quarantine, bad files nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.ml.container import bounded
from include.ml.data import cells
from include.ml.data.arrays import from_numpy, one_chunk, repeated, to_numpy
from include.ml.data.landing import LandingFile, Malformed
from include.specs.dataset import Column, Dataset
from include.specs.errors import DataContractError

# A column most of whose cells are wrong is a wrong column: no quarantine would be an answer to it.
WRONG_COLUMN = 0.5
# So many in a small file may be single bad rows, if the day's limit has room for them.
SINGLE_ROWS = 10
QUOTED_CELL = 60
REASON, SURPLUS = "_reason", "_surplus"
MOST_FREQUENT = 5
# Of each kind; the log's end, which the task's own log repeats, has room for those of all kinds.
EXAMPLES = 2
NAMED_FILES = 3
WRONG_CELL_COUNT = "wrong number of cells"


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A row that goes to quarantine: its cells as they came, what kind of fault it has, and the fault itself.

    `surplus` are the cells that no column is left for.
    """

    cells: Mapping[str, str]
    kind: str
    reason: str
    surplus: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the contract let through (typed, in the files' order) and what it did not."""

    rows: pa.Table
    rejected: tuple[Rejected, ...]

    @property
    def rows_read(self) -> int:
        """Good rows and bad."""
        return int(self.rows.num_rows) + len(self.rejected)

    @property
    def quarantined(self) -> Mapping[str, int]:
        """Rejected rows by kind of fault, the most frequent first."""
        return dict(Counter(row.kind for row in self.rejected).most_common())


def check(files: Sequence[LandingFile], dataset: Dataset) -> Checked:
    """The rows of `files`, in their order, typed; a row that breaks the contract, or whose id came before, rejected.

    Raises:
        DataContractError: a column is wrong in most of a file's rows (in more than ten, or than the day may lose), or
            more rows are bad than the spec allows; its notes are examples of those.
    """
    read = sum(file.rows.num_rows + len(file.malformed) for file in files)
    single = min(SINGLE_ROWS, int(dataset.quarantine_limit * read))
    typed = [_typed(file, dataset, single) for file in files]
    _mark_duplicates(typed, dataset)
    # Before any row is taken out: a file that was dropped twice is a million rows that go nowhere.
    _require_few(typed, dataset, read)
    return Checked(
        rows=pa.concat_tables([_good(part) for part in typed]).combine_chunks(),
        rejected=tuple(row for part in typed for row in _rejected(part)),
    )


@dataclass(frozen=True, kw_only=True)
class _Typed:
    """A file's rows, typed; `fault` says for each which of `kinds` (column, words) it has, -1 where none."""

    file: LandingFile
    rows: pa.Table
    kinds: list[tuple[str, str]]
    fault: npt.NDArray[np.int16]


def _typed(file: LandingFile, dataset: Dataset, single: int) -> _Typed:
    columns = {column.name: _read(file, column) for column in dataset.columns}
    kinds: list[tuple[str, str]] = []
    fault = np.full(file.rows.num_rows, -1, np.int16)
    for name, column in columns.items():
        for words, mask in column.faults.items():
            wrong = to_numpy(mask)
            if wrong.sum() > max(single, WRONG_COLUMN * len(wrong)):
                raise _wrong_column(file, name, words, wrong)
            fault[wrong & (fault < 0)] = len(kinds)
            kinds.append((name, words))
    rows = pa.Table.from_arrays([column.values for column in columns.values()], names=list(columns))
    return _Typed(file=file, rows=rows, kinds=kinds, fault=fault)


def _read(file: LandingFile, column: Column) -> cells.Cells:
    try:
        return cells.read(one_chunk(file.rows[column.name]), column)
    except ValueError as error:
        raise DataContractError(
            f"{file.name}: column {column.name!r} holds a value that the lake's {cells.TYPES[column.kind]} cannot: "
            f"{bounded(str(error), 2 * QUOTED_CELL)}. Write the column with another type, or correct the value"
        ) from error


def _wrong_column(file: LandingFile, column: str, words: str, wrong: npt.NDArray[np.bool_]) -> DataContractError:
    example = _quoted(file.rows[column][int(wrong.argmax())].as_py())
    return DataContractError(
        f"{file.name}: column {column!r}: {words} in {wrong.sum()} of {len(wrong)} rows, for example {example}; "
        "correct the file, or the column in the model's spec"
    )


def _mark_duplicates(typed: Sequence[_Typed], dataset: Dataset) -> None:
    """Among the good rows of all files, in their order, every row after the first with its id is a duplicate."""
    ids = pa.chunked_array([part.rows[dataset.id.name].chunk(0) for part in typed]).combine_chunks()
    good = np.concatenate([part.fault < 0 for part in typed])
    again = np.zeros(len(good), bool)
    again[good] = repeated(ids.filter(from_numpy(good, pa.bool_())))
    start = 0
    for part in typed:
        part.fault[again[start : start + len(part.fault)]] = len(part.kinds)
        part.kinds.append((dataset.id.name, "duplicate id"))
        start += len(part.fault)


def _good(part: _Typed) -> pa.Table:
    return part.rows.filter(from_numpy(part.fault < 0, pa.bool_()))


def _rejected(part: _Typed) -> Iterator[Rejected]:
    yield from _set_aside(part, np.flatnonzero(part.fault >= 0))
    yield from map(_malformed, part.file.malformed)


def _set_aside(part: _Typed, places: npt.NDArray[np.intp]) -> Iterator[Rejected]:
    rows = part.file.rows.take(from_numpy(places, pa.int64())).to_pylist()
    for row, fault in zip(rows, part.fault[places], strict=True):
        column, _ = part.kinds[fault]
        kind = _kind(part, fault)
        text = {name: "" if cell is None else str(cell) for name, cell in row.items()}
        yield Rejected(cells=text, kind=kind, reason=f"{kind}: {_quoted(text[column])}")


def _kind(part: _Typed, fault: int) -> str:
    return ": ".join(part.kinds[fault])


def _malformed(line: Malformed) -> Rejected:
    found, expected = line.cells(), len(line.header)
    return Rejected(
        cells=dict(zip(line.header, found, strict=False)),
        kind=WRONG_CELL_COUNT,
        reason=f"{WRONG_CELL_COUNT}: {len(found)}, the header has {expected}",
        surplus=tuple(found[expected:]),
    )


def _quoted(cell: object) -> str:
    return repr(bounded("" if cell is None else str(cell), QUOTED_CELL))


def _require_few(typed: Sequence[_Typed], dataset: Dataset, read: int) -> None:
    counts = _counted(typed)
    bad = counts.total()
    if bad / read <= dataset.quarantine_limit:
        return
    kinds = counts.most_common()[:MOST_FREQUENT]
    error = DataContractError(
        f"{_listed([part.file.name for part in typed])}: {bad} of {read} rows ({bad / read:.2%}) break the contract, "
        f"the spec allows {dataset.quarantine_limit:.2%}: {', '.join(f'{count} x {kind}' for kind, count in kinds)}. "
        "Nothing was written, not even to quarantine; the job's log has examples. Correct the files or the model's spec"
    )
    for kind, _ in kinds:
        for row in islice(_examples(typed, kind), EXAMPLES):
            error.add_note(f"refused: {row.reason}{_whose(row, dataset)}")
    raise error


def _counted(typed: Sequence[_Typed]) -> Counter[str]:
    """Bad rows by kind, in the order in which the kinds are met."""
    counts: Counter[str] = Counter()
    for part in typed:
        faults, first, times = np.unique(part.fault[part.fault >= 0], return_index=True, return_counts=True)
        for place in np.argsort(first):
            counts[_kind(part, faults[place])] += int(times[place])
        if part.file.malformed:
            counts[WRONG_CELL_COUNT] += len(part.file.malformed)
    return counts


def _examples(typed: Sequence[_Typed], kind: str) -> Iterator[Rejected]:
    for part in typed:
        faults = [fault for fault in range(len(part.kinds)) if _kind(part, fault) == kind]
        yield from _set_aside(part, np.flatnonzero(np.isin(part.fault, faults))[:EXAMPLES])
        if kind == WRONG_CELL_COUNT:
            yield from map(_malformed, part.file.malformed)


def _listed(names: Sequence[str]) -> str:
    """So many names as leave room for what is wrong with the files."""
    more = f" and {len(names) - NAMED_FILES} more" if len(names) > NAMED_FILES else ""
    return ", ".join(names[:NAMED_FILES]) + more


def _whose(row: Rejected, dataset: Dataset) -> str:
    """Where to look for a row: by its id, unless that did not come or is what is wrong with it."""
    found = row.cells.get(dataset.id.name, "")
    return f", where {dataset.id.name} is {_quoted(found)}" if found and _quoted(found) not in row.reason else ""
