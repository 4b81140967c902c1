"""Row 18: a metric is not a number, or is not there, when it is made or by the time that it is read."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.specs import reports, s3_layout
from tests.faults.flow import Flow, Run, small
from tests.faults.place import Place, image, jobs_run_as, place
from tests.shared.localaws_process import ROOT

pytestmark = pytest.mark.row(18, "NaN, infinity or a missing metric", "gate closed, task failed, nothing registered")
DAY = dt.date(2026, 3, 1)
SPOILT_JOB = Path(__file__).parent / "spoilt_job"
BROKEN = {"nan": "must be a finite number, got nan", "inf": "must be a finite number, got inf"}
Report = dict[str, Any]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A localaws with images whose evaluation loses a metric, one an image."""
    paths = f"{SPOILT_JOB}:{ROOT}"
    images = [
        image(f"ml-{how}", environment={"PYTHONPATH": paths, "SPOILT_METRIC": how}) for how in (*BROKEN, "missing")
    ]
    with place(tmp_path_factory.mktemp("localaws"), images=tuple(images)) as started:
        yield started


@pytest.fixture(scope="module")
def trained(account: Place, model_name: Callable[[], str], _inside: None) -> tuple[Flow, Run]:
    """A candidate that nobody has measured yet."""
    flow = Flow(spec=small(model_name()), place=account)
    flow.land(DAY)
    flow.ingest(DAY)
    run = flow.training()
    for task_id in ("resolve", "candidate.preprocess", "candidate.train"):
        run.execute(task_id)
    return flow, run


@pytest.mark.parametrize(
    ("how", "words"),
    [*BROKEN.items(), ("missing", "expected the metric roc_auc, which gate.thresholds names; got none")],
)
def test_an_evaluation_that_loses_a_metric_fails(trained: tuple[Flow, Run], how: str, words: str) -> None:
    """The job fails and leaves no verdict; the gate, asked all the same, finds none and stays closed.

    Fails when `Estimate` takes any number (`include.specs.reports.finite`), or when `judge` passes over a threshold
    whose metric is not there (`_metric` in `include.ml.evaluation.gate`).
    """
    flow, run = trained
    with jobs_run_as(f"ml-{how}"), pytest.raises(AirflowFailException, match=words):
        run.execute("candidate.evaluate")
    _require_closed(flow, run, words="gate.json, found no such object")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A run whose candidate the gate would register, and its reports as evaluation left them."""

    flow: Flow
    run: Run
    experiment: str
    left: dict[str, bytes]

    def spoil(self, name: str, change: Callable[[Report], object] | bytes | None) -> None:
        """Have one report otherwise, all others as they were left."""
        for report, body in self.left.items():
            self.flow.put(self.experiment + report, body)
        if change is None:
            self.flow.remove(self.experiment + name)
            return
        if callable(change):
            content = json.loads(self.left[name])
            change(content)
            change = json.dumps(content).encode()
        self.flow.put(self.experiment + name, change)


@pytest.fixture(scope="module")
def judged(account: Place, model_name: Callable[[], str], _inside: None) -> Judged:
    flow = Flow(spec=small(model_name()), place=account)
    flow.land(DAY)
    flow.ingest(DAY)
    run = flow.training()
    for task_id in ("resolve", "candidate.preprocess", "candidate.train", "candidate.evaluate"):
        run.execute(task_id)
    experiment = s3_layout.experiment(flow.spec.name, run.results["resolve"]["run"])
    left = {name: flow.read(experiment + name) for name in (reports.GATE, reports.EVALUATION)}
    return Judged(flow=flow, run=run, experiment=experiment, left=left)


def _observed(value: float) -> Callable[[Report], object]:
    return lambda gate: gate["rules"][0].update(observed=value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_observed(float("nan")), "NaN is not a finite number"),
        (_observed(float("inf")), "Infinity is not a finite number"),
        (lambda gate: gate["rules"][0].update(observed=None), "expected a float, got None"),
        (lambda gate: gate["rules"][0].pop("observed"), "not a GateRule"),
        (lambda gate: gate["rules"][0].update(passed=False), "contradicts the rules"),
        (lambda gate: gate["rules"].clear(), "a gate without rules is open"),
        (lambda gate: gate.update(verdict="yes"), "expected one of"),
        (b'{"verdict": "register", "rules": [', "expected JSON of a GateReport"),
        (None, "found no such object"),
    ],
    ids=["nan", "infinity", "null", "missing", "contradiction", "no-rules", "other-verdict", "half", "absent"],
)
def test_a_verdict_that_cannot_be_read_closes_the_gate(judged: Judged, change: Any, words: str) -> None:
    """The gate's task fails for good and names the file; registering, asked all the same, refuses it too.

    Fails when gate.json is read without its checks (`include.specs.codec`, `GateRule`, `GateReport`).
    """
    judged.spoil(reports.GATE, change)
    _require_closed(judged.flow, judged.run, words=f"{reports.GATE}.*{words}")


def _metric(name: str, value: Any) -> Callable[[Report], object]:
    return lambda evaluation: evaluation["metrics"]["roc_auc"].update({name: value})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_metric("value", float("nan")), "NaN is not a finite number"),
        (_metric("high", float("inf")), "Infinity is not a finite number"),
        (_metric("low", None), "expected a float, got None"),
        (lambda evaluation: evaluation["metrics"].pop("roc_auc"), "expected the metric roc_auc"),
        (lambda evaluation: evaluation.pop("metrics"), "not a EvaluationReport"),
        (None, "found no such object"),
    ],
    ids=["nan", "infinity", "null", "missing", "no-metrics", "absent"],
)
def test_an_evaluation_that_cannot_be_read_registers_nothing(judged: Judged, change: Any, words: str) -> None:
    """The verdict was reached and lets the candidate through; what it was reached from is broken since: no version.

    Fails when evaluation.json is read without its checks (`include.specs.codec`, `Estimate`), or when a version is made
    without the metrics that its gate asked for (`registry.package_request`).
    """
    judged.spoil(reports.EVALUATION, change)
    judged.run.execute("quality_gate")
    with pytest.raises(AirflowFailException, match=f"{reports.EVALUATION}.*{words}"):
        judged.run.execute("register")
    assert judged.flow.packages() == []


def _require_closed(flow: Flow, run: Run, *, words: str) -> None:
    for task_id in ("quality_gate", "register"):
        with pytest.raises(AirflowFailException, match=words if task_id == "quality_gate" else None):
            run.execute(task_id)
        assert run.states[task_id] == "failed"
    assert flow.packages() == []
