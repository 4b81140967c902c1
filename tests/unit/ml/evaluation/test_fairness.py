"""Groups beside everybody else."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.ml.evaluation.fairness import MEASURES, OF_CALLS, Facet, fairness, group_fairness
from include.ml.evaluation.predictions import Booleans
from include.ml.evaluation.slices import MISSING, SMALL_LEVELS
from include.specs.errors import ReportError
from include.specs.groups import Fairness, Group


def facet(both: int, observed: int, called: int, neither: int) -> Facet:
    """Rows by confusion: positive and called so, positive only, called only, neither."""
    counts = [both, observed, called, neither]
    return Facet(
        labels=np.repeat([True, True, False, False], counts), called=np.repeat([True, False, True, False], counts)
    )


A, D = facet(40, 20, 10, 30), facet(15, 15, 5, 65)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dpl", 60 / 100 - 30 / 100),
        ("dppl", 50 / 100 - 20 / 100),
        ("di", (20 / 100) / (50 / 100)),
        ("dcacc", 60 / 50 - 30 / 20),
        ("dcr", 70 / 80 - 40 / 50),
        ("rd", 40 / 60 - 15 / 30),
        ("ad", 70 / 100 - 80 / 100),
    ],
)
def test_measures_are_those_of_the_guide(name: str, value: float) -> None:
    """By its formulas, from the two confusion matrices."""
    found = MEASURES[name](A, D)
    assert found is not None
    assert found.value == pytest.approx(value)
    assert found.low < value < found.high


def test_the_guides_own_examples() -> None:
    """Conditional acceptance: of 100 middle-aged people 70 were granted a loan and 60 are recommended, of 50 others 20
    and 30."""
    middle_aged, others = facet(60, 10, 0, 30), facet(20, 0, 10, 20)
    found = MEASURES["dcacc"](middle_aged, others)
    assert found is not None
    assert found.value == pytest.approx(70 / 60 - 20 / 30)


@pytest.mark.parametrize(
    ("name", "a", "d"),
    [
        ("di", facet(0, 5, 0, 5), D),
        ("dcacc", facet(0, 5, 0, 5), D),
        ("dcacc", A, facet(0, 5, 0, 5)),
        ("dcr", A, facet(5, 0, 5, 0)),
        ("rd", A, facet(0, 0, 5, 5)),
        ("rd", facet(0, 0, 5, 5), D),
    ],
)
def test_what_is_not_defined_is_none(name: str, a: Facet, d: Facet) -> None:
    """Nobody is called, or there is nobody to find."""
    assert MEASURES[name](a, d) is None


@pytest.mark.parametrize("d", [facet(0, 5, 0, 15), facet(10, 0, 10, 0)])
def test_a_group_that_is_never_or_always_called_has_an_interval(d: Facet) -> None:
    """No row of twenty does not prove that the share is nought."""
    found = MEASURES["di"](A, d)
    assert found is not None
    assert found.low <= found.value <= found.high
    assert found.high - found.low > 0.1


COUNTS = st.tuples(*[st.integers(0, 30)] * 4).filter(any)


@given(COUNTS, COUNTS)
def test_every_interval_holds_its_value_and_turns_round(a, d) -> None:
    """Groups swapped, differences change their sign and the ratio is turned over."""
    for name, measure in MEASURES.items():
        found, swapped = measure(facet(*a), facet(*d)), measure(facet(*d), facet(*a))
        if found is not None:
            assert found.low - 1e-9 <= found.value <= found.high + 1e-9, name
        if found is not None and swapped is not None and name != "di":
            assert (swapped.value, swapped.low, swapped.high) == pytest.approx(
                (-found.value, -found.high, -found.low), abs=1e-9
            )
        if found is not None and swapped is not None and name == "di" and found.value:
            assert swapped.value == pytest.approx(1 / found.value)


@pytest.mark.parametrize("name", MEASURES)
def test_intervals_cover_the_truth(name: str) -> None:
    """Of a world with known rates: in about 95 of 100 draws."""
    generator, draws = np.random.default_rng(0), 600
    rates = {"a": [0.3, 0.1, 0.15, 0.45], "d": [0.15, 0.15, 0.1, 0.6]}
    truth = MEASURES[name](*(facet(*(round(100_000 * rate) for rate in rates[side])) for side in "ad"))
    assert truth is not None
    held = 0
    for _ in range(draws):
        found = MEASURES[name](*(facet(*generator.multinomial(150, rates[side])) for side in "ad"))
        held += found is not None and found.low <= truth.value <= found.high
    assert 0.925 < held / draws < 0.975


def alternating(rows: int) -> tuple[Booleans, Booleans]:
    """Calls and labels: each second row is positive, each third is called so."""
    return np.arange(rows) % 3 == 0, np.arange(rows) % 2 == 0


def rule(*columns: str, minimum_rows: int = 5) -> Fairness:
    """Every level of some columns."""
    return Fairness(groups=tuple(Group(column=column) for column in columns), minimum_rows=minimum_rows)


def test_every_group_is_measured_and_a_small_one_says_why_not() -> None:
    """The largest first; blank cells are a group; beside whom nobody is, is small as well."""
    levels = ["a"] * 60 + ["b"] * 40 + [None] * 20 + ["c"] * 4
    table = pa.table({"shop": levels, "land": ["x"] * 124, "kind": pa.array(levels).dictionary_encode()})
    called, labels = alternating(124)
    found = fairness(table, rule("shop", "land", "kind"), called=called, labels=labels)
    names = ("a", "b", MISSING, "c")
    assert list(found) == [*(f"shop={name}" for name in names), "land=x", *(f"kind={name}" for name in names)]
    assert (found["shop=b"].rows, found["shop=b"].other_rows) == (40, 84)
    assert (found["shop=b"].positives, found["shop=b"].other_positives) == (20, 42)
    assert (found["shop=b"].called, found["shop=b"].other_called) == (14, 28)
    inside = np.array([level == "b" for level in levels])
    assert found["shop=b"] == group_fairness(inside, called=called, labels=labels)
    assert set(found["shop=a"].measures) == set(MEASURES)
    assert (found["shop=c"].measures, found["shop=c"].rows) == ({}, 4)
    assert found["shop=c"].reason == "4 rows on one side, it takes 5"
    assert found["land=x"].reason == "0 rows on one side, it takes 5"


def test_pieces_may_have_codes_of_their_own() -> None:
    """As a file's row groups do: a level has another code in each."""
    pieces = [pa.array(words * 10).dictionary_encode() for words in (["a", "b"], ["b", "a"])]
    called = np.array([True, False] * 10 + [False, True] * 10)
    found = fairness(pa.table({"shop": pa.chunked_array(pieces)}), rule("shop"), called=called)
    assert (found["shop=a"].rows, found["shop=a"].called, found["shop=b"].called) == (20, 20, 0)


