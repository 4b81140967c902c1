"""A split is exact, fair to each class, and depends on what the rows are, not on where they stand."""

import datetime as dt
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from include.ml.data.split import (
    PARTS,
    Parts,
    by_entity,
    by_event_time,
    hashes,
    in_proportion,
    known_before_hold_out,
    stratified,
    unseen,
)
from include.specs.errors import DataContractError
from include.specs.model import Split
from include.specs.run import SplitBoundary

SHARES = Split(validation=0.2, test=0.3)
# Enough of each class for every part to hold both.
classes = st.tuples(st.integers(10, 60), st.integers(10, 60), st.integers(0, 2**32 - 1))
# Few distinct instants, so that ties are common.
instants = arrays.arrays(np.int64, st.integers(120, 200), elements=st.integers(0, 40))


def population(positives: int, negatives: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    hashed = hashes((f"{seed}-{row}" for row in range(positives + negatives)), seed=0)
    positive = np.random.default_rng(seed).permutation(np.arange(positives + negatives) < positives)
    return hashed, positive


def free_of(
    boundary: SplitBoundary, hashed: np.ndarray, positive: np.ndarray, times: np.ndarray | None = None
) -> np.ndarray:
    """Which rows are unseen, where none has changed its class."""
    return unseen(boundary, hashed, times, positive=positive, relabelled=np.zeros(len(hashed), bool))


def part_of(parts: Parts, rows: int) -> np.ndarray:
    """The number of each row's part."""
    found = np.full(rows, -1)
    for number, part in enumerate(PARTS):
        found[parts.rows[part]] = number
    return found


@given(classes)
def test_every_row_has_exactly_one_part(drawn: tuple[int, int, int]) -> None:
    """None is lost, none is in two."""
    hashed, positive = population(*drawn)
    rows = np.concatenate(list(stratified(hashed, positive, SHARES).rows.values()))
    assert sorted(rows) == list(range(len(hashed)))


@given(classes)
def test_each_class_is_divided_by_the_shares_within_one_row(drawn: tuple[int, int, int]) -> None:
    """So every part has the population's base rate."""
    hashed, positive = population(*drawn)
    parts = stratified(hashed, positive, SHARES)
    shares = {"train": 0.5, "validation": 0.2, "test": 0.3}
    for of_class in (positive, ~positive):
        for part, share in shares.items():
            assert abs(of_class[parts.rows[part]].sum() - share * of_class.sum()) <= 1


@given(classes)
def test_the_order_of_rows_changes_nothing(drawn: tuple[int, int, int]) -> None:
    """Not even the order of the rows within a part."""
    hashed, positive = population(*drawn)
    shuffled = np.random.default_rng(1).permutation(len(hashed))
    parts, again = stratified(hashed, positive, SHARES), stratified(hashed[shuffled], positive[shuffled], SHARES)
    assert parts.boundary == again.boundary
    for part in PARTS:
        assert (hashed[parts.rows[part]] == hashed[shuffled][again.rows[part]]).all()


@given(classes)
def test_new_rows_move_only_rows_at_the_boundaries(drawn: tuple[int, int, int]) -> None:
    """Within each class, an old row that changes its part has a hash between the old cut and the new one."""
    hashed, positive = population(*drawn)
    old = len(hashed) * 4 // 5
    # The first half is of both classes whatever was drawn, so that every part has both before and after.
    positive[: old // 2] = np.arange(old // 2) % 2 == 0
    before = part_of(stratified(hashed[:old], positive[:old], SHARES), old)
    after = part_of(stratified(hashed, positive, SHARES), len(hashed))[:old]
    for of_class in (positive[:old], ~positive[:old]):
        order = np.argsort(hashed[:old][of_class])
        was, became = before[of_class][order], after[of_class][order]
        between = np.zeros(len(order), bool)
        for cut in (PARTS.index("test"), PARTS.index("validation")):
            low, high = sorted(((was >= cut).sum(), (became >= cut).sum()))
            between[low:high] = True
        assert not (was != became)[~between].any()


@given(classes)
def test_the_boundary_separates_what_was_fitted_on(drawn: tuple[int, int, int]) -> None:
    """Of the rows that were split, those of the hold-out are called unseen, all of them, and no others."""
    hashed, positive = population(*drawn)
    parts = stratified(hashed, positive, SHARES)
    assert sorted(np.flatnonzero(free_of(parts.boundary, hashed, positive))) == sorted(parts.rows["test"])


@given(classes)
def test_a_row_that_has_been_of_either_class_is_judged_by_the_lower_cut(drawn: tuple[int, int, int]) -> None:
    """So no row that fitting saw is called unseen, whatever its class is by now."""
    hashed, positive = population(*drawn)
    parts = stratified(hashed, positive, SHARES)
    free = unseen(parts.boundary, hashed, None, positive=~positive, relabelled=np.ones(len(hashed), bool))
    fitted = np.concatenate([parts.rows["train"], parts.rows["validation"]])
    assert not free[fitted].any()
    assert (free == (hashed < hashed[fitted].min())).all()


def test_a_boundary_of_one_number_holds_for_both_classes() -> None:
    """As versions have it that were registered before each class had its own."""
    hashed, positive = population(30, 30, 0)
    assert (free_of(SplitBoundary(hash_from=0.3), hashed, positive) == (hashed < 0.3)).all()


@given(classes, st.sampled_from(["grown", "another seed", "one number"]))
def test_what_is_compared_has_the_proportion_of_the_hold_out(drawn: tuple[int, int, int], champion: str) -> None:
    """Within what one row can do, whatever the champion was fitted on: so a base rate is that of all rows."""
    hashed, positive = population(*drawn)
    known = slice(0, len(hashed) * 4 // 5) if champion == "grown" else slice(None)
    positive[: len(hashed) // 2] = np.arange(len(hashed) // 2) % 2 == 0
    theirs = np.random.default_rng(2).permutation(hashed) if champion == "another seed" else hashed
    boundary = stratified(theirs[known], positive[known], SHARES).boundary
    if champion == "one number":
        boundary = SplitBoundary(hash_from=boundary.hash_from)
    test = stratified(hashed, positive, SHARES).rows["test"]
    free = free_of(boundary, theirs[test], positive[test])
    compared = in_proportion(free, theirs[test], positive[test])
    assert not compared[~free].any()
    shares = [compared[of_class].sum() / of_class.sum() for of_class in (positive[test], ~positive[test])]
    rarer = min(positive[test].sum(), (~positive[test]).sum())
    assert abs(shares[0] - shares[1]) <= 0.5 / rarer + 1e-9
    # Of one class nothing is lost but what the champion may know.
    assert max((compared[of_class] == free[of_class]).all() for of_class in (positive[test], ~positive[test]))


@given(st.integers(60, 120), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_an_entity_is_on_one_side(entities: int, rows_each: int, seed: int) -> None:
    """With all its rows, in whatever order they come; the boundary says on which; parts have their shares."""
    generator = np.random.default_rng(seed)
    entity = generator.permutation(np.repeat(np.arange(entities), rows_each))
    positive = np.arange(len(entity)) % 2 == 0
    hashed, within = hashes(map(str, entity), 0), hashes(map(str, range(len(entity))), 1)
    parts = by_entity(hashed, within, positive, SHARES)
    assert sorted(np.concatenate(list(parts.rows.values()))) == list(range(len(entity)))
    part = part_of(parts, len(entity))
    assert all(len(set(part[entity == one])) == 1 for one in range(entities))
    assert (free_of(parts.boundary, hashed, positive) == (part == PARTS.index("test"))).all()
    for name, share in {"train": 0.5, "validation": 0.2, "test": 0.3}.items():
        assert abs(len(parts.rows[name]) - share * len(entity)) <= rows_each + 1
    shuffled = generator.permutation(len(entity))
    again = by_entity(hashed[shuffled], within[shuffled], positive[shuffled], SHARES)
    assert again.boundary == parts.boundary
    for name in PARTS:
        assert (parts.rows[name] == shuffled[again.rows[name]]).all()


def test_one_entity_cannot_be_split() -> None:
    """Its rows stay together, so a part is empty, and that is said."""
    with pytest.raises(DataContractError, match=r"needs both.*\(or entities\)"):
        by_entity(np.zeros(100), hashes(map(str, range(100)), 0), np.arange(100) % 2 == 0, SHARES)


@given(instants)
def test_no_fitted_event_is_later_than_any_held_out(times: np.ndarray) -> None:
    """Nor is any validated one; events of one instant are in one part."""
    positive = np.arange(len(times)) % 2 == 0
    hashed = hashes(map(str, range(len(times))), seed=0)
    try:
        parts = by_event_time(times, hashed, positive, SHARES)
    except DataContractError:
        return  # a part would have held one class only
    train, validation, test = (times[parts.rows[part]] for part in PARTS)
    assert train.max() < validation.min()
    assert validation.max() < test.min()
    assert sorted(np.concatenate(list(parts.rows.values()))) == list(range(len(times)))
    free = free_of(parts.boundary, hashed, positive, times)
    assert not free[parts.rows["train"]].any()
    assert free[parts.rows["test"]].all()


def test_distinct_times_are_divided_by_the_shares() -> None:
    """Oldest first."""
    times = np.random.default_rng(0).permutation(1000)
    parts = by_event_time(times, hashes(map(str, times), 0), times % 2 == 0, SHARES)
    assert [len(parts.rows[part]) for part in PARTS] == [500, 200, 300]
    assert parts.boundary.time_until == dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=700)


@pytest.mark.parametrize("positives", [0, 2, 100])
def test_a_part_with_one_class_is_refused(positives: int) -> None:
    """A constant label, or too few rows of a class, cannot be judged."""
    hashed = hashes(map(str, range(100)), 0)
    with pytest.raises(DataContractError, match="needs both"):
        stratified(hashed, np.arange(100) < positives, SHARES)


def test_one_instant_cannot_be_split() -> None:
    """Ties stay together, so a part is empty, and that is said."""
    with pytest.raises(DataContractError, match="needs both"):
        by_event_time(np.zeros(100, np.int64), hashes(map(str, range(100)), 0), np.arange(100) % 2 == 0, SHARES)


def test_only_fitted_rows_known_before_the_hold_out_stay() -> None:
    """At its first instant is too late; the hold-out itself stays whole, and the boundary where it was."""
    times = np.arange(100)
    positive = times % 2 == 0
    parts = by_event_time(times, hashes(map(str, times), 0), positive, SHARES)
    kept = known_before_hold_out(parts, times + 15, positive)
    assert [sorted(kept.rows[part]) for part in PARTS] == [
        list(range(50)),
        list(range(50, 55)),
        list(range(70, 100)),
    ]
    assert kept.boundary == parts.boundary


def test_a_part_that_nothing_was_known_of_is_refused() -> None:
    """Labels that take longer than validation lasts leave it empty."""
    times = np.arange(100)
    positive = times % 2 == 0
    parts = by_event_time(times, hashes(map(str, times), 0), positive, SHARES)
    with pytest.raises(DataContractError, match="'validation' of the split holds 0 positive and 0 negative"):
        known_before_hold_out(parts, times + 20, positive)


def test_a_stratified_split_has_no_first_instant() -> None:
    """What was known when is a question of events alone."""
    hashed, positive = population(50, 50, 0)
    with pytest.raises(ValueError, match="split by event time"):
        known_before_hold_out(stratified(hashed, positive, SHARES), np.arange(100), positive)


def test_hashes_are_uniform_and_independent_between_seeds() -> None:
    """Each tenth of [0, 1) gets its tenth, and knowing one seed's order says nothing about another's."""
    ids = [str(row) for row in range(20_000)]
    one, two = hashes(ids, 0), hashes(ids, 1)
    counts, _ = np.histogram(one, bins=10, range=(0, 1))
    assert abs(counts - 2000).max() < 200
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.03
    assert len(set(one)) == len(ids)


def test_hashes_are_the_same_in_every_process() -> None:
    """Python's own hash is not."""
    code = "from include.ml.data.split import hashes; print(hashes(['a', 'ø'], 3).tolist())"
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": "7"}
    )
    assert printed.stdout.strip() == str(hashes(["a", "ø"], 3).tolist())


def test_a_boundary_that_says_nothing_vouches_for_no_row() -> None:
    """A champion whose boundary is unknown may have been fitted on anything."""
    assert not free_of(SplitBoundary(), np.array([0.1]), np.array([True])).any()


def test_a_boundary_in_time_cannot_vouch_for_rows_without_time() -> None:
    """The data set lost its event time since the champion was trained."""
    boundary = SplitBoundary(time_until=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert not free_of(boundary, np.array([0.1]), np.array([True])).any()
