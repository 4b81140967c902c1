"""Days of a served model as the job sees them: captures, labels, a baseline and an evaluation in; a verdict out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
from pathlib import Path

import pytest

from include.ml.capture.writing import Dialect
from include.ml.data.synthetic import synthesise
from include.specs import s3_layout
from include.specs.performance import PERFORMANCE, PERFORMANCE_HTML
from tests.unit.ml.jobs.measured_days import CHURN, FIRST, ROWS, MeasuredDays
from tests.unit.ml.performance.served_days import drawn


@pytest.fixture
def served(tmp_path: Path) -> MeasuredDays:
    return MeasuredDays(tmp_path / "ml")


@pytest.mark.parametrize("input_", ["csv", "records"])
def test_labels_that_come_weeks_later_find_their_day(served: MeasuredDays, input_: str) -> None:
    """By the request's inference id, or by the id in its body; a day that is waiting for its labels is estimated."""
    spoken = Dialect(input=input_)
    served.day(drawn(ROWS, seed=1), dialect=spoken).day(drawn(ROWS, seed=2), labelled=False, dialect=spoken)
    assert served.run() == 0
    first, second = served.report.days
    assert (served.report.verdict, served.report.metric) == ("stable", "roc_auc")
    assert (first.rows, first.labelled, second.labelled) == (ROWS, ROWS, 0)
    assert (first.judged, second.judged, second.metrics) == (True, False, {})
    assert second.estimated is not None
    assert second.estimated.calibrated


def test_quality_that_falls_is_told(served: MeasuredDays) -> None:
    """Two such days are a degradation, since the first."""
    served.day(drawn(ROWS, seed=1)).day(drawn(ROWS, seed=2, blur=0.9)).day(drawn(ROWS, seed=3, blur=0.9))
    assert served.run() == 0
    assert (served.report.verdict, served.report.since) == ("degraded", FIRST + dt.timedelta(days=1))


def test_a_run_for_the_past_knows_what_was_known_then(served: MeasuredDays) -> None:
    """Labels of the day after are of no use to it."""
    served.window = FIRST + dt.timedelta(days=20)
    served.day(drawn(ROWS, seed=1)).day(drawn(ROWS, seed=2))
    assert served.run() == 0
    assert [day.labelled for day in served.report.days] == [ROWS, 0]
    assert served.report.labels.later == ROWS


def test_a_file_that_was_begun_before_midnight_is_read(served: MeasuredDays) -> None:
    """It lies in the folder of the day before, and holds the first records of a day."""
    served.day(drawn(ROWS, seed=1), labelled=False)
    [first] = [path for path in served.input.rglob("*.jsonl") if "/00/" in path.as_posix()]
    before = first.parents[2] / f"{(FIRST - dt.timedelta(days=1)).day:02d}/23" / first.name
    before.parent.mkdir(parents=True)
    first.rename(before)
    assert served.run() == 0
    assert served.report.days[0].rows == ROWS


def test_a_day_whose_layout_was_another_says_so(served: MeasuredDays) -> None:
    """As where the version that answered had a feature less; the log has an example."""
    served.day(drawn(ROWS, seed=1), labelled=False)
    for file in served.input.rglob("*.jsonl"):
        file.write_bytes(
            file.read_bytes().replace(
                b'"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"',
                b'"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"9,',
            )
        )
    assert served.run() == 0
    [day] = served.report.days
    assert (day.rows, day.unreadable) == (0, {"wrong_columns": ROWS})
    assert "of another layout than the spec has today" in served.report.reasons


def test_nothing_has_come(served: MeasuredDays) -> None:
    """No traffic and no label: that is said, and nothing fails. A mark that a writer leaves is no file of labels."""
    served.days[FIRST] = 3
    mark = served.input / s3_layout.labels("churn", FIRST) / "_SUCCESS"
    mark.parent.mkdir(parents=True)
    mark.touch()
    assert served.run() == 0
    assert (served.report.verdict, served.report.days[0].rows) == ("insufficient_data", 0)


def test_an_old_baseline_says_that_it_has_no_labels(served: MeasuredDays) -> None:
    """The estimate is made from scores as they are."""
    served.day(drawn(ROWS, seed=1), labelled=False)
    assert served.run(labels_in_sample=False) == 0
    found = served.report.days[0].estimated
    assert found is not None
    assert not found.calibrated
    assert "the baseline has no labels" in found.basis


def test_the_evaluation_of_another_run_is_refused(served: MeasuredDays) -> None:
    """What one version was is not what another must be."""
    served.run_of_evaluation = "run-0"
    assert served.day(drawn(50, seed=1)).run() == 1
    assert "expected the evaluation of the run run-0, got that of run-1" in served.reason
    assert not (served.output / PERFORMANCE).exists()


def test_a_broken_file_of_labels_is_named(served: MeasuredDays) -> None:
    """It is not taken for no labels."""
    served.day(drawn(50, seed=1))
    [file] = served.input.rglob("part-0.parquet")
    file.write_bytes(b"PAR1")
    assert served.run() == 1
    assert "part-0.parquet: expected labels as a Parquet file" in served.reason


def test_what_batch_transforms_said_is_measured_day_by_day(served: MeasuredDays) -> None:
    """By the folder that their outputs are in, joined to labels by the id of each row."""
    names = (CHURN.dataset.id.name, *(column.name for column in CHURN.dataset.features))
    watched = dataclasses.replace(CHURN.monitoring, source="predictions", input_columns=names)
    served.model = dataclasses.replace(CHURN, monitoring=watched)
    for seed in (1, 2):
        served.day(drawn(ROWS, seed=seed))
    shutil.rmtree(served.input / "capture")
    table = synthesise(CHURN.dataset, rows=ROWS, seed=1, until=FIRST)
    rows = list(zip(*(table[name].to_pylist() for name in names[1:]), strict=True))
    for seed, date in enumerate(served.days, start=1):
        scores = drawn(ROWS, seed=seed).scores
        lines = [
            ",".join("" if cell is None else str(cell) for cell in (f"{date}-{n}", *row, scores[n]))
            for n, row in enumerate(rows)
        ]
        key = s3_layout.predictions("churn", date).removeprefix("predictions/")
        served.put(f"capture/{key}rows.csv.out", "\n".join(lines).encode())
    assert served.run() == 0
    assert [(day.rows, day.labelled) for day in served.report.days] == [(ROWS, ROWS)] * 2
    assert served.report.verdict == "stable"


def test_same_days_give_the_same_bytes(tmp_path: Path) -> None:
    """In whatever folder."""
    found = []
    for name in ("one", "two"):
        served = MeasuredDays(tmp_path / name).day(drawn(ROWS, seed=1))
        assert served.run() == 0
        found.append((served.output / PERFORMANCE).read_bytes())
    assert found[0] == found[1]


def test_the_page_is_written_beside_the_report(served: MeasuredDays) -> None:
    """In the words of the spec."""
    served.day(drawn(ROWS, seed=1)).day(drawn(ROWS, seed=2), labelled=False)
    assert served.run() == 0
    page = (served.output / PERFORMANCE_HTML).read_text()
    assert CHURN.title in page
    assert "This is an estimate" in page
    assert {path.name for path in served.output.iterdir()} == {PERFORMANCE, PERFORMANCE_HTML}
