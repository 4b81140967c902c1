"""A day that is counted as it goes by."""

import numpy as np
import pyarrow as pa
import pytest

from include.ml.drift import kolmogorov_smirnov as ks
from include.ml.drift import stream
from include.ml.drift.comparison import Question, compare
from include.ml.drift.detection import detect
from include.ml.drift.files import Files, detect_files
from include.ml.drift.sides import FileBaseline, FileDay
from include.ml.drift.source import Source, open_source
from include.ml.drift.stream import StreamDay
from include.specs.dataset import Column
from include.specs.drift import BaselineRef
from include.specs.monitoring import DriftRule

SIZE = Column(name="size", kind="numeric", minimum=-2.0, maximum=2.0)
QUESTION = Question(
    model="toy", baseline=BaselineRef(version=None, run="", sha256=""), rule=DriftRule(), features=(SIZE,)
)


def streamed(path) -> StreamDay:
    """In batches that are no row groups."""
    source = open_source(path)
    return StreamDay(source=Source(name=source.name, parts=source.parts, schema=source.schema, batch_rows=70))


def test_counts_are_those_of_whole_columns(write, day) -> None:
    """Blank cells, infinities and limits included."""
    columns = day(2)
    columns["size"][:7] = np.inf
    path = write("b.parquet", columns)
    baseline = FileBaseline(source=open_source(write("a.parquet", day(1))))
    points = baseline.numeric(SIZE).points
    whole, passing = FileDay(source=open_source(path)).numeric(SIZE, points), streamed(path).numeric(SIZE, points)
    assert passing.counts.below.tolist() == whole.counts.below.tolist()
    assert passing.counts.upto.tolist() == whole.counts.upto.tolist()
    for field in ("rows", "missing", "infinite", "outside", "present"):
        assert getattr(passing, field) == getattr(whole, field), field
    assert passing.values is None
    for name in ("colour", "flag"):
        column = Column(name=name, kind="categorical")
        assert streamed(path).levels(column) == FileDay(source=open_source(path)).levels(column)


def test_a_report_says_that_it_is_not_exact_and_by_how_much(write, day) -> None:
    """And decides as the exact one does."""
    one, other = write("a.parquet", day(1, 20_000)), write("b.parquet", day(2, 3_000, shift=0.4))
    exact = detect_files(Files(baseline=one, current=other))
    report = detect_files(Files(baseline=one, current=other, streaming=True))
    assert (exact.exact, report.exact, 0 < report.error <= 1 / 4_096) == (True, False, True)
    assert [feature.drifted for feature in report.features] == [feature.drifted for feature in exact.features]
    assert [feature.test for feature in report.features] == [feature.test for feature in exact.features]


@pytest.mark.parametrize("seed", range(5))
def test_a_second_look_is_exact(write, seed: int) -> None:
    """Ties with the grid's points, and a day beyond its ends, included."""
    rng = np.random.default_rng(seed)
    one = rng.normal(size=30_000).round(3)
    other = np.append(rng.normal(0.05, 1.1, 9_000), [1e6, -1e6]).round(3)
    path = write("b.parquet", {"size": other})
    baseline = FileBaseline(source=open_source(write("a.parquet", {"size": one}))).numeric(SIZE)
    whole = FileDay(source=open_source(path)).numeric(SIZE, baseline.points)
    passing = streamed(path).numeric(SIZE, baseline.points)
    exact = ks.distance(baseline.values, whole.values, (baseline.counts, whole.counts))
    assert streamed(path).looked_into(SIZE, baseline, passing) == pytest.approx(exact, rel=1e-12)
    cells = np.arange(len(baseline.points) + 1) % 3 == 0
    kept = np.concatenate(list(streamed(path)._inside(SIZE, baseline.points, cells)))
    stretches = [ks.ranks(passing.counts, *run) for run in ks.runs(cells)]
    assert len(kept) == sum(each.stop - each.start for each in stretches)


def test_what_is_open_is_looked_into_where_it_decides(write, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only there; where too much would have to be kept, the error stays and is told."""
    rng = np.random.default_rng(3)
    one, path = rng.normal(size=30_000), write("b.parquet", {"size": rng.normal(0.1, 1, 9_000)})
    baseline = FileBaseline(source=open_source(write("a.parquet", {"size": one})))
    exact = compare(SIZE, baseline, FileDay(source=open_source(path)), QUESTION, None).features[0].effect.value
    far = compare(SIZE, baseline, streamed(path), QUESTION, None)
    assert far.error > 0
    at = Question(**{**vars(QUESTION), "rule": DriftRule(effect=exact - 1e-9)})
    near = compare(SIZE, baseline, streamed(path), at, None)
    assert (near.error, near.features[0].effect.value) == (0.0, pytest.approx(exact, rel=1e-12))
    monkeypatch.setattr(stream, "LOOKED_INTO", 0)
    kept_out = compare(SIZE, baseline, streamed(path), at, None)
    assert kept_out.error == far.error


def test_an_open_set_of_levels_is_bounded(write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are not lost: the levels that came too late are one."""
    monkeypatch.setattr(stream, "LEVELS", 10)
    found = streamed(write("b.parquet", {"key": [f"k{number}" for number in range(500)]})).levels(
        Column(name="key", kind="categorical")
    )
    assert len(found.counts) == 11
    assert (found.counts[stream.OTHERS], sum(found.counts.values())) == (490, 500)


def test_repeated_ids_are_counted(write) -> None:
    """As in whole columns."""
    path = write("b.parquet", {"key": pa.array(["a", "b", "a", None, None, "a"])})
    day = streamed(path)
    assert day.repeated("key") == FileDay(source=open_source(path)).repeated("key") == 2
    assert (day.rows, day.independent, list(day.types)) == (6, 6, ["key"])


def test_few_rows_in_a_stream_are_judged_like_others(write, day) -> None:
    """A small sample's p-value has no need of its values."""
    baseline = FileBaseline(source=open_source(write("a.parquet", day(1, 5_000))))
    report = detect(baseline, streamed(write("b.parquet", day(2, 300))), QUESTION)
    assert report.verdict == "stable"
    assert 0 < report.features[0].measures["kolmogorov_smirnov_p"] <= 1
