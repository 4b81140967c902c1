"""The two sides of a comparison, each giving one column at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pyarrow as pa

from include.ml.data.arrays import repeated
from include.ml.drift.columns import Levels, read_levels, read_numbers
from include.ml.drift.sample import Numeric, baseline_of, current_of
from include.ml.drift.source import Source
from include.ml.evaluation.predictions import Floats
from include.specs.dataset import Column


class Baseline(Protocol):
    """What normal is. The types are the columns' as the baseline's own file had them."""

    @property
    def rows(self) -> int: ...
    @property
    def independent(self) -> int: ...
    @property
    def types(self) -> Mapping[str, pa.DataType]: ...
    def numeric(self, column: Column, also: Sequence[float] = ()) -> Numeric:
        """A numeric column and the grid that it makes, with the points `also`."""

    def levels(self, column: Column) -> Levels:
        """A categorical column."""


class Day(Protocol):
    """What is held against it."""

    @property
    def rows(self) -> int: ...
    @property
    def independent(self) -> int: ...
    @property
    def without_entity(self) -> int: ...
    @property
    def types(self) -> Mapping[str, pa.DataType]: ...
    def numeric(self, column: Column, points: Floats) -> Numeric:
        """A numeric column on the baseline's grid."""

    def levels(self, column: Column) -> Levels:
        """A categorical column."""

    def repeated(self, name: str) -> int:
        """How many rows have an id that came before."""

    def looked_into(self, column: Column, baseline: Numeric, current: Numeric) -> float | None:
        """The exact distance where counts alone leave it open; None where the values that tell are not there."""


@dataclass(frozen=True, kw_only=True)
class OfSource:
    """What a side says of itself that is read from Parquet files, whole or in batches."""

    source: Source

    @property
    def rows(self) -> int:
        """All rows."""
        return self.source.rows

    @property
    def independent(self) -> int:
        """Rows that count as independent."""
        return self.source.independent

    @property
    def without_entity(self) -> int:
        """Rows that name no entity, where others do."""
        return self.source.without_entity

    @property
    def types(self) -> Mapping[str, pa.DataType]:
        """Column → type."""
        return types_of(self.source.schema)


@dataclass(frozen=True, kw_only=True)
class _Files(OfSource):
    def levels(self, column: Column) -> Levels:
        """Every level, counted."""
        return read_levels(self.source, column.name)


@dataclass(frozen=True, kw_only=True)
class FileBaseline(_Files):
    """A baseline read from Parquet files, every value of it."""

    def numeric(self, column: Column, also: Sequence[float] = ()) -> Numeric:
        """Every value, sorted."""
        return baseline_of(read_numbers(self.source, column.name), also)


@dataclass(frozen=True, kw_only=True)
class FileDay(_Files):
    """A day read from Parquet files, one whole column at a time."""

    def numeric(self, column: Column, points: Floats) -> Numeric:
        """Every value, sorted."""
        return current_of(read_numbers(self.source, column.name), points, (column.minimum, column.maximum))

    def looked_into(self, column: Column, baseline: Numeric, current: Numeric) -> float | None:  # noqa: ARG002 nothing to look into: the day has all values
        """None: what is open is so for want of the baseline's values."""
        return None

    def repeated(self, name: str) -> int:
        """Over all rows: an entity's earlier rows are no repetition, and an id's are."""
        ids = pa.chunked_array(list(replace(self.source, kept=None).chunks(name)))
        present = ids.drop_null()
        plain = present.cast(present.type.value_type) if pa.types.is_dictionary(present.type) else present
        return int(np.count_nonzero(repeated(plain)))


def types_of(schema: pa.Schema) -> Mapping[str, pa.DataType]:
    """Column → type."""
    return dict(zip(schema.names, schema.types, strict=True))
