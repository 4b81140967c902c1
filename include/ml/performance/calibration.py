"""From a score to the probability that it stands for: learnt on the hold-out, where both are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.ml.baseline.statistics import SCORE
from include.ml.data.arrays import to_numpy
from include.ml.evaluation.predictions import Booleans, Floats
from include.ml.performance.probabilities import Curve, isotonic, logistic, unchanged
from include.specs.dataset import LABEL_IS_POSITIVE
from include.specs.errors import ReportError, VersionError

FOLDS = 5
SEED = 0
# Of each class; of fewer rows no curve can be learnt.
FEWEST = 30
Learner = Callable[[Floats, Booleans], Curve]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How scores become probabilities, and how well the hold-out knows it.

    Args:
        curve: the map.
        basis: the sentence that says why this one.
        known: (rows,) scores of the hold-out with labels, ascending; none where there are no labels.
    """

    curve: Curve
    basis: str
    known: Floats

    @property
    def calibrated(self) -> bool:
        """Whether it changes anything."""
        return self.curve is not unchanged

    def variance(self, scores: Floats, slope: Floats) -> float:
        """Of `sum(slope * curve(scores))`, over the hold-outs that the curve might have been learnt on; 0 without one.

        A hold-out row stands for all rows of the day with scores like its own: an error of its label moves them
        together, and no number of rows in the day makes up for it. How many it stands for is taken as equal within
        groups of the hold-out, as many as the cube root of its rows: so many steps an isotonic fit has (Groeneboom and
        Jongbloed, "Nonparametric estimation under shape constraints", 2014). A line knows more, if it is the truth.

        Args:
            slope: (rows,) what a row's probability adds to the sum.
        """
        if not len(self.known):
            return 0.0
        number = round(len(self.known) ** (1 / 3))
        edges = np.unique(np.quantile(self.known, np.linspace(0, 1, number + 1)[1:-1]))
        group, ours = (np.searchsorted(edges, side, side="right") for side in (self.known, scores))
        rows = np.bincount(group, minlength=len(edges) + 1)
        stands_for = np.bincount(ours, minlength=len(edges) + 1)[group] / rows[group]
        order, found = np.argsort(scores), self.curve(self.known)
        weight = stands_for * np.interp(self.known, scores[order], slope[order])
        return float((weight**2 * found * (1 - found)).sum())


def calibration(scores: Floats, labels: Booleans | None) -> Calibration:
    """A straight line in the log-odds, or isotonic regression where that pays.

    The line costs next to nothing where scores are probabilities already. Isotonic regression bends as it must and
    needs many rows for it: it is taken where probabilities that were fitted on the other folds have a smaller Brier
    score than the line's.

    Args:
        scores: (rows,) of the hold-out. labels: of the same rows; None where the baseline was written without.
    """
    if labels is None:
        basis = "the baseline has no labels: scores are taken for probabilities, and nobody checked whether they are"
        return Calibration(curve=unchanged, basis=basis, known=np.empty(0))
    positives = int(np.count_nonzero(labels))
    told = f"the baseline has {positives} positive and {len(labels) - positives} negative rows"
    if min(positives, len(labels) - positives) < FEWEST:
        basis = f"{told}, it takes {FEWEST} of each to calibrate: scores are taken for probabilities"
        return Calibration(curve=unchanged, basis=basis, known=np.empty(0))
    gain = _gain(scores, labels)
    bent = gain > 0
    learn: Learner = isotonic if bent else logistic
    compared = f"out of fold, isotonic regression changes the Brier score of a logistic line by {-gain:+.6f}"
    basis = f"{told}; {compared}: calibrated by {'that' if bent else 'the line'}"
    return Calibration(curve=learn(scores, labels), basis=basis, known=np.sort(scores))


def read_calibration(sample: Path) -> Calibration:
    """The calibration that a baseline's sample.parquet allows.

    Raises:
        VersionError: there is no such file.
        ReportError: it is no Parquet, or it has no scores.
    """
    if not sample.is_file():
        raise VersionError(f"{sample}: expected the baseline's sample, found no such file; approve another version")
    try:
        table = _scores_and_labels(sample)
    except (pa.ArrowException, OSError) as error:
        raise ReportError(f"{sample}: expected the baseline's sample as a Parquet file: {error}") from error
    labels = to_numpy(table[LABEL_IS_POSITIVE]) if LABEL_IS_POSITIVE in table.column_names else None
    return calibration(to_numpy(table[SCORE]), labels)


def _scores_and_labels(sample: Path) -> pa.Table:
    with pq.ParquetFile(sample) as file:
        names = file.schema_arrow.names
        if SCORE not in names:
            raise ReportError(f"{sample}: expected the column {SCORE!r}, found {', '.join(names)}")
        return file.read(columns=[name for name in (SCORE, LABEL_IS_POSITIVE) if name in names])


def _gain(scores: Floats, labels: Booleans) -> float:
    """How much smaller isotonic regression makes the line's Brier score out of fold."""
    by_line, by_isotonic = (
        float(((_out_of_fold(learn, scores, labels) - labels) ** 2).mean()) for learn in (logistic, isotonic)
    )
    return by_line - by_isotonic


def _out_of_fold(learn: Learner, scores: Floats, labels: Booleans) -> Floats:
    """(rows,) probabilities by a curve that was learnt on the other folds, which share out either class evenly."""
    order = np.lexsort((np.random.default_rng(SEED).random(len(scores)), labels))
    fold = np.empty(len(scores), dtype=np.intp)
    fold[order] = np.arange(len(scores)) % FOLDS
    found = np.empty(len(scores))
    for number in range(FOLDS):
        inside = fold == number
        found[inside] = learn(scores[~inside], labels[~inside])(scores[inside])
    return found