def test_numbers_are_grouped_by_cuts() -> None:
    """The cut itself belongs above it; blank cells are a group, and one without rows is none."""
    table = pa.table({"age": pa.array([10.0, 30.0, 64.0, None, 20.0] * 10)})
    cuts = Fairness(groups=(Group(column="age", cuts=(30.0, 65.0)),), minimum_rows=5)
    called, labels = alternating(50)
    found = fairness(table, cuts, called=called, labels=labels)
    assert {name: group.rows for name, group in found.items()} == {
        f"age={MISSING}": 10, "age < 30": 20, "30 <= age < 65": 20,
    }  # fmt: skip


def test_without_labels_calls_alone_are_compared() -> None:
    """What was observed is not invented."""
    called, labels = alternating(60)
    table = pa.table({"shop": ["a", "b"] * 30})
    found = fairness(table, rule("shop"), called=called)["shop=a"]
    whole = fairness(table, rule("shop"), called=called, labels=labels)["shop=a"]
    assert (found.positives, found.other_positives, set(found.measures)) == (None, None, set(OF_CALLS))
    assert found.measures == {name: whole.measures[name] for name in OF_CALLS}


def test_small_groups_of_an_open_set_are_not_listed_without_end() -> None:
    """A level a row is an id, not a group."""
    table = pa.table({"shop": [str(row) for row in range(300)]})
    assert len(fairness(table, rule("shop"), called=np.ones(300, np.bool_))) == SMALL_LEVELS


def test_without_groups_or_rows_nothing_is_measured() -> None:
    """A model need not name any, and a day may have no label yet."""
    nobody = np.empty(0, np.bool_)
    assert fairness(pa.table({"shop": pa.array([], pa.string())}), rule("shop"), called=nobody, labels=nobody) == {}
    assert fairness(pa.table({"shop": ["a"]}), None, called=np.ones(1, np.bool_)) == {}


def test_a_group_is_the_one_that_is_put_at_a_disadvantage() -> None:
    """Others have more: a difference is above 0, the ratio below 1."""
    favoured = np.arange(400) < 200
    labels = np.arange(400) % 4 < np.where(favoured, 3, 1)
    found = group_fairness(~favoured, called=favoured, labels=labels).measures
    assert (found["dpl"].value, found["dppl"].value, found["di"].value, found["rd"].value) == (0.5, 1.0, 0.0, 1.0)


@pytest.mark.parametrize("which", ["called", "labels"])
def test_other_rows_are_refused(which: str) -> None:
    """A table of something else."""
    facts = {"called": np.ones(3, np.bool_), "labels": np.ones(3, np.bool_)} | {which: np.ones(10, np.bool_)}
    with pytest.raises(ReportError, match="a call and a label for each of 3 rows, got 10"):
        fairness(pa.table({"shop": ["a"] * 3}), rule("shop"), **facts)
