"""Days as Parquet files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.specs.drift import BaselineRef, DriftReport, Effect, FeatureDrift, MissingDrift, RowCount, SignificanceTest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Columns to a Parquet file, by default in row groups of a few hundred rows."""

    def made(name: str, columns: Mapping[str, Any], row_group: int = 300) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(dict(columns)), path, row_group_size=row_group)
        return path

    return made


@pytest.fixture
def day() -> Callable[..., dict[str, Any]]:
    """A day of four columns: a number, a flag, a level, and a number with blank cells."""

    def made(seed: int, rows: int = 1_000, shift: float = 0.0) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        return {
            "size": rng.normal(shift, 1, rows),
            "flag": rng.random(rows) < 0.3,
            "colour": rng.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2]),
            "weight": pa.array(rng.exponential(size=rows), mask=rng.random(rows) < 0.1),
        }

    return made


@pytest.fixture
def compared() -> Callable[..., FeatureDrift]:
    """A feature as a comparison leaves it."""

    def made(
        name: str = "size",
        value: float = 0.2,
        p_value: float = 1e-9,
        *,
        drifted: bool = False,
        missing: MissingDrift | None = None,
    ) -> FeatureDrift:
        return FeatureDrift(
            name=name,
            kind="numeric",
            test=SignificanceTest(name="anderson_darling", statistic=9.0, p_value=p_value, p_adjusted=p_value),
            effect=Effect(measure="kolmogorov_smirnov", value=value, threshold=0.05),
            missing=missing or MissingDrift(baseline=0.0, current=0.0, test=None, drifted=False),
            drifted=drifted,
            reason="",
        )

    return made


@pytest.fixture
def report() -> Callable[..., DriftReport]:
    """A report of one day."""

    def made(
        window: Any, *features: FeatureDrift, verdict: Any = "stable", version: int = 3, run: str = "run"
    ) -> DriftReport:
        return DriftReport(
            model="toy",
            window=window,
            baseline=BaselineRef(version=version, run=run, sha256="0"),
            rows=RowCount(baseline=1_000, current=1_000, independent_baseline=1_000, independent_current=1_000),
            verdict=verdict,
            reasons="",
            features=features,
        )

    return made
