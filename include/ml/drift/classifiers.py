"""Classifiers that tell the day's rows from the baseline's: what no feature shows by itself, and what text says.

The area under the ROC curve of a classifier on rows that it was not fitted on is one half where the two sides are alike
(Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017), and below it where the very same rows are on
both, and are learnt as the other side's. Importing this module imports scikit-learn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # none are published

from include.ml.drift.blank_cells import compare_missing
from include.ml.drift.comparison import Joint
from include.ml.drift.rows import Rows, drawn, groups, is_current, numbers
from include.ml.drift.significance import untold
from include.ml.drift.source import Source
from include.ml.evaluation.intervals import estimate
from include.ml.evaluation.predictions import Booleans, Floats, Integers, Predictions
from include.specs.dataset import Column
from include.specs.drift import Effect, FeatureDrift, Separability
from include.specs.monitoring import DriftRule
from include.specs.reports import Estimate

Table = npt.NDArray[np.float64]
FOLDS = 3
# Of what tells the sides apart, the features named; the others add little.
DRIVERS = 10
TEXT_ROWS = 5_000
# Buckets that character n-grams fall into.
BUCKETS = 2**14
# Trees of a few leaves: what is looked for is whether there is anything to find.
TREES: Mapping[str, Any] = {"max_iter": 40, "max_leaf_nodes": 8, "learning_rate": 0.15, "early_stopping": False}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What classifiers said of rows that they were not fitted on.

    Args:
        labels: (rows,) True for the day's. scores: (rows,) probability of that.
        fitted: the classifier of each fold, and the places of the rows that it was not fitted on.
    """

    labels: Booleans
    scores: Floats
    fitted: Sequence[tuple[Any, Integers]] = ()

    @property
    def area(self) -> Estimate:
        """With DeLong's interval."""
        return estimate("roc_auc", Predictions(labels=self.labels, scores=self.scores, threshold=0.5))

    @property
    def significance(self) -> tuple[float, float]:
        """How many standard errors the area is above one half, and the chance of more (Mann and Whitney)."""
        positives = int(np.count_nonzero(self.labels))
        negatives = len(self.labels) - positives
        error = math.sqrt((len(self.labels) + 1) / (12 * positives * negatives))
        score = (self.area.value - 0.5) / error
        return score, math.erfc(score / math.sqrt(2)) / 2


def joint(baseline: Source, day: Source, *, rule: DriftRule, seed: int, entity: str | None = None) -> Joint:
    """The comparisons that take whole rows.

    Args:
        entity: whom a row is about; all rows of one are in one fold, whichever side they are on.
    """
    sides = drawn(baseline, seed), drawn(day, seed + 1)
    return Joint(
        text=lambda column: text_drift(column, baseline, day, rule=rule, seed=seed),
        rows=lambda columns: separability(columns, sides, rule=rule, seed=seed, entity=entity),
    )


def separability(
    columns: Sequence[Column], sides: tuple[Rows, Rows], *, rule: DriftRule, seed: int, entity: str | None
) -> Separability | None:
    """How well boosted trees tell the sides apart; None where there are too few rows or columns to try.

    Times are left out: every day is later than the baseline.
    """
    if min(len(side.places) for side in sides) < rule.minimum_rows:
        return None
    given = {column: numbers(sides, column) for column in columns if column.kind in ("numeric", "categorical")}
    # Trees cannot be grown on a column that is all blank, in any fold.
    used = [column for column, cells in given.items() if np.count_nonzero(np.isfinite(cells)) >= rule.minimum_rows]
    if not used:
        return None
    table = np.column_stack([given[column] for column in used])
    levels = [column.kind == "categorical" for column in used]

    def fresh() -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(categorical_features=levels, random_state=seed, **TREES)

    told = out_of_fold(table, is_current(sides), groups(sides, entity), fresh, seed=seed)
    area = told.area
    drifted = area.value > rule.separability and area.low > 0.5  # noqa: PLR2004 an area of chance
    # What nothing rests on has no drivers, and looking for them takes as long as the fits.
    drivers = _drivers(told, table, [column.name for column in used], seed) if drifted else {}
    return Separability(roc_auc=area, threshold=rule.separability, drifted=drifted, drivers=drivers)


