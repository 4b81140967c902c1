"""Bodies of plain CSV, all of a block at once by Arrow's reader: an order of magnitude faster than body by body.

Plain is what most traffic is: no quotes, no header, one number a row as the answer. All else is left to
`include.ml.capture.rows`, which reads everything; where both can read, both give the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from include.ml.capture.faults import fault
from include.ml.capture.layout import Layout
from include.ml.capture.rows import Answers, Integers, Rows
from include.ml.data.arrays import one_chunk, to_numpy


def plain(events: pa.Table, layout: Layout) -> npt.NDArray[np.bool_]:
    """Which inputs are CSV of which each line is a row and each comma parts two cells, without names."""
    name = "|".join(re.escape(name) for name in sorted(layout.known))
    blank = r"^\r?\n|\n\r?\n|^[\r\n]*$"
    odd = pc.match_substring_regex(events["input"], rf'"|\r[^\n]|{blank}|^\x{{FEFF}}|(^|,)\s*({name})\s*(,|\r|\n|$)')
    csv = pc.fill_null(pc.equal(events["input_encoding"], "CSV"), False)
    return to_numpy(pc.and_not(csv, odd))


def asked(events: pa.Table, layout: Layout) -> Rows | None:
    """The rows in plain inputs; None where Arrow does not see the rows that were counted."""
    text, counts = _lines(events["input"])
    wrong: dict[int, str] = {}

    def keep(row: pa.csv.InvalidRow) -> str:
        wrong[row.number - 1] = row.text
        return "skip"

    table = _parsed(text, dict.fromkeys(layout.positional, pa.string()), keep)
    if table is None or len(table) + len(wrong) != counts.sum():
        return None
    good = np.ones(counts.sum(), bool)
    good[list(wrong)] = False
    event = np.repeat(np.arange(len(counts)), counts)
    row = np.arange(len(event)) - np.repeat(np.cumsum(counts) - counts, counts)
    lines = to_numpy(events["line"])[event]
    blank = pa.nulls(len(table), pa.string())
    return Rows(
        event=event[good],
        row=row[good],
        cells={name: table[name].combine_chunks() if name in layout.positional else blank for name in layout.names},
        counts=counts,
        faults=[fault(layout.other_cells(text.split(",")), int(lines[place])) for place, text in wrong.items()],
    )


def answered(events: pa.Table, counts: Integers) -> Answers | None:
    """The answers in outputs of one number a line; None where one is something else."""
    encodings = pc.fill_null(pc.is_in(events["output_encoding"], pa.array(["CSV", "JSON"])), False)
    if not pc.all(encodings).as_py():
        return None
    text, found = _lines(events["output"])
    table = _parsed(text, {"score": pa.float64()}) if np.array_equal(found, counts) else None
    if table is None or len(table) != counts.sum():
        return None
    scores = one_chunk(table["score"])
    numbers = to_numpy(scores)
    # A NaN fails both comparisons.
    if not ((numbers >= 0) & (numbers <= 1)).all():
        return None
    return Answers(
        scores=scores,
        called=pa.nulls(len(scores), pa.string()),
        good=np.ones(len(scores), bool),
        read=np.ones(len(counts), bool),
    )


def _lines(bodies: pa.ChunkedArray) -> tuple[pa.Buffer, Integers]:
    """All bodies, each ending in one line feed; and how many lines each has."""
    trimmed = pc.ascii_rtrim(one_chunk(bodies), "\r\n")
    counts = to_numpy(pc.cast(pc.count_substring(trimmed, "\n"), pa.int64())) + 1
    whole = pc.binary_join_element_wise(trimmed, "", "\n")
    # The characters of an array that a kernel has just made lie one body after the other.
    return whole.buffers()[2], counts


def _parsed(
    text: pa.Buffer, types: Mapping[str, pa.DataType], keep: Callable[[pa.csv.InvalidRow], str] | None = None
) -> pa.Table | None:
    try:
        return pa.csv.read_csv(
            pa.BufferReader(text),
            read_options=pa.csv.ReadOptions(column_names=list(types), use_threads=False, block_size=text.size + 1),
            parse_options=pa.csv.ParseOptions(quote_char=False, invalid_row_handler=keep),
            convert_options=pa.csv.ConvertOptions(column_types=types, null_values=[]),
        )
    except pa.ArrowInvalid:
        return None
