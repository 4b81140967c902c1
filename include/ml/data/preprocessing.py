"""From partitions to the parts of a split: one row an id, labelled, typed for the pipeline, nothing fitted yet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.data import older_specs, partition
from include.ml.data.arrays import from_numpy, repeated, to_numpy
from include.ml.data.split import (
    PARTS,
    Part,
    Parts,
    by_entity,
    by_event_time,
    hashes,
    in_proportion,
    known_before_hold_out,
    stratified,
    unseen,
)
from include.specs import codec
from include.specs.dataset import Column, Dataset
from include.specs.errors import DataContractError, PartitionError, ReportError
from include.specs.model import ModelSpec
from include.specs.partition import PartitionRef
from include.specs.reports import PREPROCESSING, PartCount, PreprocessingReport
from include.specs.run import TrainingRun

# The hold-out's column that says which rows candidate and champion are compared on.
COMPARABLE = "comparable"
SUPERSEDED, UNLABELLED = "superseded by a newer partition", "without a label"
UNKNOWN_YET = "label not yet known when the hold-out began"
# In microseconds since the epoch: before any label became known.
LONG_AGO = np.iinfo(np.int64).min


@dataclass(frozen=True, kw_only=True)
class Preprocessed:
    """The parts as tables (id, event time if any, features, label; the hold-out also `comparable`), and the report."""

    parts: Mapping[Part, pa.Table]
    report: PreprocessingReport


def preprocess(folder: Path, run: TrainingRun) -> Preprocessed:
    """The parts of the split of the run's partitions.

    By event time, what is fitted on is what was known when the hold-out began: rows for training and validation whose
    label became known at its first instant or later are dropped. A label without such a time counts as known.

    Args:
        folder: the lake below `raw/<model>/`.

    Raises:
        PartitionError: a partition is not as it was pinned, or does not have the spec's columns. DataContractError: a
            label is of a level that the spec does not have; or the labels do not allow a split: none is known yet, all
            are of one level, or all of a part are.
    """
    model, dataset = run.model, run.model.dataset
    rows, dropped, relabelled = _read(folder, run)
    hashed = _hashes(rows, dataset, "id", model.split.seed)
    positive = to_numpy(pc.equal(rows[dataset.label.name], dataset.positive))
    _require_both_levels(positive, run)
    parts = _split(rows, hashed, positive, model)
    if late := len(rows) - sum(len(found) for found in parts.rows.values()):
        dropped[UNKNOWN_YET] = late
    columns = [column.name for column in _columns(dataset)]
    tables = {part: _take(rows.select(columns), parts.rows[part]) for part in PARTS}
    held_out = positive[parts.rows["test"]]
    comparable = _comparable(tables["test"], held_out, relabelled, run)
    tables["test"] = tables["test"].append_column(COMPARABLE, from_numpy(comparable, pa.bool_()))
    report = PreprocessingReport(
        parts={part: _count(positive[parts.rows[part]]) for part in PARTS},
        boundary=parts.boundary,
        method=_method(dataset),
        sha256=_digest(run),
        comparable=_count(held_out[comparable]) if run.champion else None,
        dropped=dropped,
    )
    return Preprocessed(parts=tables, report=report)


def read_report(folder: Path) -> PreprocessingReport:
    """What preprocessing said of the split, from the folder that it left its report in.

    Raises:
        ReportError: the report is not there, or is none.
    """
    path = folder / PREPROCESSING
    if not path.is_file():
        raise ReportError(f"expected preprocessing's report as {path}, found no such file; give the job that channel")
    return codec.decode(PreprocessingReport, path.read_bytes(), source=str(path))


def _read(folder: Path, run: TrainingRun) -> tuple[pa.Table, dict[str, int], pa.Array]:
    """The rows that can be used, how many others there were by reason, and the ids that a champion may have known as
    the other class."""
    dataset, newest = run.model.dataset, sorted(run.partitions, key=lambda pinned: pinned.manifest.date, reverse=True)
    every = _every(folder, newest, run.model)
    rows, dropped = _usable(every, newest, dataset)
    asked = run.champion is not None and SUPERSEDED in dropped
    return rows, dropped, _relabelled(every, dataset) if asked else pa.array([], pa.string())


def _every(folder: Path, partitions: Sequence[PartitionRef], model: ModelSpec) -> pa.Table:
    if not partitions:
        raise PartitionError(f"{model.name}: expected at least one partition to train on, the run pins none")
    columns = [*_columns(model.dataset), *_known_at(model.dataset)]
    # Of all, before the first is read: nobody has to ingest one day again only to hear of the next.
    older_specs.require_columns(partitions, columns)
    tables = [partition.read(folder, pinned, columns) for pinned in partitions]
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _columns(dataset: Dataset) -> list[Column]:
    time = [dataset.event_time] if dataset.event_time else []
    return [dataset.id, *dataset.with_role("entity"), *time, *dataset.features, dataset.label]


def _known_at(dataset: Dataset) -> tuple[Column, ...]:
    """The column that says when a label became known, where the split by event time asks for it."""
    return dataset.with_role("label_time") if dataset.event_time else ()


def _usable(rows: pa.Table, partitions: Sequence[PartitionRef], dataset: Dataset) -> tuple[pa.Table, dict[str, int]]:
    """The newest row of each id, if it has a label; and how many others there were."""
    labelled = to_numpy(pc.is_valid(rows[dataset.label.name]))
    newest = ~repeated(rows[dataset.id.name])
    dropped = {SUPERSEDED: int((~newest).sum()), UNLABELLED: int((newest & ~labelled).sum())}
    if dropped[UNLABELLED] and not dataset.unlabelled:
        raise DataContractError(
            f"column {dataset.label.name!r}: {dropped[UNLABELLED]} of {len(rows)} rows have no label; ingest their "
            "partitions again, or set dataset.unlabelled in the model's spec"
        )
    kept = newest & labelled
    older_specs.require_levels(rows[dataset.label.name], kept, partitions, dataset)
    counts = {why: count for why, count in dropped.items() if count}
    return (rows.filter(from_numpy(kept, pa.bool_())) if counts else rows), counts


def _relabelled(rows: pa.Table, dataset: Dataset) -> pa.Array:
    """The ids that have rows of both classes."""
    ids, positive = rows[dataset.id.name], pc.equal(rows[dataset.label.name], dataset.positive)
    of_positive, of_negative = (pc.unique(ids.filter(of)) for of in (positive, pc.invert(positive)))
    return of_positive.filter(pc.is_in(of_positive, value_set=of_negative))


def _split(rows: pa.Table, hashed: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_], model: ModelSpec) -> Parts:
    method, time = _method(model.dataset), model.dataset.event_time
    if method == "entity":
        return by_entity(_hashes(rows, model.dataset, "entity", model.split.seed), hashed, positive, model.split)
    if time is None:
        return stratified(hashed, positive, model.split)
    parts = by_event_time(to_numpy(rows[time.name]), hashed, positive, model.split)
    for column in _known_at(model.dataset):
        known_at = pc.fill_null(pc.cast(rows[column.name], pa.int64()), LONG_AGO)
        parts = known_before_hold_out(parts, to_numpy(known_at), positive)
    return parts


def _method(dataset: Dataset) -> Literal["stratified", "event_time", "entity"]:
    if dataset.event_time is not None:
        return "event_time"
    return "entity" if dataset.with_role("entity") else "stratified"


def _hashes(rows: pa.Table, dataset: Dataset, of: Literal["id", "entity"], seed: int) -> npt.NDArray[np.float64]:
    """(rows,) of each row's id, or of its entity; of the id as well where the entity is blank."""
    ids = rows[dataset.id.name]
    hashed = [rows[entity.name] for entity in dataset.with_role("entity")] if of == "entity" else []
    return hashes(pc.coalesce(*hashed, ids).to_pylist(), seed)


