"""The table that captured traffic becomes, whichever way it came: its columns, their types, and text as typed cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.baseline.statistics import SCORE
from include.ml.capture.faults import BodyError
from include.ml.data import cells
from include.ml.data.arrays import to_numpy
from include.specs.dataset import Column, Dataset
from include.specs.errors import require

CALLED = "called"
# Of the request that a row came in; `row` is its place in that.
REQUEST = pa.schema(
    [
        ("event_id", pa.string()),
        ("row", pa.int64()),
        ("inference_id", pa.string()),
        ("inference_time", cells.TIMESTAMP),
        ("variant", pa.string()),
    ]
)
ANSWER = pa.schema([(SCORE, pa.float64()), (CALLED, pa.string())])
Cell = str | None


@dataclass(frozen=True, kw_only=True)
class Typed:
    """Columns of the layout's inputs, and for each row what makes it unusable, None where nothing does."""

    columns: Mapping[str, pa.Array]
    faults: Mapping[int, BodyError]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a body's row holds, and the table's schema.

    Args:
        positional: columns of a row whose cells have no names, in their order.
    """

    dataset: Dataset
    positional: tuple[str, ...]

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """Id and entity, for bodies that name them, and the features: blank where a body does not give them."""
        return (self.dataset.id, *self.dataset.with_role("entity"), *self.dataset.features)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the inputs."""
        return tuple(column.name for column in self.inputs)

    @cached_property
    def known(self) -> frozenset[str]:
        """Every column of the spec: a body may name those that no model sees."""
        return frozenset(column.name for column in self.dataset.columns)

    @cached_property
    def required(self) -> frozenset[str]:
        """Features that a row with names must name: those that may not be blank."""
        return frozenset(column.name for column in self.dataset.features if not column.missing)

    @cached_property
    def schema(self) -> pa.Schema:
        """Of the table."""
        inputs = [(column.name, cells.TYPES[column.kind]) for column in self.inputs]
        return pa.schema([*REQUEST, *(pa.field(*field) for field in inputs), *ANSWER])

    @cached_property
    def places(self) -> tuple[int | None, ...]:
        """Where in a row without names each of the inputs is."""
        at = {name: place for place, name in enumerate(self.positional)}
        return tuple(at.get(name) for name in self.names)

    def positioned(self, row: Sequence[Cell]) -> tuple[Cell, ...]:
        """The inputs in a row whose cells have no names.

        Raises:
            BodyError: it has another number of cells.
        """
        if len(row) != len(self.positional):
            raise self.other_cells(row)
        return tuple([None if place is None else row[place] for place in self.places])

    def named(self, row: Mapping[str, Cell]) -> tuple[Cell, ...]:
        """The inputs in a row by name.

        Raises:
            BodyError: it lacks one that may not be blank.
        """
        if not row.keys() >= self.required:
            lacks = sorted(self.required - row.keys())
            raise BodyError("wrong_columns", f"the columns {', '.join(lacks)}", f"columns {', '.join(row)}")
        return tuple(map(row.get, self.names))

    def other_cells(self, row: Sequence[Cell]) -> BodyError:
        """What is wrong with a row without names that has another number of cells."""
        expected = f"{len(self.positional)} cells: {', '.join(self.positional)}"
        return BodyError("wrong_columns", expected, f"{len(row)} cells: {', '.join(map(str, row))}")

    def typed(self, columns: Mapping[str, pa.Array]) -> Typed:
        """The inputs' text as the spec's types.

        Monitoring wants to see what the model saw: a level that the spec does not have, a number out of its range, an
        infinity and a blank are kept. NaN is how NumPy and pandas write a blank.
        """
        read = {column.name: cells.read(columns[column.name], column) for column in self.inputs}
        faults: dict[int, BodyError] = {}
        for column in self.inputs:
            for row in np.flatnonzero(to_numpy(read[column.name].faults[cells.no_value(column.kind)])).tolist():
                expected = f"a {column.kind} value as {column.name}"
                faults.setdefault(row, BodyError("wrong_cell", expected, columns[column.name][row].as_py()))
        return Typed(columns={name: _without_nan(found.values) for name, found in read.items()}, faults=faults)


def layout(dataset: Dataset, positional: Sequence[str] | None = None) -> Layout:
    """The layout of `dataset`'s traffic; a row without names holds the columns `positional`, None for the features.

    Raises:
        SpecError: `positional` names a column that is not.
    """
    made = Layout(
        dataset=dataset, positional=tuple(positional if positional is not None else names_of(dataset.features))
    )
    strangers = [name for name in made.positional if name not in made.known]
    require(not strangers, "positional", "name columns of the data set", strangers)
    return made


def names_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Their names."""
    return tuple(column.name for column in columns)


def _without_nan(values: pa.Array) -> pa.Array:
    if not pa.types.is_floating(values.type):
        return values
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
