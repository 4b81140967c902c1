"""profile.arrow: what the engine of drift needs of every hold-out row, counted once, and bound to statistics.json."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from include.ml.baseline.attribution import attributions
from include.ml.baseline.compared import as_compared, times_of_day
from include.ml.baseline.statistics import SCORE, last_of_each
from include.ml.data.arrays import from_numpy, to_numpy
from include.ml.drift.profile import ProfileBaseline, Profiling, read_profile, sha256_of, write_profile
from include.ml.drift.source import TableSource
from include.ml.evaluation.predictions import Predictions
from include.specs.baseline import BaselineReport
from include.specs.dataset import Column
from include.specs.errors import VersionError
from include.specs.model import ModelSpec


def bound(
    statistics: BaselineReport,
    path: Path,
    features: pa.Table,
    predictions: Predictions,
    model: ModelSpec,
    *,
    entities: pa.ChunkedArray | None = None,
) -> BaselineReport:
    """Write the profile of a version's hold-out to `path`; the statistics that name it, with what the scores go by.

    Args:
        features: rows × the model's features. predictions: of the same rows.
        entities: (rows,) whom each row is about; of each, the last row alone counts, as in the sample.
    """
    rows = times_of_day(features, model.dataset.features).append_column(
        SCORE, from_numpy(predictions.scores, pa.float64())
    )
    counted = rows if entities is None else rows.take(pa.array(last_of_each(entities)))
    source = TableSource(name="the hold-out", table=counted, rows=len(features))
    write_profile(source, path, _profiling(model, predictions.threshold))
    return replace(
        statistics,
        profile_sha256=sha256_of(path),
        attributions=attributions(counted, to_numpy(counted[SCORE]), model.dataset.features),
    )


def _profiling(model: ModelSpec, threshold: float) -> Profiling:
    columns = [as_compared(column) for column in model.dataset.features]
    return Profiling(
        columns=(*columns, Column(name=SCORE, kind="numeric")),
        # Where rows are called positive: a rate can be read off there, however few values are kept.
        also={SCORE: (threshold,)},
    )


def read_hold_out(path: Path, statistics: BaselineReport) -> ProfileBaseline | None:
    """The profile that belongs to `statistics`; None where the version was registered without one.

    Raises:
        VersionError: it is missing, or is another version's.
        ReportError: it is of a format that this engine does not read.
    """
    if statistics.profile_sha256 is None:
        return None
    whose = f"the profile of {statistics.model} from the run {statistics.run}"
    if not path.is_file():
        raise VersionError(f"{path}: expected {whose}, found no such file; approve another version")
    found = sha256_of(path)
    if found != statistics.profile_sha256:
        raise VersionError(
            f"{path}: expected {whose}, with the SHA-256 {statistics.profile_sha256} that its statistics.json names, "
            f"got {found}: it is another version's, or was altered; approve another version"
        )
    return read_profile(path)
