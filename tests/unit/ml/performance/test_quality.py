"""Days with labels, without, and with a few, against what was registered."""

import dataclasses
import datetime as dt
import weakref
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from include.ml.evaluation.intervals import estimates
from include.ml.evaluation.predictions import Predictions
from include.ml.performance.calibration import calibration
from include.ml.performance.confidence import estimated
from include.ml.performance.groups import columns_of
from include.ml.performance.labels import read_labels
from include.ml.performance.predictions import Answered, answered
from include.ml.performance.quality import performance
from include.ml.performance.registered import Registered, Versions
from include.specs import codec
from include.specs.errors import ReportError
from include.specs.groups import Fairness, Group
from include.specs.model import ModelSpec
from include.specs.monitoring import Monitoring, PerformanceRule
from include.specs.performance import DayQuality, EstimatedQuality, PerformanceReport
from tests.unit.ml.performance.served_days import NOON, captured, drawn, evaluation_of, put_labels

HOLD_OUT = drawn(1500, seed=99)
WINDOW = NOON.date() + dt.timedelta(days=30)
ROWS = 800
LATER = NOON + dt.timedelta(days=20)


class Served:
    """A model that answered for some days, some of whose labels came."""

    def __init__(self, toy: ModelSpec, folder: Path) -> None:
        self.folder, self.days, self.said = folder, [], []
        rule = PerformanceRule(metric="roc_auc")
        self.model = dataclasses.replace(toy, monitoring=Monitoring(performance=rule))
        self.registered = Registered(version=3, evaluation=evaluation_of(HOLD_OUT), model=self.model)
        self.past: list[Registered] = []
        self.lost: dict[int, str] = {}

    def before(self, version: int, hold_out: Predictions, *, threshold: float = 0.5) -> "Served":
        """Another version, as it was registered."""
        evaluation = dataclasses.replace(evaluation_of(hold_out), run=f"run-of-{version}")
        confusion = dataclasses.replace(evaluation.confusion, threshold=threshold)
        evaluation = dataclasses.replace(evaluation, confusion=confusion)
        self.past.append(Registered(version=version, evaluation=evaluation, model=self.model))
        return self

    def day(self, predictions: Predictions, *, version: int | None = 3, labelled: float = 1.0) -> "Served":
        """One more day; of its rows this share gets a label."""
        date = NOON.date() + dt.timedelta(days=len(self.days))
        ids = [f"{date}-{row}" for row in range(predictions.rows)]
        table = captured(self.model.dataset, ids, predictions.scores.tolist())
        self.days.append(answered(table, self.model.dataset, date, version=version, columns=columns_of(self.model)))
        known = round(labelled * len(ids))
        words = np.where(predictions.labels, "yes", "no").tolist()
        self.said += [(key, word, LATER) for key, word in zip(ids[:known], words, strict=False)]
        return self

    def report(self, days: Iterable[Answered] | None = None) -> PerformanceReport:
        """As of the window's end."""
        until = dt.datetime.combine(WINDOW, dt.time(), dt.UTC) + dt.timedelta(days=1)
        files = [put_labels(self.folder / "labels.parquet", self.said)]
        labels = read_labels(files, self.model.dataset, until)
        versions = Versions(watched=self.registered, past=tuple(self.past), lost=self.lost)
        return performance(self.days if days is None else days, labels, versions, window=WINDOW)


@pytest.fixture
def served(toy: ModelSpec, tmp_path: Path) -> Served:
    return Served(toy, tmp_path)


def test_groups_are_of_all_days_that_the_version_answered(served: Served) -> None:
    """All their labelled rows together; the report survives being written."""
    groups = Fairness(groups=(Group(column="colour"),))
    served.model = dataclasses.replace(served.model, fairness=groups)
    served.registered = dataclasses.replace(served.registered, model=served.model)
    for version in (3, 3, 2):
        served.day(drawn(ROWS, seed=version), version=version, labelled=0.5)
    report = served.report()
    # Nothing was captured of the colour: blank cells are a group, beside which there is nobody.
    [(name, found)] = report.fairness.items()
    assert (name, found.rows, found.reason) == ("colour=(missing)", ROWS, "0 rows on one side, it takes 50")
    assert codec.decode(PerformanceReport, codec.encode(report), source="test") == report


def last(report: PerformanceReport) -> DayQuality:
    """The newest day."""
    return report.days[-1]


