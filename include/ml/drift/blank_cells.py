"""Whether blank cells have become more, or fewer."""

from __future__ import annotations

from include.ml.drift.contingency import share_changed
from include.ml.drift.significance import untold
from include.specs.drift import MissingDrift, SignificanceTest


def compare_missing(baseline: tuple[int, int], current: tuple[int, int]) -> MissingDrift:
    """Shares of blank cells, each side given as (blank cells, rows); not judged yet.

    A column without any on either side has no test: it would only count against the others.
    """
    shares = [blank / rows if rows else 0.0 for blank, rows in (baseline, current)]
    test: SignificanceTest | None = None
    if baseline[0] + current[0] and baseline[1] and current[1]:
        test = untold("chi_squared", *share_changed(baseline, current))
    return MissingDrift(baseline=shares[0], current=shares[1], test=test, drifted=False)
