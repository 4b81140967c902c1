"""What registration keeps of a baseline."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from include.ml.drift.comparison import Question
from include.ml.drift.detection import detect
from include.ml.drift.prediction import Scores
from include.ml.drift.profile import Profiling, read_profile, sha256_of, write_profile
from include.ml.drift.sides import FileBaseline, FileDay
from include.ml.drift.source import TableSource, open_source
from include.specs.dataset import Column
from include.specs.drift import BaselineRef
from include.specs.errors import ReportError
from include.specs.monitoring import DriftRule

FEATURES = (
    Column(name="size", kind="numeric"),
    Column(name="flag", kind="categorical"),
    Column(name="colour", kind="categorical"),
    Column(name="weight", kind="numeric"),
)
SCORE = Column(name="score", kind="numeric")
QUESTION = Question(
    model="toy",
    baseline=BaselineRef(version=3, run="run", sha256="0"),
    rule=DriftRule(),
    features=FEATURES,
    scores=Scores(column="score", threshold=0.61),
)
PROFILING = Profiling(columns=(*FEATURES, SCORE), also={"score": (0.61,)})


@pytest.fixture
def baseline(write, day):
    """A baseline of 20,000 rows, which no grid holds every value of."""
    return open_source(write("a.parquet", {**day(1, 20_000), "score": np.random.default_rng(2).random(20_000)}))


def test_a_profile_says_what_the_baseline_says(write, day, baseline, tmp_path: Path) -> None:
    """To the last digit, in every feature."""
    write_profile(baseline, tmp_path / "p.arrow", PROFILING)
    profile = read_profile(tmp_path / "p.arrow")
    today = FileDay(source=open_source(write("b.parquet", {**day(3, shift=0.1), "score": np.linspace(0, 1, 1_000)})))
    assert detect(profile, today, QUESTION) == detect(FileBaseline(source=baseline), today, QUESTION)
    assert (profile.rows, profile.types) == (20_000, FileBaseline(source=baseline).types)


def test_a_baseline_too_large_to_keep_leaves_its_quantiles(write, day, baseline, tmp_path: Path) -> None:
    """The report says by how much a distance may be larger; what decides is the same."""
    write_profile(baseline, tmp_path / "p.arrow", replace(PROFILING, kept_rows=100))
    today = FileDay(source=open_source(write("b.parquet", {**day(3, shift=0.5), "score": np.linspace(0, 1, 1_000)})))
    exact, report = (
        detect(side, today, QUESTION) for side in (FileBaseline(source=baseline), read_profile(tmp_path / "p.arrow"))
    )
    assert (report.exact, 0 < report.error <= 1 / 4_096) == (False, True)
    assert [feature.name for feature in report.drifted] == [feature.name for feature in exact.drifted]
    for ours, theirs in zip(report.features, exact.features, strict=True):
        assert ours.effect.value <= theirs.effect.value <= ours.effect.value + report.error
        assert ours.test == theirs.test
    assert report.prediction.rate == exact.prediction.rate


def test_the_same_baseline_makes_the_same_file(baseline, tmp_path: Path) -> None:
    """It can be pinned by its digest."""
    for name in ("p", "q"):
        write_profile(baseline, tmp_path / name, PROFILING)
    assert sha256_of(tmp_path / "p") == sha256_of(tmp_path / "q")


def test_a_column_that_was_not_kept_is_told(baseline, tmp_path: Path) -> None:
    """The profile is another model's, or older than the feature."""
    write_profile(baseline, tmp_path / "p", replace(PROFILING, columns=FEATURES[:1]))
    profile = read_profile(tmp_path / "p")
    with pytest.raises(ReportError, match="the profile has no column 'colour'"):
        profile.levels(FEATURES[2])


def test_a_column_of_another_kind_is_told(baseline, tmp_path: Path) -> None:
    """The specification has changed since the profile was made: numbers are no levels."""
    write_profile(baseline, tmp_path / "p", PROFILING)
    profile = read_profile(tmp_path / "p")
    with pytest.raises(ReportError, match="expected points of colour, the profile has none: it was of another kind"):
        profile.numeric(FEATURES[2])
    with pytest.raises(ReportError, match="expected levels of size, the profile has none"):
        profile.levels(FEATURES[0])


def test_rows_in_memory_make_the_profile_of_their_file(write, day, tmp_path: Path) -> None:
    """Where a job has them already, it need not write them first; levels as codes or as text."""
    columns = pa.table({**day(1), "score": np.random.default_rng(2).random(1_000)})
    place = columns.column_names.index("colour")
    coded = columns.set_column(place, "colour", columns["colour"].dictionary_encode())
    file = write("a.parquet", {name: columns[name] for name in columns.column_names})
    write_profile(open_source(file), tmp_path / "p", PROFILING)
    write_profile(TableSource(name="rows", table=coded, rows=2_000), tmp_path / "q", PROFILING)
    ours, theirs = (read_profile(tmp_path / name) for name in ("p", "q"))
    assert (theirs.rows, theirs.independent) == (2_000, 1_000)
    assert ours.levels(FEATURES[2]) == theirs.levels(FEATURES[2])
    for column in (FEATURES[0], FEATURES[3], SCORE):
        assert np.array_equal(ours.numeric(column).values, theirs.numeric(column).values)


def test_a_threshold_that_was_not_counted_at_is_told(baseline, tmp_path: Path) -> None:
    """Where the values that could be counted now were not kept."""
    for kept_rows in (100, 10**6):
        write_profile(baseline, tmp_path / "p", Profiling(columns=(SCORE,), also={}, kept_rows=kept_rows))
        profile = read_profile(tmp_path / "p")
        if kept_rows == 100:
            with pytest.raises(ReportError, match=r"score was not counted at \[0.61\]"):
                profile.numeric(SCORE, (0.61,))
        else:
            assert 0.61 in profile.numeric(SCORE, (0.61,)).points


@pytest.mark.parametrize("content", [b"", b"PAR1 something else"])
def test_what_is_no_profile_is_told(tmp_path: Path, content: bytes) -> None:
    """By its path."""
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(ReportError, match="p: expected a drift profile"):
        read_profile(tmp_path / "p")


def test_a_profile_of_another_format_is_told(tmp_path: Path) -> None:
    """It is made anew, not guessed at."""
    table = pa.table({"x": [1]})
    with pa.OSFile(str(tmp_path / "p"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(ReportError, match="expected a perennial drift profile 1, got None"):
        read_profile(tmp_path / "p")
