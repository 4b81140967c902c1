"""Classifiers that tell the day's rows from the baseline's."""

import numpy as np
import pyarrow as pa
import pytest

from include.ml.drift.classifiers import joint, out_of_fold
from include.ml.drift.source import open_source
from include.specs.dataset import Column
from include.specs.drift import FeatureDrift, Separability
from include.specs.monitoring import DriftRule

RULE = DriftRule()
PAIR = (Column(name="x", kind="numeric"), Column(name="y", kind="numeric"), Column(name="z", kind="categorical"))
NOTE = Column(name="note", kind="text")


def rows(seed: int, together: float, size: int = 1_200) -> dict:
    """Two numbers, each standard normal, that go together more or less; and a level that says nothing."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, size))
    return {"x": x, "y": together * x + np.sqrt(1 - together**2) * y, "z": rng.choice(["p", "q"], size)}


def told(write, one: dict, other: dict, columns=PAIR, entity: str | None = None) -> Separability | None:
    """How well they are told apart."""
    sides = [open_source(write(f"{name}.parquet", side)) for name, side in (("a", one), ("b", other))]
    return joint(*sides, rule=RULE, seed=1, entity=entity).rows(columns)


def text(write, one: list, other: list) -> FeatureDrift:
    """The comparison of two columns of text."""
    sides = [open_source(write(f"{name}.parquet", {"note": side})) for name, side in (("a", one), ("b", other))]
    return joint(*sides, rule=RULE, seed=1).text(NOTE)


def test_a_change_of_what_goes_together_is_told(write) -> None:
    """Which no feature shows by itself; and what it rests on."""
    found = told(write, rows(1, 0.9), rows(2, -0.9))
    assert found.drifted
    assert found.roc_auc.low > 0.8
    assert set(list(found.drivers)[:2]) == {"x", "y"}


def test_rows_of_one_law_are_not_told_apart(write) -> None:
    """And there is nothing to name."""
    found = told(write, rows(1, 0.5), rows(2, 0.5))
    assert (found.drifted, found.drivers) == (False, {})
    assert found.roc_auc.low < 0.52
    assert found == told(write, rows(1, 0.5), rows(2, 0.5))


def test_an_entity_that_is_on_both_sides_is_not_learnt_by_heart(write) -> None:
    """Its rows are all in one fold; without that, a model that knows them tells nothing new."""
    who = np.arange(600)
    one, other = ({**rows(seed, 0.5, 600), "who": who} for seed in (1, 2))
    assert not told(write, one, other, entity="who").drifted
    seen: list[set[int]] = []

    class Noting:
        """A classifier that keeps what it was fitted on."""

        def fit(self, table: np.ndarray, _labels: np.ndarray) -> "Noting":
            seen.append(set(table[:, 0]))
            return self

        def predict_proba(self, table: np.ndarray) -> np.ndarray:
            assert not seen[-1] & set(table[:, 0])
            return np.full((len(table), 2), 0.5)

    labels = np.repeat([False, True], 600)
    out_of_fold(np.tile(who, 2).reshape(-1, 1), labels, np.tile(who, 2), Noting, seed=1)
    assert len(seen) == 3


def test_times_are_left_out(write) -> None:
    """Every day is later than the baseline."""
    times = [{"at": pa.array(np.arange(500) + start, pa.timestamp("s"))} for start in (0, 10_000)]
    assert told(write, *times, columns=(Column(name="at", kind="timestamp"),)) is None


def test_columns_of_next_to_nothing_are_left_out(write) -> None:
    """All blank, infinite, or constant: no error, and no use."""
    odd = {"blank": pa.nulls(600, pa.float64()), "far": np.full(600, np.inf), "same": np.ones(600)}
    columns = tuple(Column(name=name, kind="numeric") for name in odd)
    assert told(write, odd, odd, columns[:2]) is None
    assert told(write, odd, odd, columns).roc_auc.value == 0.5


def test_few_rows_are_not_tried(write) -> None:
    """A classifier of fifty rows says nothing."""
    assert told(write, rows(1, 0.5), rows(2, 0.5, 50)) is None


def test_text_is_told_by_its_characters(write) -> None:
    """Another subject is; the same is not; blank ones are counted apart."""
    rng = np.random.default_rng(1)

    def notes(words: list[str]) -> list[str]:
        return [" ".join(rng.choice(words, 6)) for _ in range(400)]

    banking = ["account", "transfer", "loan", "card", "branch", "interest", "deposit"]
    cooking = ["onion", "simmer", "butter", "oven", "recipe", "pepper", "account"]
    same, other = text(write, notes(banking), notes(banking)), text(write, notes(banking), notes(cooking))
    assert (same.effect.material, same.test.p_value > 1e-3) == (False, True)
    assert (other.effect.material, other.test.p_value < 1e-9, other.kind) == (True, True, "text")
    blank = text(write, notes(banking), [None] * 200 + notes(banking))
    assert blank.missing.current == pytest.approx(1 / 3)


def test_little_text_is_not_compared(write) -> None:
    """And is no error."""
    found = text(write, ["a note"] * 400, [None] * 300 + ["a note"] * 100)
    assert (found.test, found.reason) == (None, "100 texts are too few to compare; it takes 200")
