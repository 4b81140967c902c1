"""A report on realised quality as people and alarms hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perennial import quality_notice

from include.specs.environment import Environment
from include.specs.model import ModelSpec

Make = Callable[..., Any]


def test_message_says_what_fell_by_how_much_and_since_when(
    churn: ModelSpec, where: Environment, performance_run: Make, performance_report: Make
) -> None:
    """On how many labels, what else fell for certain, and what is expected of the days without; and where to read."""
    notice = quality_notice.notice(performance_run(churn), performance_report("degraded"), where)
    assert notice.subject == "churn: quality has fallen (2026-03-01)"
    assert notice.kind == "quality-degraded"
    fell = "ROC-AUC 0.720 (0.690 to 0.750) on 2026-02-09, 0.840 (0.820 to 0.860) registered: 0.120 worse"
    assert (notice.body["metric"], notice.body["fell"]) == ("roc_auc", fell)
    assert notice.body["others"] == "Brier score 0.250, 0.120 worse"
    assert notice.body["labels"] == "620 of 800 predictions of 2026-02-09"
    assert notice.body["estimate"] == "ROC-AUC 0.810 (0.780 to 0.840) on 2026-03-01, estimated without labels"
    assert (notice.body["since"], notice.body["owner"]) == ("2026-02-08", churn.owner.email)
    assert str(notice.body["report"]).endswith("performance_report.html")
    assert notice.body["runbook"] == "docs/runbook.md#quality-degraded"
    assert [notice.body[name] for name in ("version", "served_until", "serves_now")] == [3, None, 3]


def test_message_on_a_version_that_was_replaced_says_so(
    churn: ModelSpec, where: Environment, performance_run: Make, performance_report: Make
) -> None:
    """In its first line, and in fields that a program can read."""
    report = performance_report("degraded", watched=5)
    notice = quality_notice.notice(performance_run(churn, version=5), report, where)
    assert notice.subject == "churn: quality has fallen: version 3, by now replaced by 5 (2026-03-01)"
    assert notice.kind == "quality-degraded"
    assert [notice.body[name] for name in ("version", "served_until", "serves_now")] == [3, "2026-03-01", 5]


def test_metrics_say_how_good_it_is(performance_report: Make) -> None:
    """The verdict as a level, what labels say of the newest day that has them, how old that is, and the estimate."""
    points = list(quality_notice.points(performance_report("degraded")))
    assert {point.name: point.value for point in points if not point.of} == {
        "LabelledRows": 620,
        "JudgedDays": 1,
        "PerformanceVerdict": 2,
        "JudgedVersion": 3,
        "WatchedVersion": 3,
        "NewestJudgedDayAge": 20,
    }
    assert {(point.name, point.of["Metric"]): round(point.value, 6) for point in points if point.of} == {
        ("RealisedQuality", "roc_auc"): 0.72,
        ("RealisedQuality", "brier"): 0.25,
        ("RealisedQuality", "recall"): 0.69,
        ("EstimatedQuality", "roc_auc"): 0.81,
    }


def test_metrics_say_whose_verdict_it_is(performance_report: Make) -> None:
    """An alarm can leave out a version that serves no longer; a report from before there were several has one."""
    for watched in (5, 3, None):
        points = {point.name: point.value for point in quality_notice.points(performance_report(watched=watched))}
        assert (points["JudgedVersion"], points["WatchedVersion"]) == (3, watched or 3)


def test_too_few_labels_are_no_verdict(performance_report: Make) -> None:
    """An alarm on the level must not read them as stable; the estimate is there all the same."""
    names = {point.name for point in quality_notice.points(performance_report("insufficient_data"))}
    assert names == {"LabelledRows", "JudgedDays", "EstimatedQuality"}
