"""A day of a served model as the job sees it: capture files, a baseline and earlier reports in; a verdict out."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.ml.baseline import statistics
from include.ml.capture.writing import Dialect
from include.specs import reports
from include.specs.drift import DRIFT, DRIFT_HTML
from tests.unit.ml.jobs.watched_day import (
    BASELINE_ROWS,
    CHURN,
    DAY,
    FRAUD,
    ROWS,
    Day,
    shifted,
)


def test_a_quiet_day_is_stable(day: Day) -> None:
    """New rows of the same world; the page is beside the report."""
    assert day.capture().run() == 0
    found = day.report
    assert (found.verdict, found.window, found.rows.current) == ("stable", DAY, ROWS)
    assert (found.baseline.version, found.baseline.run) == (3, "run-1")
    assert {feature.name for feature in found.features} == {column.name for column in CHURN.dataset.features}
    assert found.prediction is not None
    assert b"</html>" in (day.output / DRIFT_HTML).read_bytes()


def test_first_day_of_a_change_is_a_warning(day: Day) -> None:
    """It names the feature that moved, and the scores that move with it."""
    assert day.capture(shifted(day.traffic, "tenure", 0.5)).run() == 0
    found = day.report
    assert found.verdict == "warning"
    assert {"tenure", "score"} <= {feature.name for feature in found.drifted}
    assert "tenure" in found.reasons


def test_change_that_lasts_is_drift(day: Day, tmp_path: Path) -> None:
    """The report of the day before says that it breached then as well, and since when."""
    assert day.capture(shifted(day.traffic, "tenure", 0.5)).run() == 0
    second = Day(tmp_path / "second")
    before = DAY - dt.timedelta(days=1)
    drifted = [dataclasses.replace(each, since=before) for each in day.report.features]
    second.history = (dataclasses.replace(day.report, window=before, features=tuple(drifted)),)
    assert second.capture(shifted(second.traffic, "tenure", 0.5)).run() == 0
    assert second.report.verdict == "drift"
    [tenure] = [feature for feature in second.report.features if feature.name == "tenure"]
    assert (tenure.days, tenure.since) == (2, before)


def test_what_no_feature_shows_by_itself_is_seen(day: Day) -> None:
    """Two numbers that each are as ever, and no longer go together as they did."""
    charges, tenure = (np.asarray(day.traffic[name].cast(pa.float64())) for name in ("MonthlyCharges", "tenure"))
    together = pa.array(np.sort(charges)[np.argsort(np.argsort(tenure))])
    place = day.traffic.column_names.index("MonthlyCharges")
    assert day.capture(day.traffic.set_column(place, "MonthlyCharges", together)).run() == 0
    assert not any(feature.drifted for feature in day.report.features)
    separability = day.report.separability
    assert separability is not None
    assert separability.drifted
    assert {"tenure", "MonthlyCharges"} & set(separability.drivers)


def test_groups_are_told_beside_the_baselines(day: Day) -> None:
    """Whom the model calls positive; the page has them too, and no verdict goes by them."""
    assert day.capture().run() == 0
    found = day.report.fairness
    assert set(found) == {"gender=Female", "gender=Male", "SeniorCitizen=0", "SeniorCitizen=1"}
    female = found["gender=Female"]
    assert female.baseline is not None
    assert (female.today.rows + female.today.other_rows, female.baseline.rows + female.baseline.other_rows) == (
        ROWS, BASELINE_ROWS
    )  # fmt: skip
    assert set(female.today.measures) == {"dppl", "di"}
    assert b"gender=Female" in (day.output / DRIFT_HTML).read_bytes()


def test_what_the_scores_go_by_is_told_beside_the_baselines(day: Day, tmp_path: Path) -> None:
    """The order of the features is the baseline's on a quiet day, and another when the one that decides is fixed."""
    assert day.capture().run() == 0
    found = day.report.attribution
    assert found is not None
    assert (found.moved, found.features["tenure"].place, set(found.features)) == (
        False, 1, {column.name for column in CHURN.dataset.features}
    )  # fmt: skip
    other = Day(tmp_path / "other")
    place = other.traffic.column_names.index("tenure")
    half = pa.array([1.0, 2.0] * (ROWS // 2))
    assert other.capture(other.traffic.set_column(place, "tenure", half)).run() == 0
    fixed = other.report.attribution
    assert fixed is not None
    assert fixed.features["tenure"].current == pytest.approx(1.0)


def test_what_the_scores_go_by_needs_rows_and_a_baseline(day: Day, tmp_path: Path) -> None:
    """Of few rows, and of a version that was registered before it was kept, there is none."""
    assert day.capture(day.traffic.slice(0, 150)).run() == 0
    assert (day.report.verdict, day.report.attribution) == ("insufficient_data", None)
    old = Day(tmp_path / "old")
    old.profiled = False
    assert old.capture().run() == 0
    assert old.report.attribution is None


def test_day_without_traffic_is_no_verdict(day: Day) -> None:
    """Nothing was captured: that is said, with a page, and nothing fails."""
    assert day.run() == 0
    assert (day.report.verdict, day.report.reasons) == ("insufficient_data", "no traffic was captured on 2026-03-04")
    assert (day.output / DRIFT_HTML).is_file()


def test_other_days_records_are_no_traffic_of_this_one(day: Day) -> None:
    """Files of late hours hold some of both days."""
    day.capture()
    for file in day.input.rglob("*.jsonl"):
        file.write_bytes(file.read_bytes().replace(b'"inferenceTime":"2026-03-04', b'"inferenceTime":"2026-03-05'))
    assert day.run() == 0
    assert day.report.rows.current == 0


def test_caller_that_leaves_a_column_out_has_broken_the_feed(day: Day) -> None:
    """No row can be read: the feed is called broken, not drift, with an example and the name that nobody knows."""
    features = [column.name for column in CHURN.dataset.features]
    day.capture(dialect=Dialect(input="records"))
    for file in day.input.rglob("*.jsonl"):
        file.write_bytes(file.read_bytes().replace(f'\\"{features[0]}\\"'.encode(), b'\\"sex\\"'))
    assert day.run() == 0
    found = day.report
    assert found.verdict == "broken"
    assert [violation.kind for violation in found.violations] == ["unreadable", "new_column"]
    assert features[0] in found.violations[0].message
    assert "sex" in found.violations[1].message


def test_few_bad_lines_cost_themselves_alone(day: Day) -> None:
    """They are counted in the report, and the verdict is that of the rest."""
    day.capture()
    first = min(day.input.rglob("*.jsonl"))
    first.write_bytes(first.read_bytes() + b'{"captureData": {"endp')
    assert day.run() == 0
    found = day.report
    assert (found.verdict, found.rows.current) == ("stable", ROWS)
    assert [(violation.kind, violation.breaks) for violation in found.violations] == [("unreadable", False)]


def test_baseline_of_another_model_is_refused(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one of the same run's name."""
    whole = Day._baseline
    monkeypatch.setattr(Day, "_baseline", lambda self: whole(Day(self.root, FRAUD)))
    assert day.capture().run() == 1
    assert "expected the baseline of churn from the run run-1, got that of fraud from run-1" in day.reason


def test_baseline_of_another_run_is_refused(day: Day) -> None:
    """What is normal for one version says nothing about another."""
    day.run_of_baseline = "run-0"
    assert day.capture().run() == 1
    assert "expected the baseline of churn from the run run-1, got that of churn from run-0" in day.reason
    assert not (day.output / DRIFT).exists()


def test_day_is_compared_with_every_hold_out_row(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile has them all; the sample has whole rows, for the classifier, and the same features are found."""
    monkeypatch.setattr(statistics, "SAMPLE_ROWS", 1_000)
    assert day.capture(shifted(day.traffic, "tenure", 0.5)).run() == 0
    found = day.report
    assert (found.rows.baseline, found.rows.independent_baseline, found.exact) == (BASELINE_ROWS, BASELINE_ROWS, True)
    assert {"tenure", "score"} <= {feature.name for feature in found.drifted}
    assert found.separability is not None


def test_version_without_a_profile_is_watched_by_its_sample(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a version that was registered before there was one."""
    monkeypatch.setattr(statistics, "SAMPLE_ROWS", 1_000)
    day.profiled = False
    assert day.capture(shifted(day.traffic, "tenure", 0.5)).run() == 0
    assert day.report.rows.independent_baseline == 1_000
    assert "tenure" in {feature.name for feature in day.report.drifted}


def test_profile_and_whole_sample_say_the_same(tmp_path: Path) -> None:
    """To the last digit, where the sample is the whole hold-out: of entities, of times, and of rates."""
    for model in (CHURN, FRAUD):
        days = [Day(tmp_path / model.name / name, model) for name in ("profile", "sample")]
        days[1].profiled = False
        for each in days:
            assert each.capture().run() == 0
        ours, theirs = (each.report for each in days)
        # The sample does not know of the rows of an entity that it left out.
        assert ours.rows.independent_baseline == theirs.rows.independent_baseline
        assert (ours.features, ours.prediction, ours.verdict) == (theirs.features, theirs.prediction, theirs.verdict)


def test_profile_of_another_version_is_refused(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """The statistics of this version name the digest of its own."""
    whole = Day._baseline

    def swapped(self: Day) -> None:
        whole(self)
        (self.input / "baseline" / reports.BASELINE_PROFILE).write_bytes(b"another version's")

    monkeypatch.setattr(Day, "_baseline", swapped)
    assert day.capture().run() == 1
    assert "expected the profile of churn from the run run-1, with the SHA-256" in day.reason
    assert "it is another version's, or was altered" in day.reason
    assert not (day.output / DRIFT).exists()


def test_profile_that_is_gone_is_named(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample does not stand in for it: a rule that was set for the whole hold-out would go by less."""
    whole = Day._baseline

    def lost(self: Day) -> None:
        whole(self)
        (self.input / "baseline" / reports.BASELINE_PROFILE).unlink()

    monkeypatch.setattr(Day, "_baseline", lost)
    assert day.capture().run() == 1
    assert "profile.arrow: expected the profile of churn from the run run-1, found no such file" in day.reason


def test_missing_baseline_is_named(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that was registered without one cannot be watched."""
    monkeypatch.setattr(Day, "_baseline", lambda self: self.put("baseline/other", b""))
    assert day.capture().run() == 1
    assert "statistics.json, found no such file" in day.reason


def test_same_day_gives_the_same_bytes(tmp_path: Path) -> None:
    """Report and page, in whatever order the files are listed."""
    days = [Day(tmp_path / name) for name in ("one", "two")]
    for each in days:
        assert each.capture().run() == 0
    for name in (DRIFT, DRIFT_HTML):
        assert (days[0].output / name).read_bytes() == (days[1].output / name).read_bytes()


def test_time_of_day_is_compared_and_not_the_date(tmp_path: Path) -> None:
    """A later date is no drift, another hour is."""
    columns = tuple(
        dataclasses.replace(column, role="feature") if column.role == "event_time" else column
        for column in FRAUD.dataset.columns
    )
    model = dataclasses.replace(FRAUD, dataset=dataclasses.replace(FRAUD.dataset, columns=columns))
    later = pa.scalar(dt.timedelta(days=365))
    verdicts = []
    for name, hours in (("same", 0), ("morning", 6)):
        day = Day(tmp_path / name, model)
        moments = pc.add(day.traffic["EVENT_TIMESTAMP"], later)
        if hours:
            moments = pc.add(pc.floor_temporal(moments, unit="day"), pa.scalar(dt.timedelta(hours=hours)))
        place = day.traffic.column_names.index("EVENT_TIMESTAMP")
        assert day.capture(day.traffic.set_column(place, "EVENT_TIMESTAMP", moments)).run() == 0
        verdicts.append({feature.name: feature.drifted for feature in day.report.features}["EVENT_TIMESTAMP"])
    assert verdicts == [False, True]