def _drivers(told: Told, table: Table, names: Sequence[str], seed: int) -> Mapping[str, float]:
    with threadpool_limits(1):
        each = [_falls(model, table[held], told.labels[held], seed) for model, held in told.fitted]
    falls = np.mean(each, axis=0)
    ranked = sorted(zip(falls.tolist(), names, strict=True), reverse=True)
    return {name: fall for fall, name in ranked[:DRIVERS] if fall > 0}


def out_of_fold(table: Any, labels: Booleans, group: Integers, fresh: Callable[[], Any], *, seed: int) -> Told:
    """Fit `fresh()` on all folds but one, and score that one, for each. `table`: rows × columns, sparse or not."""
    scores = np.empty(len(labels))
    fitted = []
    # So few rows are fitted as fast by one thread, and threads that wait for each other are slow on a busy machine.
    with threadpool_limits(1):
        for fit, held in _folds(labels, group, seed):
            fitted.append((fresh().fit(table[fit], labels[fit]), held))
            scores[held] = fitted[-1][0].predict_proba(table[held])[:, 1]
    return Told(labels=labels, scores=scores, fitted=fitted)


def text_drift(column: Column, baseline: Source, day: Source, *, rule: DriftRule, seed: int) -> FeatureDrift:
    """How well a linear model of character n-grams tells the two sides' texts apart; not judged yet."""
    sides = drawn(baseline, seed, TEXT_ROWS), drawn(day, seed + 1, TEXT_ROWS)
    cells = [side.column(column.name) for side in sides]
    texts = [[text for text in each.to_pylist() if text is not None] for each in cells]
    fewest = min(len(each) for each in texts)
    found = _texts_told(texts, seed) if fewest >= rule.minimum_rows else None
    blank = [(each.null_count, len(each)) for each in cells]
    return FeatureDrift(
        name=column.name,
        kind="text",
        test=untold("mann_whitney", *found.significance) if found else None,
        effect=Effect(measure="roc_auc", value=found.area.value if found else 0.5, threshold=rule.separability),
        missing=compare_missing(blank[0], blank[1]),
        drifted=False,
        reason="" if found else f"{fewest} texts are too few to compare; it takes {rule.minimum_rows}",
    )


def _texts_told(texts: Sequence[Sequence[str]], seed: int) -> Told:
    table = HashingVectorizer(analyzer="char_wb", ngram_range=(1, 3), n_features=BUCKETS).transform(
        [*texts[0], *texts[1]]
    )
    labels = np.repeat([False, True], [len(each) for each in texts])
    each_a_group = np.arange(len(labels))
    return out_of_fold(table, labels, each_a_group, lambda: LogisticRegression(max_iter=200), seed=seed)


def _folds(labels: Booleans, group: Integers, seed: int) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    yield from folds.split(np.zeros(len(labels)), labels, group)


def _falls(model: Any, table: Table, labels: Booleans, seed: int) -> Floats:
    """By how much the area falls where one column's cells are dealt out anew, for each column."""
    rng = np.random.default_rng(seed)
    whole = _area(labels, model.predict_proba(table)[:, 1])
    falls = np.zeros(table.shape[1])
    for place in range(table.shape[1]):
        dealt = table.copy()
        dealt[:, place] = rng.permutation(dealt[:, place])
        falls[place] = whole - _area(labels, model.predict_proba(dealt)[:, 1])
    return falls


def _area(labels: Booleans, scores: Floats) -> float:
    return estimate("roc_auc", Predictions(labels=labels, scores=scores, threshold=0.5)).value
