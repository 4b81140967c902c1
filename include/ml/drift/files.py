"""Two Parquet files and nothing else: what their columns are is read from the files themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from include.ml.drift.columns import Family, family
from include.ml.drift.comparison import Joint, Question
from include.ml.drift.detection import detect
from include.ml.drift.prediction import Scores
from include.ml.drift.sides import Day, FileBaseline, FileDay
from include.ml.drift.source import Source, one_row_an_entity, open_source, require_column
from include.ml.drift.stream import BATCH_ROWS, StreamDay
from include.specs.dataset import LABEL_IS_POSITIVE, Column, Kind
from include.specs.drift import BaselineRef, DriftReport
from include.specs.errors import DataContractError
from include.specs.monitoring import DriftRule

KINDS: dict[Family, Kind] = {"number": "numeric", "time": "timestamp", "text": "categorical", "truth": "categorical"}
# There are no other days: what breaches has breached on all of them.
RULE = DriftRule(breaches=1, of_days=1)
# The same files always give the same report.
SEED = 20260101
# Rows that are looked at to tell text from levels, and the share of them that differ from which on it is text.
LOOKED_AT, DIFFERENT = 2_000, 0.5


@dataclass(frozen=True, kw_only=True)
class Files:
    """What a person names on the command line.

    Args:
        columns: names of the features; empty for all that the baseline has.
        streaming: whether the current side is too large for a column of it to be in memory.
        classifier: whether text, and all features together, are compared by classifiers; seconds instead of one.
    """

    baseline: Path
    current: Path
    columns: tuple[str, ...] = ()
    entity: str | None = None
    id: str | None = None
    score: str | None = None
    threshold: float = 0.5
    streaming: bool = False
    classifier: bool = False


def detect_files(files: Files, *, progress: Callable[[str, int], None] = lambda _name, _columns: None) -> DriftReport:
    """Compare two Parquet files.

    Args:
        progress: called with the name of each column that is done, and with how many there are.

    Raises:
        DataContractError: a file is missing, unreadable or empty, lacks a column that was named, or the two have no
            column in common.
    """
    # What another column needed is given back to the system at once: Arrow's own pools keep it.
    pa.set_memory_pool(pa.system_memory_pool())
    baseline, current = _opened(files.baseline, files.entity), _opened(files.current, files.entity)
    features = features_of(baseline, files)
    if not features:
        raise DataContractError(f"{files.baseline}: expected columns of numbers, text or truth to compare, found none")
    if not {column.name for column in features} & set(current.schema.names):
        raise DataContractError(f"{files.current}: expected columns of {files.baseline}, the two have none in common")
    question = Question(
        model=files.baseline.stem,
        baseline=BaselineRef(version=None, run=str(files.baseline), sha256=footers_sha256(baseline)),
        rule=RULE,
        features=features,
        scores=Scores(column=files.score, threshold=files.threshold) if files.score else None,
        id=files.id,
        known=frozenset(current.schema.names if files.columns else (*others(files), LABEL_IS_POSITIVE)),
    )
    steps = len(features) + bool(files.score)
    return detect(
        FileBaseline(source=baseline),
        day_of(current, streaming=files.streaming),
        question,
        joint=_joint(baseline, current, files.entity) if files.classifier else None,
        progress=lambda name: progress(name, steps),
    )


def _joint(baseline: Source, day: Source, entity: str | None) -> Joint:
    # scikit-learn takes longer to load than everything else takes to run.
    from include.ml.drift.classifiers import joint  # noqa: PLC0415

    return joint(baseline, day, rule=RULE, seed=SEED, entity=entity)


def day_of(source: Source, *, streaming: bool) -> Day:
    """The day in whole columns, or counted as it goes by."""
    if streaming:
        return StreamDay(source=replace(source, batch_rows=BATCH_ROWS))
    return FileDay(source=source)


def features_of(source: Source, files: Files) -> tuple[Column, ...]:
    """The baseline's columns that are features, of the kinds that their types are.

    Times are none unless they are named: every day is later than the baseline.

    Raises:
        DataContractError: a column that was named is absent, or is of a type that cannot be compared.
    """
    for name in (*files.columns, *others(files)):
        require_column(source, name)
    # A version's own baseline has the labels of its rows beside them: no traffic does.
    left_out = {*others(files), LABEL_IS_POSITIVE}
    names = files.columns or [name for name in source.schema.names if name not in left_out]
    families = {name: family(source.schema.field(name).type) for name in names}
    if not files.columns:
        families = {name: found for name, found in families.items() if found != "time"}
    strange = [name for name, found in families.items() if found == "other"]
    if files.columns and strange:
        kind = source.schema.field(strange[0]).type
        raise DataContractError(f"{source.name}: expected numbers, times, text or truth in {strange[0]}, got {kind}")
    return tuple(
        Column(name=name, kind="text" if found == "text" and is_prose(source, name) else KINDS[found])
        for name, found in families.items()
        if found != "other"
    )


def is_prose(source: Source, name: str) -> bool:
    """Whether most of a column's first rows differ: texts or keys, which it makes no sense to count as levels."""
    first = next(replace(source, batch_rows=LOOKED_AT, kept=None).chunks(name)).drop_null()
    return len(first.dictionary) > DIFFERENT * len(first) and len(first) > 1


def others(files: Files) -> tuple[str, ...]:
    """The columns that are named as something else than features."""
    return tuple(name for name in (files.entity, files.id, files.score) if name)


def footers_sha256(source: Source) -> str:
    """The digest of what the files say about themselves: cheap, and another where the data are others."""
    digest = hashlib.sha256()
    for part in source.parts:
        digest.update(part.path.name.encode())
        with part.path.open("rb") as file:
            file.seek(-part.footer.serialized_size, 2)
            digest.update(file.read())
    return digest.hexdigest()


def _opened(path: Path, entity: str | None) -> Source:
    source = open_source(path)
    return one_row_an_entity(source, entity) if entity else source
