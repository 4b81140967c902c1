"""Row 19: the first version of a model has nobody to measure up to."""

import datetime as dt

import pytest

from include.specs import reports, s3_layout
from include.specs.reports import EvaluationReport, GateReport
from tests.faults.flow import Flow, Run

pytestmark = pytest.mark.row(19, "no champion yet", "absolute thresholds, manual approval")
DAY = dt.date(2026, 3, 1)
ALONE = "there is no champion to compare with, so the thresholds alone decided"


def _experiment(flow: Flow, run: Run) -> str:
    return s3_layout.experiment(flow.spec.name, run.results["resolve"]["run"])


def _rules(flow: Flow, run: Run) -> list[str]:
    gate = flow.read_as(GateReport, _experiment(flow, run) + reports.GATE)
    return [rule.rule for rule in gate.rules]


def test_the_first_version_is_judged_by_the_thresholds_alone(flow: Flow) -> None:
    """Every rule is a threshold; the version waits for a person; gate, page, metadata and message say why.

    Fails when a version is registered as anything but pending (`registry.package_request`), or when `_registered`
    (`include.ml.evaluation.gate`) no longer says that nothing was compared.
    """
    flow.land(DAY)
    flow.ingest(DAY)
    run = flow.train()
    assert run.results["resolve"]["champion"] is None
    assert _rules(flow, run) == ["brier <= 0.25", "roc_auc >= 0.55"]
    gate = flow.read_as(GateReport, _experiment(flow, run) + reports.GATE)
    assert ALONE in gate.reasons
    assert ALONE in flow.read(_experiment(flow, run) + reports.HTML).decode()
    evaluation = flow.read_as(EvaluationReport, _experiment(flow, run) + reports.EVALUATION)
    assert (evaluation.champion, evaluation.data.comparable, dict(evaluation.difference)) == (None, None, {})
    [version] = flow.packages()
    assert version["ModelApprovalStatus"] == run.results["register"]["approval_status"] == "PendingManualApproval"
    assert version["CustomerMetadataProperties"]["previous_champion"] == "none"
    assert run.states["notify"] == "success"


def test_without_a_champion_the_thresholds_still_reject(flow: Flow) -> None:
    """That nobody is there to be worse than lets nothing through.

    Fails when `judge` (`include.ml.evaluation.gate`) passes a candidate for want of a champion.
    """
    flow.land(DAY)
    flow.ingest(DAY)
    run = flow.train(params={"thresholds": {"roc_auc": 0.999}})
    assert (run.states["register"], run.states["reject"], run.states["notify"]) == ("skipped", "success", "success")
    assert "roc_auc >= 0.999 does not hold" in run.results["reject"]["reasons"]
    assert flow.packages() == []


def test_the_second_version_is_compared_with_the_first(flow: Flow) -> None:
    """Even while the first still waits for approval: a queue of pending versions gets no worse.

    Fails when `registry.champions` passes over versions that wait for approval, and the second version is judged as if
    it were the first.
    """
    flow.land(DAY)
    flow.ingest(DAY)
    flow.train("manual__1")
    second = flow.train("manual__2")
    assert second.results["resolve"]["champion"] == 1
    assert any("comparable hold-out rows" in rule for rule in _rules(flow, second))
    gate = flow.read_as(GateReport, _experiment(flow, second) + reports.GATE)
    assert ALONE not in gate.reasons
