"""How often a quiet day raises an alarm, and how often a change is told: `python -m benchmarks.drift.alarms`.

    python -m benchmarks.drift.alarms --days 1000
    python -m benchmarks.drift.alarms --rows 500 5000 --days 200 --skip-power

Twenty features: ten numeric, ten of 3 to 50 levels, eight of them with 5 % blank cells; and whether a row is called
positive, as one in a hundred is. Baselines are drawn anew, as
the days are: days drawn from the baseline itself hide false alarms. An alarm is a day on which any feature breaches,
whatever the days before it were: a warning counts. The target is at most 0.5 % at any size.

The features are compared and judged by the functions that the job runs. Left out are the Parquet files in between, and
the measures that decide nothing: that lets a thousand days of a million rows be tried.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.drift.days import Law, calls, changes, quiet
from include.ml.drift.categorical import compare_levels
from include.ml.drift.columns import Levels, numbers
from include.ml.drift.judgement import judge
from include.ml.drift.numeric import compare_numbers
from include.ml.drift.prediction import NEGATIVE, POSITIVE, compare_called
from include.ml.drift.sample import baseline_of, current_of
from include.ml.drift.significance import adjust
from include.specs.drift import FeatureDrift
from include.specs.monitoring import DriftRule

SIZES = ((100_000, 500), (7_000, 500), (1_000_000, 500), (100_000, 5_000), (100_000, 100_000), (1_000_000, 1_000_000))
POWER_SIZES = ((100_000, 500), (100_000, 5_000), (100_000, 100_000))
# Days that share a baseline: it is redrawn this often.
DAYS_A_BASELINE = 5


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Some days against one baseline."""

    seed: int
    days: int
    sizes: tuple[int, int]
    changed: tuple[str, Law] | None = None
    rule: DriftRule


def breaches(trial: Trial) -> list[tuple[str, ...]]:
    """For each day, the features that breached."""
    rng = np.random.default_rng(trial.seed)
    laws = quiet() | calls()
    todays = {**laws, **dict([trial.changed])} if trial.changed else laws
    comparisons = {name: _comparison(name, laws[name], rng, trial) for name in laws}
    return [_breached([comparisons[name](todays[name]) for name in laws], trial) for _ in range(trial.days)]


def _breached(features: Sequence[FeatureDrift], trial: Trial) -> tuple[str, ...]:
    judged = [judge(feature, trial.rule) for feature in adjust(features)]
    return tuple(feature.name for feature in judged if feature.drifted)


def _comparison(name: str, law: Law, rng: np.random.Generator, trial: Trial) -> Callable[[Law], FeatureDrift]:
    """What compares a day of some law with a baseline drawn from `law`."""
    rows, today = trial.sizes
    if law.called is not None:
        calls = _calls(law, rng, rows)
        return lambda now: compare_called(calls, _calls(now, rng, today), trial.rule)
    if law.shares:
        levels = _levels(law, rng, rows)
        return lambda now: compare_levels(name, levels, _levels(now, rng, today), trial.rule)
    baseline = baseline_of(numbers(law.numbers(rng, rows), rows=rows))
    return lambda now: compare_numbers(
        name, baseline, current_of(numbers(now.numbers(rng, today), rows=today), baseline.points), trial.rule
    )


def _levels(law: Law, rng: np.random.Generator, rows: int) -> Levels:
    counts = law.counts(rng, rows)
    return Levels(rows=rows, missing=rows - sum(counts.values()), counts=counts)


def _calls(law: Law, rng: np.random.Generator, rows: int) -> Levels:
    positive = int(rng.binomial(rows, law.called or 0.0))
    return Levels(rows=rows, missing=0, counts={POSITIVE: positive, NEGATIVE: rows - positive})


def _share(
    trial: Callable[..., Trial], days: int, counts: Callable[[tuple[str, ...]], bool], pool: ProcessPoolExecutor
) -> float:
    """The share of so many days that `counts`."""
    trials = [trial(seed=seed, days=DAYS_A_BASELINE) for seed in range(-(-days // DAYS_A_BASELINE))]
    found: list[bool] = []
    for number, each in enumerate(pool.map(breaches, trials)):
        found += [counts(day) for day in each]
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {len(trials)} baselines", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(end="\r\x1b[K", file=sys.stderr)
    return sum(found) / len(found)


def false_alarms(sizes: Sequence[tuple[int, int]], days: int, rule: DriftRule, pool: ProcessPoolExecutor) -> None:
    """Print the share of quiet days with an alarm, a line a size."""
    print(f"\nshare of {days} quiet days with an alarm (target: at most 0.5 %)")
    print(f"{'baseline rows':>14}{'rows a day':>14}{'alarms':>10}")
    for size in sizes:
        share = _share(partial(Trial, sizes=size, rule=rule), days, bool, pool)
        print(f"{size[0]:>14,}{size[1]:>14,}{share:>10.2%}", flush=True)


def power(sizes: Sequence[tuple[int, int]], days: int, rule: DriftRule, pool: ProcessPoolExecutor) -> None:
    """Print the share of days on which a changed feature is told, a line a change."""
    print(f"\nshare of {days} days on which the changed feature breaches")
    print(f"{'change':32}" + "".join(f"{f'{base:,} / {day:,}':>20}" for base, day in sizes))
    for title, changed in changes().items():
        shares = [_told(changed, size, days, rule, pool) for size in sizes]
        print(f"{title:32}" + "".join(f"{share:>20.0%}" for share in shares), flush=True)


def _told(
    changed: tuple[str, Law], size: tuple[int, int], days: int, rule: DriftRule, pool: ProcessPoolExecutor
) -> float:
    trial = partial(Trial, sizes=size, changed=changed, rule=rule)
    return _share(trial, days, lambda names: changed[0] in names, pool)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; exit code 0 whatever they say, since a benchmark states and a person judges."""
    given = _parser().parse_args(argv)
    rule = DriftRule(false_discovery_rate=given.rate)
    sizes = [(given.baseline, rows) for rows in given.rows] if given.rows else SIZES
    with ProcessPoolExecutor(given.processes) as pool:
        false_alarms(sizes, given.days, rule, pool)
        if not given.skip_power:
            power(POWER_SIZES, given.power_days, rule, pool)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=1_000, help="quiet days at each size")
    parser.add_argument("--power-days", type=int, default=400, help="changed days of each kind and size")
    parser.add_argument("--rows", type=int, nargs="+", help="rows a day; by default the sizes of the table")
    parser.add_argument("--baseline", type=int, default=100_000, help="rows of the baseline, with --rows")
    parser.add_argument("--rate", type=float, default=DriftRule.false_discovery_rate, help="of the rule")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--skip-power", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
