"""From two models' scores on one hold-out to evaluation.json: everything that the gate and a reader will ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from include.ml.evaluation.curves import confusion, curves
from include.ml.evaluation.fairness import fairness
from include.ml.evaluation.gate import COMPARABLE_ROWS
from include.ml.evaluation.hold_out import HoldOut
from include.ml.evaluation.intervals import differences, estimates
from include.ml.evaluation.predictions import Predictions
from include.ml.evaluation.slices import slices
from include.specs.reports import ChampionReport, DataReport, EvaluationReport, PartCount
from include.specs.run import TrainingRun


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """The rows that the metrics are over, and what candidate and champion said of them.

    Args:
        champion: None where there is none, or too few rows that it was not fitted on.
        comparable: those rows; None without a champion.
    """

    hold_out: HoldOut
    candidate: Predictions
    champion: Predictions | None = None
    comparable: PartCount | None = None


def comparable_rows(hold_out: HoldOut) -> tuple[HoldOut, PartCount, bool]:
    """The rows on which a champion may be compared, their count, and whether they are enough.

    Where they are not, the whole hold-out comes back: the candidate's own metrics deserve all rows.
    """
    counted = PartCount(
        rows=int(np.count_nonzero(hold_out.comparable)),
        positives=int(np.count_nonzero(hold_out.comparable & hold_out.labels)),
    )
    enough = min(counted.positives, counted.rows - counted.positives) >= COMPARABLE_ROWS
    every = counted.rows == len(hold_out.labels)
    return (hold_out.only(hold_out.comparable) if enough and not every else hold_out), counted, enough


def assess(assessed: Assessed, run: TrainingRun, *, sha256: str, importance: Mapping[str, float]) -> EvaluationReport:
    """evaluation.json.

    Args:
        sha256: of the data that the hold-out came from.
    """
    candidate, champion = assessed.candidate, assessed.champion
    return EvaluationReport(
        model=run.model.name,
        run=run.provenance.run,
        metrics=estimates(candidate),
        data=DataReport(
            rows=candidate.rows,
            positives=candidate.positives,
            sha256=sha256,
            synthetic=run.synthetic,
            comparable=assessed.comparable,
        ),
        confusion=confusion(candidate),
        champion=_champion(champion, run),
        difference={} if champion is None else differences(candidate, champion),
        slices=slices(candidate, assessed.hold_out.features, run.model),
        curves=curves(candidate),
        importance=importance,
        fairness=fairness(
            assessed.hold_out.features, run.model.fairness, called=candidate.called, labels=candidate.labels
        ),
    )


def _champion(predictions: Predictions | None, run: TrainingRun) -> ChampionReport | None:
    if predictions is None or run.champion is None:
        return None
    return ChampionReport(version=run.champion.version, metrics=estimates(predictions), curves=curves(predictions))
