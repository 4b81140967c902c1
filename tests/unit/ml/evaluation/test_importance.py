"""What drives a model."""

import numpy as np
import pyarrow as pa
import pytest

from include.ml.evaluation.importance import SAMPLE_PER_CLASS, importance

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.random(8000) < 0.05
ROWS = pa.table(
    {
        "strong": LABELS * 2.0 + GENERATOR.normal(size=8000),
        "weak": LABELS * 0.5 + GENERATOR.normal(size=8000),
        "noise": GENERATOR.normal(size=8000),
    }
)


def score(rows: pa.Table) -> np.ndarray:
    """A model that leans on two of the three columns."""
    log_odds = sum(weight * np.array(rows[name].to_pylist()) for name, weight in (("strong", 2), ("weak", 0.5)))
    return 1 / (1 + np.exp(-log_odds))


def test_columns_rank_by_what_the_model_loses_without_them():
    """The column it leans on comes first; one it never reads changes nothing at all."""
    found = importance(ROWS, LABELS, ("noise", "weak", "strong"), score, seed=0)
    assert list(found) == ["strong", "weak", "noise"]
    assert found["strong"] > 0.2 > found["weak"] > found["noise"] == 0


def test_the_cost_is_bounded():
    """However long the hold-out, the model scores one sample a feature, in one call."""
    calls = []
    importance(ROWS, LABELS, ("strong", "weak"), lambda rows: calls.append(rows.num_rows) or score(rows), seed=0)
    assert len(calls) == 1
    assert calls[0] <= 3 * (SAMPLE_PER_CLASS + min(SAMPLE_PER_CLASS, LABELS.sum()))


@pytest.mark.parametrize("coded", [False, True])
def test_a_row_that_is_dealt_its_own_value_is_not_scored_again(coded):
    """Of a column of two levels and blanks, half the rows are: the answer is what scoring all of them gives."""
    levels = pa.array(np.where(LABELS, "a", GENERATOR.choice(["a", "b", None], size=8000)))
    rows, calls = ROWS.append_column("level", levels.dictionary_encode() if coded else levels), []

    def leaning(part: pa.Table) -> np.ndarray:
        calls.append(part.num_rows)
        return np.array([{"a": 0.9, "b": 0.2, None: 0.4}[level] for level in part["level"].to_pylist()])

    found = importance(rows, LABELS, ("level",), leaning, seed=0)
    sample = SAMPLE_PER_CLASS + min(SAMPLE_PER_CLASS, int(LABELS.sum()))
    assert sample < calls[0] < 1.8 * sample
    # Each row counted by a column that makes every row another one: the same deal, and no row is left out.
    numbered = rows.set_column(3, "level", pa.array(range(8000)))
    by_number = dict(enumerate(levels.to_pylist()))
    value = {"a": 0.9, "b": 0.2, None: 0.4}
    every = importance(
        numbered,
        LABELS,
        ("level",),
        lambda part: np.array([value[by_number[number]] for number in part["level"].to_pylist()]),
        seed=0,
    )
    assert found == every


def test_a_seed_gives_one_answer():
    """The same seed deals the same rows, another seed others."""
    first, again, other = (importance(ROWS, LABELS, ("strong", "weak"), score, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("column", [pa.array(["a", "b"] * 4000).dictionary_encode(), pa.array(["a", None] * 4000)])
def test_coded_and_blank_columns_can_be_dealt(column):
    """Columns of levels go through as they are."""
    found = importance(ROWS.append_column("level", column), LABELS, ("level", "strong", "weak"), score, seed=0)
    assert found["level"] == 0