def _require_both_levels(positive: npt.NDArray[np.bool_], run: TrainingRun) -> None:
    """A label that says one thing of every row leaves nothing to learn."""
    dataset, where = run.model.dataset, older_specs.named(run.partitions)
    label, levels = dataset.label.name, f"{dataset.negative!r} and {dataset.positive!r}"
    if not len(positive):
        raise DataContractError(
            f"column {label!r}: no labelled rows yet in {where}; train again when labels are known, or widen "
            "dataset.window_days in the model's spec"
        )
    if positive.all() or not positive.any():
        level = dataset.positive if positive[0] else dataset.negative
        raise DataContractError(
            f"column {label!r} is {level!r} in all {len(positive)} labelled rows of {where}; expected both {levels}: "
            "correct the landing files and ingest those dates again, or train on more days"
        )


def _take(rows: pa.Table, numbers: npt.NDArray[np.intp]) -> pa.Table:
    return rows.take(from_numpy(numbers.astype(np.int64, copy=False), pa.int64()))


def _comparable(
    hold_out: pa.Table, positive: npt.NDArray[np.bool_], relabelled: pa.Array, run: TrainingRun
) -> npt.NDArray[np.bool_]:
    """Which rows of the hold-out the champion was not fitted on, in the hold-out's proportion of the classes; all where
    there is no champion.

    Args:
        positive: the class of each row. relabelled: ids that have been of the other class too, as far as this run's
            partitions show.
    """
    if run.champion is None:
        return np.ones(len(hold_out), bool)
    boundary, dataset, time = run.champion.boundary, run.model.dataset, run.model.dataset.event_time
    if boundary.hash_of == "entity" and not dataset.with_role("entity"):
        # Nobody can say any more which rows those were.
        return np.zeros(len(hold_out), bool)
    # The champion's seed may be another than this run's.
    hashed = _hashes(hold_out, dataset, boundary.hash_of, boundary.seed)
    free = unseen(
        boundary,
        hashed,
        to_numpy(hold_out[time.name]) if time else None,
        positive=positive,
        relabelled=to_numpy(pc.is_in(hold_out[dataset.id.name], value_set=relabelled)),
    )
    # A boundary in time cuts all classes alike: what differs then is what the time has changed.
    return free if boundary.hash_from is None else in_proportion(free, hashed, positive)


def _count(positive: npt.NDArray[np.bool_]) -> PartCount:
    return PartCount(rows=len(positive), positives=int(positive.sum()))


def _digest(run: TrainingRun) -> str:
    """What the rows came from: equal for the same files, whichever run pinned them."""
    dated = sorted((pinned.manifest.date, part.sha256) for pinned in run.partitions for part in pinned.manifest.files)
    return hashlib.sha256("\n".join(f"{date} {sha256}" for date, sha256 in dated).encode()).hexdigest()
