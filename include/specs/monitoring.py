"""When a difference between what a model meets and what it was judged on is called drift."""

from __future__ import annotations

from dataclasses import dataclass

from include.specs.errors import require


@dataclass(frozen=True, kw_only=True)
class DriftRule:
    """A feature breaches when its difference is material *and* more than chance.

    Material alone cries wolf on small days, chance alone on large ones: at a million rows every difference is
    significant, and few matter.

    Args:
        effect: the largest distance that does not matter, in [0, 1]: the Kolmogorov-Smirnov distance of a numeric
            feature or of the scores, the total variation of a categorical one or of the predicted classes.
        missing_points: the largest change of the share of blank cells that does not matter, in [0, 1].
        new_level_share: the largest share of rows in levels that the baseline never saw that does not matter.
        separability: the largest ROC-AUC of a classifier that tells a day's rows from the baseline's that does not
            matter, in [0.5, 1].
        false_discovery_rate: of the features called different, the share that may be so by chance: q of the
            procedure of Benjamini and Hochberg (1995), over all tests of a day. On a quiet day it is the chance of an
            alarm, since on a small day every difference that chance makes large is material too; a quarter of a
            percent keeps quiet days of 500 rows below half a percent (`python -m benchmarks.drift.alarms`).
        minimum_rows: with fewer independent rows on either side there is no verdict.
        breaches, of_days: drift is a breach of the same feature on so many of the last days; fewer are a warning.
    """

    effect: float = 0.05
    missing_points: float = 0.02
    new_level_share: float = 0.005
    separability: float = 0.6
    false_discovery_rate: float = 0.0025
    minimum_rows: int = 200
    breaches: int = 2
    of_days: int = 3

    def __post_init__(self) -> None:
        for name in ("effect", "missing_points", "new_level_share"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"drift.{name}", "be within [0, 1]", value)
        require(0.5 <= self.separability <= 1, "drift.separability", "be within [0.5, 1]", self.separability)  # noqa: PLR2004 an AUC of chance
        rate = self.false_discovery_rate
        require(0 < rate < 1, "drift.false_discovery_rate", "be within (0, 1)", rate)
        require(self.minimum_rows > 1, "drift.minimum_rows", "be at least 2", self.minimum_rows)
        some = 0 < self.breaches <= self.of_days
        require(some, "drift.breaches", f"be within [1, of_days] ({self.of_days})", self.breaches)
