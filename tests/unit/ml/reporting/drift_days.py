"""Days of made-up traffic as drift reports: numbers as an engine would find them, near enough for a page."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np

from include.specs.drift import (
    BaselineRef,
    DriftReport,
    Effect,
    FeatureDrift,
    MissingDrift,
    PredictionDrift,
    RowCount,
    Separability,
    Shape,
    SignificanceTest,
    Violation,
)
from include.specs.monitoring import DriftRule
from include.specs.reports import Estimate

RULE = DriftRule()
TODAY = dt.date(2026, 3, 4)
BASELINE = BaselineRef(version=12, run="manual-20260201T060000", sha256="5" * 64)
ROWS, BASELINE_ROWS = 2600, 7043
NUMERIC = {
    "tenure": lambda r, n: np.clip(r.gamma(1.6, 20, n), 0, 72),
    "MonthlyCharges": lambda r, n: np.where(r.random(n) < 0.3, r.normal(21, 2, n), r.normal(78, 18, n)),
    "TotalCharges": lambda r, n: r.gamma(1.1, 2100, n),
    "calls_to_support": lambda r, n: r.poisson(1.4, n).astype(float),
    "gigabytes_used": lambda r, n: r.lognormal(3, 0.8, n),
    "account_age_days": lambda r, n: r.uniform(0, 2600, n),
}
CATEGORICAL = {
    "Contract": ({"Month-to-month": 0.55, "Two year": 0.24, "One year": 0.21}),
    "PaymentMethod": {"Electronic check": 0.34, "Mailed check": 0.23, "Bank transfer": 0.22, "Credit card": 0.21},
    "InternetService": {"Fiber optic": 0.44, "DSL": 0.34, "No": 0.22},
    "state": {f"state {n:02}": 0.02 for n in range(50)},
    "gender": {"Male": 0.505, "Female": 0.495},
    "PaperlessBilling": {"Yes": 0.59, "No": 0.41},
}


def report(date: dt.date | None = TODAY, *, strength: float = 0.0, seed: int = 0, **facts) -> DriftReport:
    """A day on which prices, ways to pay and blanks moved with a `strength` of 0 (not at all) to 1."""
    rng = np.random.default_rng([seed, date.toordinal() if date else 0])
    features = (*_numeric(rng, strength), *_categorical(rng, strength))
    breached = [feature.name for feature in features if feature.drifted]
    return dataclasses.replace(
        DriftReport(
            model="churn",
            window=date,
            baseline=BASELINE,
            rows=RowCount(
                baseline=BASELINE_ROWS, current=ROWS, independent_baseline=BASELINE_ROWS, independent_current=ROWS - 140
            ),
            verdict="warning" if breached else "stable",
            reasons=f"{len(breached)} of {len(features)} features breached: {', '.join(breached)}."
            if breached
            else f"None of {len(features)} features changed by more than matters.",
            features=features,
            prediction=_prediction(rng, strength),
            separability=Separability(
                roc_auc=Estimate(value=0.505 + 0.2 * strength, low=0.485 + 0.2 * strength, high=0.525 + 0.2 * strength),
                threshold=RULE.separability,
                drifted=strength > 0.6,
                drivers={"PaymentMethod": 0.081, "MonthlyCharges": 0.113, "TotalCharges": 0.02, "tenure": 0.004},
            ),
        ),
        **facts,
    )


def stable() -> DriftReport:
    """Nothing changed."""
    return report()


def warning() -> DriftReport:
    """One day of drift, so far."""
    return report(strength=0.55)


def drift(since: int = 4) -> DriftReport:
    """Drift for `since` days, with what was noted of the feed on the way."""
    found = report(strength=1.0)
    features = tuple(
        dataclasses.replace(f, days=min(since, 3), since=TODAY - dt.timedelta(days=since - 1)) if f.drifted else f
        for f in found.features
    )
    noted = Violation(
        column="TotalCharges",
        kind="out_of_range",
        rows=17,
        breaks=False,
        message="expected values within [0, 20000], got 17 above, 31250.0 the largest; look at the billing export",
    )
    first = TODAY - dt.timedelta(days=since - 1)
    return dataclasses.replace(
        found,
        features=features,
        verdict="drift",
        violations=(noted,),
        reasons=f"MonthlyCharges and 2 more features drifted on 3 of the last 3 days, since {first}: the largest "
        f"effect is {max(f.effect.value for f in found.drifted):.2f}, and more than {RULE.effect} matters.",
    )


def broken() -> DriftReport:
    """A column of the feed is gone, and another came as text."""
    faults = (
        Violation(
            column="gigabytes_used",
            kind="new_column",
            rows=ROWS,
            breaks=False,
            message="a column that the baseline does not have; add it to the spec or drop it upstream",
        ),
        Violation(
            column="MonthlyCharges",
            kind="missing_column",
            rows=ROWS,
            breaks=True,
            message="the baseline has this column, the day's capture does not; look at the producer's last release",
        ),
        Violation(
            column="tenure",
            kind="type_changed",
            rows=2571,
            breaks=True,
            message="expected numbers, got text such as '12 months'; look at the producer's last release",
        ),
    )
    return report(
        verdict="broken",
        reasons="The feed is broken, so nothing can be said of drift: MonthlyCharges is missing, tenure is no number.",
        features=(),
        prediction=None,
        separability=None,
        violations=faults,
    )


def insufficient() -> DriftReport:
    """Thirty-one rows of a quiet holiday."""
    return report(
        verdict="insufficient_data",
        reasons="31 independent rows are too few for a verdict: it takes 200 on either side.",
        rows=RowCount(baseline=BASELINE_ROWS, current=34, independent_baseline=BASELINE_ROWS, independent_current=31),
        features=(),
        prediction=None,
        separability=None,
    )


def past(days: int = 29) -> Sequence[DriftReport]:
    """The days before TODAY: quiet, one of them broken, one without traffic, one without a report, drift at the end."""
    found = [report(TODAY - dt.timedelta(days=ago), strength=max(0.0, 1 - ago / 5)) for ago in range(days, 0, -1)]
    found = [
        dataclasses.replace(old, verdict="drift") if number >= days - 2 else old for number, old in enumerate(found)
    ]
    if days > 20:
        found[8] = dataclasses.replace(broken(), window=found[8].window)
        found[12] = dataclasses.replace(insufficient(), window=found[12].window)
        del found[4]
    return found


def wide(features: int, breached: int = 5) -> DriftReport:
    """A day of a model with many features, of which some breached."""
    template = report(strength=1.0).features
    many = tuple(
        dataclasses.replace(
            template[number % len(template)],
            name=f"feature_{number:03}",
            drifted=number < breached,
            effect=Effect(measure="kolmogorov_smirnov", value=0.3 if number < breached else 0.01, threshold=0.05),
        )
        for number in range(features)
    )
    return report(strength=1.0, features=many, verdict="drift")


def _numeric(rng: np.random.Generator, strength: float) -> list[FeatureDrift]:
    base = np.random.default_rng(1)
    found = []
    for name, draw in NUMERIC.items():
        before, after = draw(base, BASELINE_ROWS), draw(rng, ROWS)
        blank = 0.002
        if name == "MonthlyCharges":
            after = after + 14 * strength
        if name == "tenure":
            after = after * (1 - 0.25 * strength)
        if name == "TotalCharges":
            blank += 0.05 * strength
        found.append(numeric(name, before, after, blank))
    return found


def numeric(name: str, before: np.ndarray, after: np.ndarray, blank: float = 0.0) -> FeatureDrift:
    """A numeric feature's drift: KS distance, and an outline of forty bins."""
    both = np.sort(np.concatenate((before, after)))
    cdfs = [np.searchsorted(np.sort(side), both, side="right") / len(side) for side in (before, after)]
    distance = float(np.abs(cdfs[0] - cdfs[1]).max())
    edges = np.linspace(*np.quantile(both, (0.001, 0.999)), 41)
    shares = [np.histogram(side, edges)[0] / len(side) for side in (before, after)]
    shape = Shape(edges=tuple(edges.tolist()), baseline=tuple(shares[0].tolist()), current=tuple(shares[1].tolist()))
    p = float(min(1.0, 2 * np.exp(-2 * distance**2 * len(before) * len(after) / (len(before) + len(after)))))
    feature = _feature(name, _test("kolmogorov_smirnov", p, distance), shape, blank)
    wasserstein = float(abs(before.mean() - after.mean()) / before.std())
    return dataclasses.replace(feature, measures={"wasserstein": wasserstein, "psi": 4 * distance**2})


