"""The two-sample test of Kolmogorov and Smirnov, held against SciPy."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from include.ml.drift import kolmogorov_smirnov as ks
from include.ml.drift.grid import count, points_of

SAMPLES = arrays.arrays(np.float64, st.integers(1, 80), elements=st.floats(-5, 5).map(lambda value: round(value, 1)))


def both(one: np.ndarray, other: np.ndarray, cells: int) -> tuple[float, ks.Interval]:
    """The exact distance, and the interval of a grid of so many cells."""
    points = points_of(one, cells)
    counts = count(one, points), count(other, points)
    return ks.distance(one, other, counts), ks.interval(*counts)


@given(SAMPLES, SAMPLES, st.integers(1, 20))
def test_distance_is_scipys_and_within_its_interval(one: np.ndarray, other: np.ndarray, cells: int) -> None:
    """Whatever the grid, which is only a way to look less."""
    distance, within = both(np.sort(one), np.sort(other), cells)
    assert distance == pytest.approx(scipy.stats.ks_2samp(one, other, method="asymp").statistic, rel=1e-9, abs=1e-12)
    assert within.low - 1e-12 <= distance <= within.high + 1e-12


@pytest.mark.parametrize("shift", [0.0, 0.01, 0.3, 50.0])
def test_large_samples_agree_with_scipy(shift: float) -> None:
    """Statistic and p-value, to 1e-9, from nearly equal to wholly apart."""
    rng = np.random.default_rng(3)
    one, other = np.sort(rng.normal(size=30_000)), np.sort(rng.normal(shift, size=20_001))
    theirs = scipy.stats.ks_2samp(one, other, method="asymp")
    distance, within = both(one, other, 256)
    assert distance == pytest.approx(theirs.statistic, rel=1e-9)
    assert ks.significance(distance, one, other) == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-300)
    assert within.high - within.low <= 1 / 256


@pytest.mark.parametrize("size", [5_001, 20_000, 100_001, 5_000_000])
@pytest.mark.parametrize("z", [0.05, 0.2, 0.3, 0.5, 0.8, 1.0, 1.36, 1.48, 1.49, 2.0, 4.0, 15.0, 19.0, 25.0])
def test_asymptotic_p_values_are_scipys(size: int, z: float) -> None:
    """In every branch of its distribution, without importing it."""
    distance = z / size**0.5
    expected = scipy.stats.kstwo.sf(distance, size)
    assert ks.asymptotic(distance, 2 * size, 2 * size) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("sizes", [(1, 1), (7, 30), (200, 200), (500, 3_000)])
def test_small_samples_are_counted_exactly(sizes: tuple[int, int]) -> None:
    """As SciPy does by itself."""
    rng = np.random.default_rng(4)
    one, other = np.sort(rng.normal(size=sizes[0])), np.sort(rng.normal(0.2, size=sizes[1]))
    theirs = scipy.stats.ks_2samp(one, other)
    assert ks.significance(theirs.statistic, one, other) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_a_small_sample_against_a_huge_one_is_not_counted() -> None:
    """The paths would be too many; SciPy's distribution of a small sample against a known law is as good."""
    one, other = np.arange(1e6), np.arange(500.0) * 2_000
    assert ks.significance(0.08, one, other) == scipy.stats.kstwo.sf(0.08, round(ks.effective_size(10**6, 500)))


@pytest.mark.parametrize(("distance", "expected"), [(0.0, 1.0), (1.0, 0.0), (0.6, 0.0)])
def test_the_ends_of_the_scale(distance: float, expected: float) -> None:
    """Equal samples and samples that do not overlap."""
    assert ks.asymptotic(distance, 10**5, 10**5) == expected


def test_large_days_do_not_import_scipy_stats() -> None:
    """It would cost more than all the rest."""
    code = (
        "import sys; from include.ml.drift.kolmogorov_smirnov import asymptotic\n"
        "asymptotic(.01, 10**6, 10**6); asymptotic(.001, 10**6, 10**6)\n"
        "print('scipy.stats' in sys.modules, 'pandas' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert printed.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cells", [2, 40, 4_096])
def test_looking_less_finds_the_same(seed: int, cells: int) -> None:
    """Ties, a finer grid within the coarse, and stretches too short for it included."""
    rng = np.random.default_rng(seed)
    one = np.sort(rng.normal(size=20_000).round(2 + seed % 3))
    other = np.sort(np.concatenate((rng.normal(0.01, 1, 15_000), np.full(50, 0.5))).round(3))
    assert both(one, other, cells)[0] == pytest.approx(
        scipy.stats.ks_2samp(one, other, method="asymp").statistic, rel=1e-9
    )
