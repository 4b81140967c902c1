"""Made-up traffic from the command line: a model answers, and what it was asked lies where an endpoint leaves it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from include.ml.capture.reading import read_capture
from include.ml.data import contract
from include.ml.data.landing import LandingFile
from include.ml.data.synthetic import synthesise
from include.ml.evaluation.hold_out import score
from include.ml.features.pipeline import build_pipeline, features_frame, labels
from include.ml.jobs import simulate_traffic
from include.ml.training import artifact
from include.specs import catalog, s3_layout
from include.specs.model import Estimator
from include.specs.reports import PreprocessingReport
from include.specs.run import SplitBoundary

UNTIL = dt.date(2026, 3, 8)
LOGISTIC = Estimator(path="sklearn.linear_model.LogisticRegression", hyperparameters={"max_iter": 500})
SPLIT = PreprocessingReport(parts={}, boundary=SplitBoundary(seed=3, hash_from=0.25), method="stratified", sha256="0")


@pytest.fixture(scope="module")
def artifact_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Fits a model of the catalog's shape; the folder of its artifact."""
    root = tmp_path_factory.mktemp("artifacts")

    def fit(name: str) -> Path:
        folder = root / name
        if not folder.exists():
            model = replace(catalog.model(name), estimator=LOGISTIC, features={})
            made = synthesise(model.dataset, rows=2000, seed=1, until=UNTIL)
            rows = contract.check([LandingFile(name="made up", rows=made)], model.dataset).rows
            known = rows.filter(rows[model.dataset.label.name].is_valid())
            pipeline = build_pipeline(model).fit(features_frame(known, model), labels(known, model))
            folder.mkdir()
            artifact.save(folder, pipeline, model=model, run="run-1", threshold=0.3, hyperparameters={}, split=SPLIT)
        return folder

    return fit


@pytest.fixture
def simulate(tmp_path: Path, artifact_of: Callable[[str], Path]) -> Callable[..., Path]:
    """Runs the job; the folder that it filled."""

    def run(model: str = "churn", folder: str = "out", **given: object) -> Path:
        arguments = {"until": UNTIL, "days": 2, "rows": 60, **given}
        options = [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
        out = tmp_path / folder
        fixed = ["--model", model, "--artifact", str(artifact_of(model)), "--out", str(out)]
        assert simulate_traffic.main([*fixed, *options]) == 0
        return out

    return run


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def told(out: Path, model: str, date: dt.date) -> pa.Table:
    """The labels of the rows of a day, each from the folder of the day that it was told on."""
    files = sorted((out / "labels" / model).glob(f"*/*/*/labels-of-{date}.parquet"))
    assert len(files) > 1
    tables = {s3_layout.date_of(path.as_posix()): pq.read_table(path, partitioning=None) for path in files}
    for day, table in tables.items():
        assert {moment.date() for moment in table["label_time"].to_pylist()} == {day}
    return pa.concat_tables(tables.values())


@pytest.mark.parametrize("name", sorted(catalog.load()))
def test_each_day_lies_where_an_endpoint_leaves_it(
    name: str, simulate: Callable[..., Path], artifact_of: Callable[[str], Path]
) -> None:
    """Scored by the artifact; the labels of its rows are told on later days."""
    out = simulate(name, variant="blue")
    model = catalog.model(name)
    pipeline, _ = artifact.load(artifact_of(name))
    for date in (dt.date(2026, 3, 6), dt.date(2026, 3, 7)):
        start = dt.datetime.combine(date, dt.time(), dt.UTC)
        files = list((out / f"capture/{name}/blue/{date:%Y/%m/%d}").glob("[0-2][0-9]/*.jsonl"))
        found = read_capture(files, model.dataset, (start, start + dt.timedelta(days=1)), limit=0.0).table
        truth = told(out, name, date)
        assert len(found) == len(truth) == 60
        assert set(found["inference_id"].to_pylist()) == set(truth["id"].to_pylist())
        assert found["score"].to_numpy() == pytest.approx(score(pipeline, found, model), rel=1e-12)
        assert pc.min(truth["label_time"]).as_py() > start
        assert set(truth["label"].to_pylist()) <= set(model.dataset.label.levels or ())


def test_the_same_arguments_leave_the_same_bytes(simulate: Callable[..., Path]) -> None:
    """Another seed leaves others."""
    one, same, other = (content(simulate(folder=folder, seed=seed)) for folder, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert one == same
    assert not set(one.values()) & set(other.values())


def test_more_days_leave_a_day_as_it_is(simulate: Callable[..., Path]) -> None:
    """A week that ends with the same two days ends with the same files."""
    short, long = content(simulate(folder="a", days=2)), content(simulate(folder="b", days=4))
    assert short.items() < long.items()


def test_a_day_is_replaced_as_a_whole(simulate: Callable[..., Path]) -> None:
    """Another scenario in the same folder leaves nothing of the first."""
    simulate(folder="a", scenario="none")
    again = simulate(folder="a", scenario="all_null", rows=3)
    assert content(again) == content(simulate(folder="b", scenario="all_null", rows=3))


def test_drift_begins_on_its_day_and_is_told(simulate: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """What drifts, and a line a day: how much of it the day has, and what came of it."""
    simulate(days=3, rows=2000, scenario="sudden", begins=2)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "sudden: tenure: mean -0.75 sd; Contract: 20 points more of 'Month-to-month'"
    dates, told, drift, positive, called = zip(*(line.replace(":", ",").split(", ")[:5] for line in lines), strict=True)
    assert dates == ("2026-03-05", "2026-03-06", "2026-03-07")
    assert told == ("2000 rows",) * 3
    assert drift == ("drift 0%", "drift 0%", "drift 100%")
    for shares in (positive, called):
        before, also_before, after = (float(share.split("%")[0]) for share in shares)
        assert abs(before - also_before) < 5
        assert after > before + 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "nonsense"], f"model must be one of the catalog's {sorted(catalog.load())}"),
        (["--model", "fraud"], "--artifact must be a model of fraud, got 'churn'"),
        (["--begins", "-1"], "scenario.begins must be at least 0"),
        (["--artifact", "nowhere.tar.gz"], "expected a model.tar.gz"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    options: list[str],
    message: str,
    tmp_path: Path,
    artifact_of: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one line, before anything is written."""
    out = tmp_path / "out"
    given = ["--model", "churn", "--artifact", str(artifact_of("churn")), "--out", str(out), "--until", "2026-03-08"]
    assert simulate_traffic.main([*given, *options]) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    "options",
    [["--days", "0"], ["--rows", "-5"], ["--scenario", "apocalypse"], ["--variant", "../x"], ["--until", "today"]],
)
def test_an_argument_that_is_none_is_refused(options: list[str], tmp_path: Path) -> None:
    """By the command line's own parser."""
    given = ["--model", "churn", "--artifact", "a", "--out", str(tmp_path), "--until", "2026-03-08"]
    with pytest.raises(SystemExit):
        simulate_traffic.main([*given, *options])
