"""What registration keeps of a baseline, so that no day has to read it again: one Arrow file, mapped and not loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from include.ml.data.arrays import to_numpy
from include.ml.drift.columns import Levels, read_levels, read_numbers
from include.ml.drift.grid import Counts, count
from include.ml.drift.sample import Numeric, baseline_of
from include.ml.drift.sides import types_of
from include.ml.drift.source import Columnar
from include.ml.evaluation.predictions import Floats
from include.specs.dataset import Column
from include.specs.errors import ReportError

FORMAT = b"perennial drift profile 1"
# Up to so many rows all values are kept, beyond their counts at some thousand points: 16 MiB a column.
KEPT_ROWS = 2_000_000
# A row a column. Columns of numbers have no levels, and the other way round.
SCHEMA = pa.schema(
    {
        "name": pa.string(),
        "rows": pa.int64(),
        "missing": pa.int64(),
        "infinite": pa.int64(),
        "spread": pa.float64(),
        "points": pa.large_list(pa.float64()),
        "below": pa.large_list(pa.int64()),
        "upto": pa.large_list(pa.int64()),
        "total": pa.int64(),
        "values": pa.large_list(pa.float64()),
        "levels": pa.large_list(pa.string()),
        "level_rows": pa.large_list(pa.int64()),
    }
)


@dataclass(frozen=True, kw_only=True)
class ProfileBaseline:
    """A baseline from its profile.

    Args:
        places: column → which record batch of the file it is.
    """

    rows: int
    independent: int
    types: Mapping[str, pa.DataType]
    places: Mapping[str, int]
    path: Path

    def numeric(self, column: Column, also: Sequence[float] = ()) -> Numeric:
        """The column as it was kept; its values, if kept, are read from disk as far as they are looked at.

        Raises:
            ReportError: the profile has no such column, or has levels of it, or not the points `also`.
        """
        kept = self._kept(column.name, "points")
        side = Numeric(
            rows=kept["rows"].as_py(),
            missing=kept["missing"].as_py(),
            infinite=kept["infinite"].as_py(),
            spread=kept["spread"].as_py(),
            points=to_numpy(kept["points"].values),
            counts=Counts(
                below=to_numpy(kept["below"].values), upto=to_numpy(kept["upto"].values), total=kept["total"].as_py()
            ),
            values=to_numpy(kept["values"].values) if kept["values"].is_valid else None,
        )
        return self._with(side, also, column.name)

    def levels(self, column: Column) -> Levels:
        """The column as it was kept.

        Raises:
            ReportError: the profile has no such column, or has numbers of it.
        """
        kept = self._kept(column.name, "levels")
        counts = dict(zip(kept["levels"].as_py(), kept["level_rows"].as_py(), strict=True))
        return Levels(rows=kept["rows"].as_py(), missing=kept["missing"].as_py(), counts=counts)

    def _kept(self, name: str, needed: str) -> Mapping[str, Any]:
        if name not in self.places:
            raise ReportError(f"{self.path}: the profile has no column {name!r}; make it anew with that feature")
        # Mapped anew for each column: what one of them had in memory goes when it is done with.
        batch = pa.ipc.open_file(pa.memory_map(str(self.path))).get_batch(self.places[name])
        kept = {field: batch.column(field)[0] for field in batch.schema.names}
        if not kept[needed].is_valid:
            raise ReportError(
                f"{self.path}: expected {needed} of {name}, the profile has none: it was of another kind when the "
                "profile was made; train again, so that there is a version of the specification as it is"
            )
        return kept

    def _with(self, side: Numeric, also: Sequence[float], name: str) -> Numeric:
        if set(also) <= set(side.points.tolist()):
            return side
        if side.values is None:
            raise ReportError(f"{self.path}: {name} was not counted at {list(also)}; make the profile with them")
        points: Floats = np.union1d(side.points, also)
        return Numeric(**{**vars(side), "points": points, "counts": count(side.values, points)})


@dataclass(frozen=True, kw_only=True)
class Profiling:
    """How a profile is made.

    Args:
        columns: the features, and the scores. also: further points of a column, such as the scores' threshold.
        kept_rows: up to so many rows all values are kept.
    """

    columns: tuple[Column, ...]
    also: Mapping[str, Sequence[float]]
    kept_rows: int = KEPT_ROWS

    @cached_property
    def numeric(self) -> frozenset[str]:
        """The names of the columns that are sorted; the others are counted."""
        return frozenset(column.name for column in self.columns if column.kind in ("numeric", "timestamp"))


def write_profile(source: Columnar, path: Path, profiling: Profiling) -> None:
    """The profile of `source`, one column in memory at a time. The same source always gives the same bytes.

    Raises:
        DataContractError: a column is absent, or cannot be read.
    """
    about = {
        b"format": FORMAT,
        b"rows": str(source.rows).encode(),
        b"independent": str(source.independent).encode(),
        b"columns": source.schema.remove_metadata().serialize().to_pybytes().hex().encode(),
    }
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, SCHEMA.with_metadata(about)) as writer:
        for row in _rows(source, profiling):
            writer.write_batch(pa.RecordBatch.from_pylist([row], schema=SCHEMA))


def read_profile(path: Path) -> ProfileBaseline:
    """The baseline whose profile lies in `path`.

    Raises:
        ReportError: it is no profile.
    """
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
    except (pa.ArrowException, OSError) as error:
        raise ReportError(f"{path}: expected a drift profile: {error}") from error
    about = reader.schema.metadata or {}
    if about.get(b"format") != FORMAT:
        raise ReportError(f"{path}: expected a {FORMAT.decode()}, got {about.get(b'format')!r}; make it anew")
    names = [reader.get_batch(number).column("name")[0].as_py() for number in range(reader.num_record_batches)]
    schema = pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(about[b"columns"].decode())))
    return ProfileBaseline(
        rows=int(about[b"rows"]),
        independent=int(about[b"independent"]),
        types=types_of(schema),
        places={name: place for place, name in enumerate(names)},
        path=path,
    )


def sha256_of(path: Path) -> str:
    """The digest of a profile's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows(source: Columnar, profiling: Profiling) -> Iterator[Mapping[str, Any]]:
    for column in profiling.columns:
        if column.name in profiling.numeric:
            also = profiling.also.get(column.name, ())
            yield _of_numbers(column.name, baseline_of(read_numbers(source, column.name), also), profiling.kept_rows)
        else:
            yield _of_levels(column.name, read_levels(source, column.name))


def _of_numbers(name: str, side: Numeric, kept_rows: int) -> Mapping[str, Any]:
    return {
        "name": name,
        "rows": side.rows,
        "missing": side.missing,
        "infinite": side.infinite,
        "spread": side.spread,
        "points": side.points,
        "below": side.counts.below,
        "upto": side.counts.upto,
        "total": side.present,
        "values": side.values if side.present <= kept_rows else None,
    }


def _of_levels(name: str, side: Levels) -> Mapping[str, Any]:
    ordered = sorted(side.counts.items(), key=lambda item: (-item[1], item[0]))
    levels, rows = [level for level, _ in ordered], [count for _, count in ordered]
    return {"name": name, "rows": side.rows, "missing": side.missing, "levels": levels, "level_rows": rows}