def _categorical(rng: np.random.Generator, strength: float) -> list[FeatureDrift]:
    base = np.random.default_rng(2)
    return [
        categorical(
            name,
            dict(zip(levels, base.multinomial(BASELINE_ROWS, list(levels.values())).tolist(), strict=True)),
            _moved(
                name, dict(zip(levels, rng.multinomial(ROWS, list(levels.values())).tolist(), strict=True)), strength
            ),
        )
        for name, levels in CATEGORICAL.items()
    ]


def _moved(name: str, rows: dict[str, int], strength: float) -> dict[str, int]:
    """Payers go from bank transfers to a wallet that the baseline never saw."""
    if name != "PaymentMethod" or not strength:
        return rows
    went = round(rows["Bank transfer"] * strength)
    return {**rows, "Bank transfer": rows["Bank transfer"] - went, "Wallet": went - 9, "Gift card": 9}


def categorical(name: str, before: dict[str, int], after: dict[str, int]) -> FeatureDrift:
    """A categorical feature's drift: total variation, and all of its levels."""
    levels = sorted({**before, **after}, key=lambda level: (-before.get(level, 0), level))
    counts = [np.array([side.get(level, 0) for level in levels], float) for side in (before, after)]
    shares = [side / side.sum() for side in counts]
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    shape = Shape(levels=tuple(levels), baseline=tuple(shares[0].tolist()), current=tuple(shares[1].tolist()))
    p = float(min(1.0, 2 * np.exp(-2 * distance**2 * counts[1].sum() / max(1, len(levels) - 1))))
    new = {level: rows for level, rows in after.items() if not before.get(level)}
    gone = {level: rows for level, rows in before.items() if not after.get(level)}
    feature = _feature(name, _test("total_variation", p, distance), shape)
    share = sum(new.values()) / counts[1].sum()
    return dataclasses.replace(feature, new_levels=new, vanished_levels=gone, new_level_share=float(share))


