"""What "normal" was when a version was registered: statistics.json, which drift compares a day's traffic with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from include.specs.errors import ReportError
from include.specs.reports import finite


@dataclass(frozen=True, kw_only=True)
class NumericBaseline:
    """A numeric column.

    Args:
        missing: blank cells among `rows`.
        quantiles: at even steps from 0 to 1, the smallest and the largest value included; empty where all are blank.
    """

    rows: int
    missing: int
    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        finite("a quantile", *self.quantiles)
        if list(self.quantiles) != sorted(self.quantiles):
            raise ReportError(f"quantiles must ascend, got {self.quantiles}")


@dataclass(frozen=True, kw_only=True)
class CategoricalBaseline:
    """A categorical or text column.

    Args:
        missing: blank cells among `rows`.
        distinct: how many levels occurred.
        levels: level → rows, of the most frequent levels.
        other: rows in levels that are not in `levels`.
    """

    rows: int
    missing: int
    distinct: int
    levels: Mapping[str, int]
    other: int = 0

    def __post_init__(self) -> None:
        counted = sum(self.levels.values()) + self.other + self.missing
        if counted != self.rows:
            raise ReportError(f"levels, other and missing rows must add up to {self.rows} rows, got {counted}")


@dataclass(frozen=True, kw_only=True)
class PredictionBaseline:
    """The model's scores on the hold-out, and the share of rows that it calls positive at its threshold."""

    rows: int
    quantiles: tuple[float, ...]
    threshold: float
    positive_rate: float

    def __post_init__(self) -> None:
        finite("a prediction baseline", self.threshold, self.positive_rate, *self.quantiles)


@dataclass(frozen=True, kw_only=True)
class BaselineReport:
    """statistics.json: one version's features and predictions on its hold-out.

    Args:
        sha256: of the data behind it.
        profile_sha256: of profile.arrow beside it; None where the version was registered before there was one.
        attributions: feature → the share of the scores' variance that goes with it, in [0, 1].
    """

    model: str
    run: str
    sha256: str
    numeric: Mapping[str, NumericBaseline]
    categorical: Mapping[str, CategoricalBaseline]
    prediction: PredictionBaseline
    profile_sha256: str | None = None
    attributions: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        finite("an attribution", *self.attributions.values())