def test_a_day_like_the_hold_out_is_stable(served: Served) -> None:
    """Its metrics are those of the evaluation's own functions, over its rows; the report survives being written."""
    day = drawn(ROWS, seed=1)
    report = served.day(day).report()
    assert (report.verdict, report.since, report.metric) == ("stable", None, "roc_auc")
    assert (last(report).rows, last(report).labelled, last(report).positives) == (ROWS, ROWS, day.positives)
    assert {name: found.realised for name, found in last(report).metrics.items()} == estimates(day)
    assert last(report).metrics["roc_auc"].registered == served.registered.evaluation.metrics["roc_auc"]
    assert (report.registered.run, report.registered.version, report.registered.rows) == ("run-1", 3, HOLD_OUT.rows)
    assert codec.decode(PerformanceReport, codec.encode(report), source="performance.json") == report


def test_scores_that_mean_less_are_a_warning_and_then_a_degradation(served: Served) -> None:
    """The first day warns, the second makes it so, since the first."""
    served.day(drawn(ROWS, seed=1)).day(drawn(ROWS, seed=2, blur=0.7))
    warned = served.report()
    assert (warned.verdict, warned.since) == ("warning", warned.days[1].date)
    degraded = served.day(drawn(ROWS, seed=3, blur=0.7)).report()
    assert (degraded.verdict, degraded.since) == ("degraded", warned.since)
    assert "ROC-AUC" in degraded.reasons
    assert [day.breached for day in degraded.days] == [False, True, True]


def test_another_metric_can_decide(served: Served) -> None:
    """By default the gate's own; where the ranking is as it was, but probabilities are not, log loss can."""
    weaker = drawn(ROWS, seed=1)
    too_sure = dataclasses.replace(weaker, scores=weaker.scores**5)
    assert served.day(too_sure).report().verdict == "stable"
    rule = PerformanceRule(metric="log_loss")
    watched = dataclasses.replace(served.model, monitoring=Monitoring(performance=rule))
    served.registered = dataclasses.replace(served.registered, model=watched)
    assert served.report().verdict == "warning"


def test_a_day_with_few_of_its_labels_has_no_verdict(served: Served) -> None:
    """The first labels are rarely like the others: metrics are shown and not judged."""
    report = served.day(drawn(ROWS, seed=1, blur=0.9), labelled=0.3).report()
    assert (report.verdict, last(report).judged, last(report).share_labelled) == ("insufficient_data", False, 0.3)
    assert last(report).reasons == "240 of 800 predictions have a label; it takes 50% of them"
    assert set(last(report).metrics) == set(served.registered.evaluation.metrics)


def test_a_small_day_has_no_verdict(served: Served) -> None:
    """Of either class there must be enough."""
    report = served.day(drawn(40, seed=1)).report()
    assert last(report).reasons == "15 positive and 25 negative labels; it takes 30 of each"
    assert report.verdict == "insufficient_data"


def test_labels_of_one_class_are_counted_and_not_measured(served: Served) -> None:
    """Nothing can be ranked."""
    served.day(drawn(200, seed=1))
    served.said = [said for said in served.said if said[1] == "no"]
    found = last(served.report())
    assert (found.positives, found.metrics, found.judged) == (0, {}, False)


def test_a_day_without_labels_or_without_rows(served: Served) -> None:
    """Neither is an error."""
    report = served.day(drawn(50, seed=1), labelled=0).report()
    assert (report.verdict, last(report).metrics) == ("insufficient_data", {})
    assert report.reasons == "0 of 50 predictions have a label, on no day enough for a verdict"
    empty = answered(captured(served.model.dataset, [], []), served.model.dataset, NOON.date(), version=3)
    found = last(served.report([empty]))
    assert (found.rows, found.reasons) == (0, "no predictions were captured")
    assert served.report([]).reasons == "no predictions were captured"


def test_predictions_that_no_label_finds_are_told_and_estimated(served: Served) -> None:
    """None has an id: the sentence says so, and not that nothing came; an estimate asks for no id."""
    estimate = partial(estimated, threshold=0.5, calibration=calibration(HOLD_OUT.scores, HOLD_OUT.labels))
    served.registered = dataclasses.replace(served.registered, estimate=estimate)
    dataset, day = served.model.dataset, drawn(ROWS, seed=1)
    nameless = answered(captured(dataset, [None] * ROWS, day.scores.tolist()), dataset, NOON.date(), version=3)
    report = served.report([nameless])
    found = last(report)
    told = "800 predictions have no id of their own, or no score: no label finds them"
    assert (found.rows, found.unusable) == (0, ROWS)
    assert found.reasons == f"no prediction can be used; {told}"
    assert report.reasons == (
        f"on none of 1 days is there a prediction that a label could find; on {found.date}: {found.reasons}"
    )
    assert found.estimated == estimate(day.scores)
    half = [f"{row}" if row % 2 else None for row in range(ROWS)]
    mixed = answered(captured(dataset, half, day.scores.tolist()), dataset, NOON.date(), version=3)
    found = last(served.report([mixed]))
    assert (found.rows, found.unusable, found.reasons) == (
        ROWS / 2, ROWS / 2, f"0 of 400 predictions have a label; it takes 50% of them; {told.replace('800', '400')}",
    )  # fmt: skip
    assert found.estimated is not None
    assert (found.estimated.rows, found.estimated.metrics["accuracy"].value) == (
        ROWS, pytest.approx(estimate(day.scores).metrics["accuracy"].value),
    )  # fmt: skip


