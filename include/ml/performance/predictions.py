"""A day's predictions that a label can find: each by an id of its own, each id once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.ml.baseline.statistics import SCORE, last_of_each
from include.ml.data.arrays import from_numpy, one_chunk, to_numpy
from include.ml.evaluation.predictions import Booleans, Floats
from include.ml.performance.labels import Labels, Moments
from include.specs.capture import Reason
from include.specs.dataset import Dataset
from include.specs.performance import LabelsReport

Places = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One day.

    Args:
        version: that answered; None where nobody knows.
        ids, times, scores: (rows,) of what can be told apart. columns: more of those rows, in the same order.
        without_id: the scores of those that no label can find.
        repeated: predictions that a later one of the same id replaced. unusable: those without an id or a score.
        unreadable: why requests, or rows of them, could not be read → how many.
    """

    date: dt.date
    version: int | None
    ids: pa.Array
    times: Moments
    scores: Floats
    columns: pa.Table
    without_id: Floats = field(default_factory=lambda: np.empty(0))
    repeated: int = 0
    unusable: int = 0
    unreadable: Mapping[Reason, int] = field(default_factory=dict)

    @property
    def scored(self) -> Floats:
        """(rows with a score,) the scores that an estimate is made of, which asks for no id."""
        return np.concatenate([self.scores, self.without_id])


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Which rows of a day have a label, and what it is.

    Args:
        known: (rows,) True where a label has come. positive: (known rows,) True where it is the positive one.
        asked: the places among the labels of those that are of an id of the day. taken: of those, places of labels that
            a row has; the others were told too early.
    """

    known: Booleans
    positive: Booleans
    asked: Places
    taken: Places

    @property
    def too_early(self) -> int:
        """How many rows have an id whose label cannot be theirs."""
        return len(self.asked) - len(self.taken)


def answered(
    captured: pa.Table,
    dataset: Dataset,
    date: dt.date,
    *,
    version: int | None,
    columns: Sequence[str] = (),
    unreadable: Mapping[Reason, int] | None = None,
) -> Answered:
    """What was asked and answered on `date`.

    The id is the data set's own where the body names it, otherwise the request's inference id, if the request had no
    other row: which of several it is about, it does not say. Of an id that was asked again on the same day the last
    answer counts, since the others are not independent of it.

    Args:
        captured: in the columns of `read_capture`, by time.
        columns: those to keep. The others are most of what a day is, and of use to nobody.
        unreadable: what that could not read, by reason.
    """
    scores = one_chunk(captured[SCORE])
    ids = pc.coalesce(one_chunk(captured[dataset.id.name]), _of_request(captured))
    known, scored = pc.is_valid(ids), pc.is_valid(scores)
    usable = pc.and_(known, scored)
    ids, found = ids.filter(usable), captured.select([SCORE, "inference_time", *columns]).filter(usable)
    last = from_numpy(last_of_each(pa.chunked_array([ids])), pa.int64())
    rows = found.take(last)
    return Answered(
        date=date,
        version=version,
        ids=ids.take(last),
        times=to_numpy(rows["inference_time"]),
        scores=to_numpy(rows[SCORE]),
        columns=_in_codes(rows.select(columns)),
        without_id=to_numpy(scores.filter(pc.and_not(scored, known))),
        repeated=len(found) - len(rows),
        unusable=len(captured) - len(found),
        unreadable=unreadable or {},
    )


@dataclass(frozen=True, kw_only=True)
class Account:
    """What became of the labels, filled day by day: (labels,) whether any row is of their id, and any of them."""

    asked: Booleans
    taken: Booleans

    def add(self, day: Labelled) -> None:
        """One more day."""
        self.asked[day.asked] = True
        self.taken[day.taken] = True

    def added_to(self, report: LabelsReport) -> LabelsReport:
        """`report` with labels of no row, and those of rows that none of them is of."""
        never, early = np.count_nonzero(~self.asked), np.count_nonzero(self.asked & ~self.taken)
        return replace(report, never_asked=int(never), too_early=int(early))


def account(labels: Labels) -> Account:
    """Of no day yet."""
    return Account(asked=np.zeros(len(labels.ids), np.bool_), taken=np.zeros(len(labels.ids), np.bool_))


def labelled(day: Answered, labels: Labels) -> Labelled:
    """The labels of the day's rows, as far as they have come.

    An id that is asked about every month has a label of the month before when it is asked: what was told before a
    prediction is not what became of it. If the newest label of an id is, so are all others.
    """
    place = pc.index_in(day.ids, value_set=labels.ids)
    known, asked = to_numpy(pc.is_valid(place)), to_numpy(place.drop_null())
    in_time = day.times[known] <= labels.latest[asked]
    known[known] = in_time
    taken = asked[in_time]
    return Labelled(known=known, positive=labels.positive[taken], asked=asked, taken=taken)


def _in_codes(rows: pa.Table) -> pa.Table:
    """The same rows, their text as levels and codes, which is a quarter of it."""
    for place, name in enumerate(rows.column_names):
        if pa.types.is_string(rows[name].type):
            rows = rows.set_column(place, name, rows[name].combine_chunks().dictionary_encode())
    return rows


def _of_request(captured: pa.Table) -> pa.Array:
    """(rows,) the inference id of requests of one row, null elsewhere."""
    request = _codes(captured["event_id"])
    variant = _codes(captured["variant"])
    both = request * (int(variant.max(initial=0)) + 1) + variant
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    alone = (counts[inverse] == 1) & (to_numpy(captured["row"]) == 0)
    return pc.if_else(from_numpy(alone, pa.bool_()), one_chunk(captured["inference_id"]), pa.scalar(None, pa.string()))


def _codes(values: pa.ChunkedArray) -> npt.NDArray[Any]:
    return to_numpy(pc.fill_null(one_chunk(values), "").dictionary_encode().indices).astype(np.int64)
