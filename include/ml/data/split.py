"""Which rows are fitted on, which choose the threshold, and which judge: by a stable hash of the id or of the entity,
or by event time.

Rows are assigned by what they are, not by where they stand: the same rows in another order, or with others added, keep
their parts but for those at the boundaries. So the hold-out of one run is, but for those, the hold-out of the next, and
a champion can be judged on rows that it never saw.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from include.specs.errors import DataContractError
from include.specs.model import Split
from include.specs.run import SplitBoundary

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
Rows = npt.NDArray[np.intp]
HASH_BYTES = 8


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Row numbers of each part, in an order that depends on the rows alone, and the boundary between them."""

    rows: Mapping[Part, Rows]
    boundary: SplitBoundary


def hashes(ids: Iterable[str], seed: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each id: uniform, independent between seeds, the same in every process and place.

    The hash is BLAKE2b (RFC 7693) of the id, keyed with the seed, as a fraction of its range.

    >>> hashes(["7590-VHVEG", "5575-GNVDE"], seed=0).round(4).tolist()
    [0.6723, 0.0135]
    """
    keyed = hashlib.blake2b(key=str(seed).encode(), digest_size=HASH_BYTES)

    def one(text: str) -> bytes:
        copy = keyed.copy()
        copy.update(text.encode())
        return copy.digest()

    whole = np.frombuffer(b"".join(map(one, ids)), ">u8")
    # 53 bits are what a float64 holds: shifted, not rounded, so that the fraction stays below one.
    return (whole >> np.uint64(11)).astype(np.float64) * 2.0**-53


def stratified(hashed: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_], split: Split) -> Parts:
    """Each class by itself: the lowest hashes are the hold-out, the next validation, the rest is for training.

    Args:
        hashed: see `hashes`; distinct, shape (rows,). positive: the class of each row, shape (rows,).

    Raises:
        DataContractError: a part would hold one class only.
    """
    order = np.argsort(hashed, kind="stable")
    assigned: dict[Part, list[Rows]] = {part: [] for part in PARTS}
    for of_class in (order[positive[order]], order[~positive[order]]):
        held_out, validated = _cuts(len(of_class), split)
        assigned["test"].append(of_class[:held_out])
        assigned["validation"].append(of_class[held_out:validated])
        assigned["train"].append(of_class[validated:])
    rows = {part: _by(hashed, np.concatenate(found)) for part, found in assigned.items()}
    _require_both_classes(rows, positive)
    fitted = np.concatenate([rows["validation"], rows["train"]])
    of_positive, of_negative = (float(hashed[fitted[positive[fitted] == of]].min()) for of in (True, False))
    return Parts(
        rows=rows,
        boundary=SplitBoundary(
            seed=split.seed,
            hash_from=min(of_positive, of_negative),
            hash_from_positive=of_positive,
            hash_from_negative=of_negative,
        ),
    )


def by_entity(
    hashed: npt.NDArray[np.float64], within: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_], split: Split
) -> Parts:
    """All rows of an entity in one part: the lowest hashes are the hold-out, the next validation, the others training.

    A model that was fitted on some rows of an entity knows more of its others than it will of a stranger's. There is
    one cut for both classes, since an entity may have rows of both: a part has the population's base rate up to chance,
    not exactly as in `stratified`, and its share of the rows up to half of the entity at the cut.

    Args:
        hashed: of each row's entity, or of its id where it has none, shape (rows,). within: orders the rows of an
            entity; distinct. positive: the class of each row.

    Raises:
        DataContractError: a part would be empty or hold one class only.
    """
    order = np.lexsort((within, hashed))
    held_out, validated = (_between_values(hashed[order], cut) for cut in _cuts(len(order), split))
    rows: dict[Part, Rows] = {
        "train": order[validated:],
        "validation": order[held_out:validated],
        "test": order[:held_out],
    }
    _require_both_classes(rows, positive)
    first = float(hashed[order[held_out]])
    return Parts(rows=rows, boundary=SplitBoundary(seed=split.seed, hash_from=first, hash_of="entity"))


def by_event_time(
    microseconds: npt.NDArray[np.int64], hashed: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_], split: Split
) -> Parts:
    """The oldest rows are for training, the next for validation, the newest are held out; equal times stay together.

    Args:
        microseconds: event time since the epoch, UTC, shape (rows,). hashed: orders rows of one time. positive: the
            class of each row.

    Raises:
        DataContractError: a part would be empty or hold one class only.
    """
    order = np.lexsort((hashed, microseconds))
    newest_first = len(order) - np.array(_cuts(len(order), split))
    validated, held_out = (_between_values(microseconds[order], int(cut)) for cut in newest_first[::-1])
    rows: dict[Part, Rows] = {
        "train": order[:validated],
        "validation": order[validated:held_out],
        "test": order[held_out:],
    }
    _require_both_classes(rows, positive)
    first = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=int(microseconds[rows["test"][0]]))
    return Parts(rows=rows, boundary=SplitBoundary(seed=split.seed, time_until=first))


def known_before_hold_out(parts: Parts, known_at: npt.NDArray[np.int64], positive: npt.NDArray[np.bool_]) -> Parts:
    """The parts without those rows for fitting whose label was not known yet when the hold-out began.

    Whoever had trained then could not have used them: kept, they would flatter the model on its hold-out.

    Args:
        parts: of a split by event time. known_at: when each row's label became known, in microseconds since the epoch,
            UTC, shape (rows,). positive: the class of each row.

    Raises:
        DataContractError: a part would be empty or hold one class only.
    """
    if parts.boundary.time_until is None:
        raise ValueError("expected a split by event time, got one without the hold-out's first instant")
    known = known_at < _since_epoch(parts.boundary.time_until)
    rows = {part: found if part == "test" else found[known[found]] for part, found in parts.rows.items()}
    _require_both_classes(rows, positive)
    return Parts(rows=rows, boundary=parts.boundary)


def unseen(
    boundary: SplitBoundary,
    hashed: npt.NDArray[np.float64],
    microseconds: npt.NDArray[np.int64] | None,
    *,
    positive: npt.NDArray[np.bool_],
    relabelled: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Which rows a model with this boundary was certainly not fitted on. A boundary that says nothing vouches for none.

    Args:
        hashed: of the rows' ids or entities (the boundary's `hash_of`) under its seed. microseconds: of their event
            times, where they have any.
        positive: the class of each row now. relabelled: which rows have been of the other class too; between the two
            cuts such a row may have been fitted on as what it was then.
    """
    if boundary.hash_from is None and boundary.time_until is None:
        return np.zeros(len(hashed), bool)
    ok = np.ones(len(hashed), bool)
    if boundary.hash_from is not None:
        either, of_positive, of_negative = _hash_cuts(boundary, boundary.hash_from)
        ok &= hashed < np.where(relabelled, either, np.where(positive, of_positive, of_negative))
    if boundary.time_until is not None:
        ok &= False if microseconds is None else microseconds >= _since_epoch(boundary.time_until)
    return ok


def in_proportion(
    free: npt.NDArray[np.bool_], hashed: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """As many of the rows that are `free` as leave each class its share among all rows, within one row.

    What depends on the share of a class (average precision, a loss) would otherwise differ between the free rows and
    all rows for no other reason than where the cuts of two runs fell. The lowest hashes stay.

    Args:
        hashed: orders the rows of a class. positive: the class of each row; both occur.

    >>> positive = np.arange(8) % 2 == 0
    >>> free = np.array([True, True, True, True, False, True, False, True])  # half of the positive rows, and all others
    >>> in_proportion(free, np.linspace(0, 1, 8), positive).tolist()
    [True, True, True, True, False, False, False, False]
    """
    order = np.argsort(hashed, kind="stable")
    classes = [order[positive[order]], order[~positive[order]]]
    share = min(Fraction(int(free[rows].sum()), len(rows)) for rows in classes)
    kept = np.zeros(len(free), bool)
    for rows in classes:
        kept[rows[free[rows]][: round(share * len(rows))]] = True
    return kept


def _hash_cuts(boundary: SplitBoundary, either: float) -> tuple[float, float, float]:
    """From which hash a row may have been fitted on: of either class, of the positive one, of the negative one."""
    of_positive, of_negative = boundary.hash_from_positive, boundary.hash_from_negative
    return either, either if of_positive is None else of_positive, either if of_negative is None else of_negative


def _since_epoch(moment: dt.datetime) -> int:
    return (moment - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(microseconds=1)


def _cuts(rows: int, split: Split) -> tuple[int, int]:
    """How many rows are held out, and how many are held out or for validation; each share within one row."""
    return round(rows * split.test), round(rows * (split.test + split.validation))


def _by(hashed: npt.NDArray[np.float64], rows: Rows) -> Rows:
    return rows[np.argsort(hashed[rows], kind="stable")]


def _between_values(ordered: npt.NDArray[np.int64] | npt.NDArray[np.float64], cut: int) -> int:
    """The nearest place to `cut` where the value changes; `ordered` ascends."""
    if not 0 < cut < len(ordered):
        return cut
    before, after = (int(np.searchsorted(ordered, ordered[cut], side)) for side in ("left", "right"))
    return before if cut - before <= after - cut else after


def _require_both_classes(rows: Mapping[Part, Rows], positive: npt.NDArray[np.bool_]) -> None:
    for part, found in rows.items():
        positives = int(positive[found].sum())
        if not 0 < positives < len(found):
            raise DataContractError(
                f"the part {part!r} of the split holds {positives} positive and {len(found) - positives} negative "
                "rows; it needs both: the label is constant there, there are too few rows (or entities), or (by "
                "event time) their labels were not known yet when the hold-out began. Give more data, or change the "
                "spec's split"
            )