def test_what_cannot_be_read_is_no_day_without_traffic(served: Served) -> None:
    """Rows of a version with other features are of another layout, most of all."""
    dataset = served.model.dataset
    empty = captured(dataset, [], [])
    unreadable = {"not_json": 2, "wrong_columns": 500}
    report = served.report([answered(empty, dataset, NOON.date(), version=3, unreadable=unreadable)])
    found = last(report)
    assert found.reasons == (
        "no prediction can be used; 502 could not be read (500 of another layout than the spec has today, as a version "
        "with other features had, 2 not json)"
    )
    assert report.reasons.endswith(found.reasons)
    assert codec.decode(PerformanceReport, codec.encode(report), source="performance.json") == report


def test_a_judged_day_keeps_its_sentence(served: Served) -> None:
    """What was lost beside it is counted."""
    judged = dataclasses.replace(served.day(drawn(ROWS, seed=1)).days[0], unusable=7, unreadable={"not_json": 2})
    found = last(served.report([judged]))
    assert (found.judged, found.unusable, found.unreadable) == (True, 7, {"not_json": 2})
    assert found.reasons.endswith("does not matter")


@pytest.mark.parametrize(
    ("version", "why"),
    [
        (2, "version 2 answered; run.json: gone"),
        (1, "version 1 answered; its evaluation is not known"),
        (None, "nobody knows which version answered, and which evaluation would be its"),
    ],
)
def test_days_without_an_evaluation_of_their_own_are_counted_only(
    served: Served, version: int | None, why: str
) -> None:
    """Another's threshold and evaluation would be a false alarm, or hide a true one."""
    served.lost = {2: "run.json: gone"}
    report = served.day(drawn(ROWS, seed=1, blur=0.9), version=version).report()
    found = last(report)
    assert (found.labelled, found.judged, found.metrics, found.estimated) == (ROWS, False, {}, None)
    assert (report.verdict, report.registered.version, report.others, found.reasons) == (
        "insufficient_data", 3, (), why,
    )  # fmt: skip
    assert report.reasons.endswith("on 1 of 1 days a version answered whose evaluation is not known")


def test_each_day_is_held_against_the_version_that_answered_it(served: Served) -> None:
    """Its metrics and its threshold: what is a fall of one is how the other was registered."""
    served.before(2, drawn(1500, seed=98, blur=0.7), threshold=0.3)
    day = drawn(ROWS, seed=1, blur=0.7)
    old, new = served.day(day, version=2).day(day).report().days
    assert (old.breached, new.breached) == (False, True)
    assert old.metrics["roc_auc"].registered == served.past[0].evaluation.metrics["roc_auc"]
    assert new.metrics["roc_auc"].registered == served.registered.evaluation.metrics["roc_auc"]
    lower = dataclasses.replace(day, threshold=0.3)
    assert old.metrics["recall"].realised == estimates(lower, ["recall"])["recall"]
    assert new.metrics["recall"].realised == estimates(day, ["recall"])["recall"]


def test_version_that_was_replaced_is_judged_as_its_labels_come(served: Served) -> None:
    """The report is about it until a day of the next can be judged, and says which one serves now."""
    served.before(2, drawn(1500, seed=98)).before(1, drawn(1500, seed=97))
    served.day(drawn(ROWS, seed=1, blur=0.7), version=2).day(drawn(ROWS, seed=2, blur=0.7), version=2)
    report = served.day(drawn(ROWS, seed=3), labelled=0.1).report()
    assert (report.verdict, report.since, report.watched) == ("degraded", report.days[0].date, 3)
    assert (report.registered.version, report.registered.run) == (2, "run-of-2")
    # Version 1 answered none of the days; the one that serves is there in any case.
    assert [other.version for other in report.others] == [3]
    assert (report.served_until, report.fallen) == (report.days[1].date, report.days[1])
    assert report.reasons.startswith(f"of version 2, which answered until {report.days[1].date}, on ")
    assert codec.decode(PerformanceReport, codec.encode(report), source="performance.json") == report
    report = served.day(drawn(ROWS, seed=4)).report()
    assert (report.verdict, report.registered.version, report.served_until) == ("stable", 3, None)
    assert [other.version for other in report.others] == [2]