def _feature(name: str, test: SignificanceTest, shape: Shape, blank: float = 0.0) -> FeatureDrift:
    blanks = MissingDrift(
        baseline=0.002 if blank else 0.0,
        current=blank,
        test=_test("proportions", 1e-9 if blank > 0.02 else 0.3),
        drifted=blank > 0.022,
    )
    material = test.statistic > RULE.effect and test.p_adjusted < RULE.false_discovery_rate
    drifted = material or blanks.drifted
    return FeatureDrift(
        name=name,
        kind="categorical" if shape.levels else "numeric",
        test=test,
        effect=Effect(measure=test.name, value=test.statistic, threshold=RULE.effect),
        missing=blanks,
        drifted=drifted,
        reason=_reason(test.statistic, blanks, drifted),
        shape=shape,
        days=int(drifted),
        since=TODAY if drifted else None,
    )


def _test(name: str, p: float, statistic: float = 1.0) -> SignificanceTest:
    return SignificanceTest(name=name, statistic=statistic, p_value=p, p_adjusted=min(1.0, 3 * p))


def _reason(distance: float, blanks: MissingDrift, drifted: bool) -> str:
    if blanks.drifted:
        return f"Blank cells went from {blanks.baseline:.1%} to {blanks.current:.1%}, more than 2 points."
    if drifted:
        return f"The distance of {distance:.3f} is above {RULE.effect} and more than chance."
    if distance > RULE.effect:
        return f"The distance of {distance:.3f} is above {RULE.effect}, but no more than chance."
    return f"The distance of {distance:.3f} is within the {RULE.effect} that does not matter."


def _prediction(rng: np.random.Generator, strength: float) -> PredictionDrift:
    base = np.random.default_rng(3)
    before, after = base.beta(1.2, 3, BASELINE_ROWS), rng.beta(1.2 + 0.8 * strength, 3, ROWS)
    expected, rate = float((before > 0.5).mean()), float((after > 0.5).mean())
    calls = [{"No": round(n * (1 - r)), "Yes": round(n * r)} for n, r in ((BASELINE_ROWS, expected), (ROWS, rate))]
    return PredictionDrift(
        scores=numeric("scores", before, after), called=categorical("called", *calls), expected_rate=expected, rate=rate
    )
