"""What scores go by."""

import numpy as np
import pyarrow as pa
import pytest

from include.ml.baseline.attribution import BINS, attributions
from include.specs.dataset import Column

ROWS = 2_000


def number(name: str) -> Column:
    return Column(name=name, kind="numeric")


def level(name: str) -> Column:
    return Column(name=name, kind="categorical")


def test_of_a_sum_each_part_has_its_share() -> None:
    """Of two independent parts, of which one has four times the variance of the other; what is no part has none."""
    rng = np.random.default_rng(0)
    large, small, none = 2 * rng.random(ROWS), rng.random(ROWS), rng.random(ROWS)
    found = attributions(
        pa.table({"none": none, "small": small, "large": large}),
        large + small,
        [number("small"), number("large"), number("none")],
    )
    assert found["large"] == pytest.approx(0.8, abs=0.03)
    assert found["small"] == pytest.approx(0.2, abs=0.03)
    assert found["none"] < 0.01


def test_many_levels_explain_nothing_by_chance() -> None:
    """A hundred levels that say nothing would explain five in a hundred of two thousand rows: that is taken off."""
    rng = np.random.default_rng(1)
    table = pa.table({"city": rng.integers(0, 100, ROWS).astype(str)})
    found = [attributions(table, rng.random(ROWS), [level("city")])["city"] for _ in range(20)]
    assert np.mean(found) < 0.01


@pytest.mark.parametrize("together", [1, 2, 4])
def test_an_id_explains_nothing(together: int) -> None:
    """Levels of fewer than five rows are one, even where the scores follow them."""
    table = pa.table({"key": [str(row // together) for row in range(100)]})
    assert attributions(table, np.linspace(0, 1, 100), [level("key")]) == {"key": 0.0}


def test_pieces_may_have_codes_of_their_own() -> None:
    """As a file's row groups do: a level has another code in each."""
    pieces = [pa.array(words * 25).dictionary_encode() for words in (["a", "b"], ["b", "a"])]
    table = pa.table({"word": pa.chunked_array(pieces)})
    assert attributions(table, np.array([0.0, 1.0] * 25 + [1.0, 0.0] * 25), [level("word")]) == {"word": 1.0}


@pytest.mark.parametrize("coded", [False, True])
def test_blank_cells_are_a_group(coded: bool) -> None:
    """Where the scores go by whether there is a value; levels as text or as codes, in several pieces."""
    words = pa.chunked_array([["a", None] * 25, [None, "a"] * 25])
    table = pa.table({"word": words.dictionary_encode() if coded else words, "size": pa.array([1.0, None] * 50)})
    assert attributions(table, np.array([0.0, 1.0] * 50), [number("size")]) == {"size": 1.0}
    assert attributions(table, np.array([0.0, 1.0] * 25 + [1.0, 0.0] * 25), [level("word")]) == {"word": 1.0}


def test_blank_cells_are_no_large_numbers() -> None:
    """Where the scores of the largest are others than those of the blank."""
    table = pa.table({"size": pa.array([*map(float, range(64)), *[None] * 16])})
    assert attributions(table, np.repeat([0.0, 1.0], [64, 16]), [number("size")]) == {"size": 1.0}


@pytest.mark.parametrize(
    "values",
    [
        [3.0] * 60,
        [None] * 60,
        [np.nan] * 60,
        [np.inf, -np.inf, 1.0] * 20,
        [1.0, np.inf, None] * 20,
        [-np.inf, np.inf] * 30,
    ],
)
def test_what_is_no_spread_of_numbers_is_no_error(values) -> None:
    """A constant, nothing but blanks, infinities: some share or none, and a finite one."""
    table = pa.table({"size": pa.array(values, pa.float64())})
    with np.errstate(invalid="raise"):
        found = attributions(table, np.linspace(0, 1, 60), [number("size")])["size"]
    assert 0.0 <= found < 0.2


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_and_equal_scores_explain_nothing(rows: int) -> None:
    """There is no variance to share out."""
    table = pa.table({"size": np.arange(float(rows)), "word": ["a"] * rows})
    columns = [number("size")] + ([level("word")] if rows else [])
    assert set(attributions(table, np.full(rows, 0.5), columns).values()) == {0.0}


def test_numbers_are_grouped_by_rank() -> None:
    """An outlier does not put all others into one group."""
    values = np.append(np.arange(BINS * 10.0), 1e12)
    assert (
        attributions(pa.table({"size": values}), np.append(np.arange(BINS * 10.0), 80.0), [number("size")])["size"]
        > 0.95
    )