def test_groups_are_of_the_version_of_the_verdict(served: Served) -> None:
    """Called by its own threshold; of the one that serves where there is no verdict."""
    groups = Fairness(groups=(Group(column="colour"),))
    served.model = dataclasses.replace(served.model, fairness=groups)
    served.registered = dataclasses.replace(served.registered, model=served.model)
    served.before(2, drawn(1500, seed=98), threshold=0.0)
    report = served.day(drawn(ROWS, seed=1), version=2).day(drawn(ROWS, seed=2), labelled=0.25).report()
    [found] = report.fairness.values()
    assert (report.registered.version, found.rows, found.called) == (2, ROWS, ROWS)
    [found] = served.report(served.days[1:]).fairness.values()
    assert found.rows == ROWS / 4


def test_every_day_of_this_version_is_estimated(served: Served) -> None:
    """From its scores alone, labelled or not; a day without rows is not."""
    seen = []

    def estimate(scores: np.ndarray) -> EstimatedQuality:
        seen.append(len(scores))
        return EstimatedQuality(rows=len(scores), metrics={}, calibrated=False, basis="because")

    served.registered = dataclasses.replace(served.registered, estimate=estimate)
    served.day(drawn(50, seed=1)).day(drawn(60, seed=1), labelled=0).day(drawn(70, seed=1), version=2)
    assert [day.estimated is not None for day in served.report().days] == [True, True, False]
    assert seen == [50, 60]


def test_an_estimate_is_made_by_the_calibration_of_the_baseline(served: Served) -> None:
    """Marked as what it is, beside what the labels of the same day say."""
    estimate = partial(estimated, threshold=0.5, calibration=calibration(HOLD_OUT.scores, HOLD_OUT.labels))
    served.registered = dataclasses.replace(served.registered, estimate=estimate)
    found = last(served.day(drawn(ROWS, seed=1)).report())
    assert found.estimated is not None
    assert (found.estimated.rows, found.estimated.calibrated) == (ROWS, True)
    told = found.estimated.metrics["roc_auc"]
    assert told.low <= found.metrics["roc_auc"].realised.value <= told.high


def test_days_are_let_go_of_one_by_one(served: Served) -> None:
    """While one is read, none of those before is there any more: weeks of traffic need not fit into memory."""
    served.day(drawn(ROWS, seed=1)).day(drawn(ROWS, seed=2))
    days, served.days = served.days[::-1], []
    gone = []

    def one_by_one() -> Iterator[Answered]:
        while days:
            yield days[-1]
            known = weakref.ref(days.pop())
            gone.append(known() is None)

    assert [day.labelled for day in served.report(one_by_one()).days] == [ROWS, ROWS]
    assert gone == [True, True]


def test_order_of_the_days_does_not_matter(served: Served) -> None:
    """They are sorted; one that comes twice is refused."""
    served.day(drawn(100, seed=1)).day(drawn(100, seed=2))
    assert served.report(served.days[::-1]) == served.report()
    with pytest.raises(ReportError, match="each day once"):
        served.report([served.days[0]] * 2)


def test_labels_of_nobody_are_counted(served: Served) -> None:
    """Ids that were never asked about."""
    served.day(drawn(100, seed=1)).said.append(("stranger", "yes", LATER))
    assert served.report().labels.never_asked == 1


def test_labels_of_the_time_before_are_no_labels(served: Served) -> None:
    """Customers who are asked every month have one from before; it is counted, and the verdict says so."""
    served.day(drawn(ROWS, seed=1, blur=0.9))
    served.said = [(key, word, NOON - dt.timedelta(days=20)) for key, word, _ in served.said]
    report = served.report()
    found = last(report)
    assert (found.labelled, found.too_early, found.judged) == (0, ROWS, False)
    assert (report.labels.too_early, report.labels.never_asked) == (ROWS, 0)
    assert report.reasons.endswith(f"; {ROWS} have an id whose label was told too early to be theirs")
    assert codec.decode(PerformanceReport, codec.encode(report), source="performance.json") == report
