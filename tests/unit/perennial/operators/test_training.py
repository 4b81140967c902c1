"""Pin the data and the champion; branch on the verdict; register; reject."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from perennial import registry
from perennial.operators.training import ResolveRunOperator

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.reports import EvaluationReport, GateReport, ModelManifest
from include.specs.run import TrainingRun
from tests.shared.airflow_context import asset_events

Make = Callable[..., Any]
DAYS = [dt.date(2026, 3, day) for day in range(1, 6)]
INTERVAL = (dt.datetime(2026, 3, 4, 4, tzinfo=dt.UTC), dt.datetime(2026, 3, 4, 4, tzinfo=dt.UTC))
# What the trigger form gives when nothing was typed into it.
UNTOUCHED = {
    "reason": "",
    "start": None,
    "end": None,
    "thresholds": {},
    "hyperparameters": {},
    "instance_types": {},
}


@pytest.fixture
def lake(aws: SimpleNamespace, partition: Make) -> Callable[..., None]:
    """Puts the manifests of some days into the lake."""

    def put(*days: dt.date, origin: str = "") -> None:
        for day in days:
            ref = partition(date=day, origin=origin)
            aws.put(ref.manifest_key, ref.manifest)

    return put


def _resolve(spec: ModelSpec, context: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = ResolveRunOperator(task_id="resolve", spec=spec).execute(context)
    return result


def _written(aws: SimpleNamespace, result: dict[str, Any]) -> TrainingRun:
    return codec.decode(TrainingRun, aws.get(result["config_key"]), source="run.json")


def _days(result: dict[str, Any]) -> list[int]:
    return [s3_layout.date_of(key).day for key in result["partitions"]]


def test_run_by_hand_takes_all_there_is(aws: SimpleNamespace, lake: Make, churn: ModelSpec, context: Make) -> None:
    """Every partition is pinned with its digest, and the manifest of the job's input names their files."""
    lake(*DAYS)
    result = _resolve(churn, context(params=UNTOUCHED))
    assert _days(result) == [1, 2, 3, 4, 5]
    run = _written(aws, result)
    assert (run.model, run.champion, run.synthetic) == (churn, None, False)
    assert all(len(ref.sha256) == 64 for ref in run.partitions)
    manifest = json.loads(aws.get(result["config_key"].replace("run.json", "raw.manifest")))
    assert manifest[0] == {"prefix": "s3://lake/raw/churn/"}
    assert len(manifest) == 6


def test_past_window_by_hand(aws: SimpleNamespace, lake: Make, churn: ModelSpec, context: Make) -> None:
    """A person gets the days asked for, from the first to before the last; the run knows that it is of the past."""
    lake(*DAYS)
    result = _resolve(churn, context(params={**UNTOUCHED, "start": "2026-03-02", "end": "2026-03-04"}))
    assert _days(result) == [2, 3]
    assert _written(aws, result).past_window is True


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
def test_scheduled_run_sees_no_later_day(
    aws: SimpleNamespace, lake: Make, churn: ModelSpec, context: Make, monkeypatch: pytest.MonkeyPatch, run_type: str
) -> None:
    """It trains on what there was when its turn came; only a backfill is about the past as soon as that."""
    monkeypatch.setattr("perennial.operators.days.now", lambda: INTERVAL[1])
    lake(*DAYS)
    result = _resolve(churn, context(run_type=run_type, interval=INTERVAL, params=UNTOUCHED))
    assert _days(result) == [1, 2, 3]
    assert _written(aws, result).past_window is (run_type == "backfill")


def test_no_partition_is_an_error_that_says_what_to_do(lake: Make, churn: ModelSpec, context: Make) -> None:
    """Without data there is no training, and never other data in its stead."""
    lake(DAYS[0])
    with pytest.raises(AirflowFailException, match=r"from 2026-04-01 to before now; run churn_ingestion first"):
        _resolve(churn, context(params={**UNTOUCHED, "start": "2026-04-01"}))


@pytest.mark.parametrize(("newest", "expected"), [("", [3, 4]), ("synthetic seed=1", [1, 2])])
def test_real_and_made_up_data_are_never_mixed(
    aws: SimpleNamespace, lake: Make, churn: ModelSpec, context: Make, newest: str, expected: list[int]
) -> None:
    """The newest day says which of the two a run trains on."""
    lake(*DAYS[:2], origin="synthetic seed=1")
    lake(*DAYS[2:4])
    if newest:
        lake(DAYS[4], origin=newest)
        expected = [*expected, 5]
    result = _resolve(churn, context(params=UNTOUCHED))
    assert _days(result) == expected
    assert _written(aws, result).synthetic == bool(newest)


def test_params_of_the_form_are_applied(aws: SimpleNamespace, lake: Make, churn: ModelSpec, context: Make) -> None:
    """The run's spec is the model's with the overrides in it, for the gate and the jobs to read."""
    lake(DAYS[0])
    made = context(params={**UNTOUCHED, "thresholds": {"roc_auc": 0.99}, "reason": "a try"})
    result = _resolve(churn, made)
    run = _written(aws, result)
    assert run.model.gate.thresholds["roc_auc"] == 0.99
    assert result["reason"] == run.provenance.reason == "a try"


def test_event_carries_overrides_and_reason(aws: SimpleNamespace, lake: Make, churn: ModelSpec, context: Make) -> None:
    """One run serves several requests: what each overrides is applied, every reason is kept, oldest first."""
    lake(*DAYS)
    events = asset_events(
        "churn",
        {"reason": "by hand", "params": {**UNTOUCHED, "thresholds": {"roc_auc": 0.5}, "reason": "a try"}},
        {"reason": "drift", "params": {"thresholds": {"pr_auc": 0.4}, "hyperparameters": {"max_iter": 7}}},
        {"reason": "new data", "params": {"start": "2026-03-02", "end": "2026-03-04"}},
        {"reason": "new data", "params": {}},
    )
    result = _resolve(churn, context(run_type="asset_triggered", params=UNTOUCHED, events=events))
    model = _written(aws, result).model
    assert _written(aws, result).past_window is True  # one of them has set an end
    assert result["reason"] == "by hand; a try; drift; new data"
    assert model.gate.thresholds == {**churn.gate.thresholds, "roc_auc": 0.5, "pr_auc": 0.4}
    assert model.estimator.hyperparameters["max_iter"] == 7
    assert _days(result) == [2, 3]


def test_requests_that_contradict_each_other_are_refused(
    aws: SimpleNamespace, lake: Make, churn: ModelSpec, context: Make
) -> None:
    """Neither of two thresholds is dropped in silence: the run fails and names both."""
    lake(DAYS[0])
    before = aws.listing()
    events = asset_events(
        "churn", {"params": {"thresholds": {"roc_auc": 0.5}}}, {"params": {"thresholds": {"roc_auc": 0.9}}}
    )
    with pytest.raises(AirflowFailException, match=r"params\.thresholds\.roc_auc must .*got \(0\.5, 0\.9\)"):
        _resolve(churn, context(run_type="asset_triggered", params=UNTOUCHED, events=events))
    assert aws.results() == before


def test_reason_of_a_request_without_one_of_its_own(lake: Make, churn: ModelSpec, context: Make) -> None:
    """What a person gave as the reason is the reason."""
    lake(DAYS[0])
    events = asset_events("churn", {"params": {"reason": "a try"}})
    made = context(run_type="asset_triggered", params=UNTOUCHED, events=events)
    assert _resolve(churn, made)["reason"] == "a try"


def test_event_without_extra_is_a_request(lake: Make, churn: ModelSpec, context: Make) -> None:
    """An event made by hand in the UI has no reason and no overrides; it asks for a training all the same."""
    lake(DAYS[0])
    made = context(run_type="asset_triggered", params=UNTOUCHED, events=asset_events("churn", {}))
    assert _resolve(churn, made)["reason"] == "requested"


@pytest.mark.parametrize("run_type", ["manual", "scheduled"])
def test_reason_where_nobody_gave_one(lake: Make, churn: ModelSpec, context: Make, run_type: str) -> None:
    """The kind of run is its reason, in Airflow's own word."""
    lake(DAYS[0])
    made = context(run_type=run_type, interval=INTERVAL, params=UNTOUCHED)
    assert _resolve(churn, made)["reason"] == f"{run_type} run"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"thresholds": {"roc_auc": 7}}, r"params\.thresholds\.roc_auc must be .*7 is greater than .* 1"),
        ({"start": "yesterday"}, r"params\.start must be .*'yesterday' is not a 'date'"),
        ({"no_such": 1}, r"params must be .*\('no_such' was unexpected\)"),
        ({"thresholds": 0.9}, r"params\.thresholds must be an object of names and values, got 0\.9"),
        (["roc_auc"], r"params must be an object of names and values, got \['roc_auc'\]"),
    ],
)
def test_bad_override_of_an_event_is_final(
    aws: SimpleNamespace, lake: Make, churn: ModelSpec, context: Make, params: Any, words: str
) -> None:
    """What no form has checked is refused before anything is written."""
    lake(DAYS[0])
    before = aws.listing()
    made = context(run_type="asset_triggered", params=UNTOUCHED, events=asset_events("churn", {"params": params}))
    with pytest.raises(AirflowFailException, match=words):
        _resolve(churn, made)
    assert aws.results() == before


def test_champion_is_pinned(
    aws: SimpleNamespace,
    lake: Make,
    churn: ModelSpec,
    context: Make,
    package: Callable[..., dict[str, Any]],
) -> None:
    """The newest approved version is what the candidate has to measure up to, though a newer one waits."""
    lake(DAYS[0])
    sagemaker = boto3.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    approved = {**package(churn), "ModelApprovalStatus": "Approved"}
    first = sagemaker.create_model_package(**approved)["ModelPackageArn"]
    sagemaker.create_model_package(**package(churn, run_id="manual__2"))
    result = _resolve(churn, context(params=UNTOUCHED))
    champion = _written(aws, result).champion
    assert champion is not None
    assert (champion.package_arn, champion.approval_status, champion.version) == (first, "Approved", 1)
    assert result["champion"] == 1
    assert json.loads(aws.get(s3_layout.champion("churn")))["package_arn"] == first


def test_stranger_in_the_registry_is_final(lake: Make, churn: ModelSpec, context: Make) -> None:
    """A version that this system did not register stops the run with its name."""
    lake(DAYS[0])
    sagemaker = boto3.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    sagemaker.create_model_package(ModelPackageGroupName="churn", ModelApprovalStatus="Approved")
    with pytest.raises(AirflowFailException, match="has no model_sha256 in its metadata"):
        _resolve(churn, context(params=UNTOUCHED))


@pytest.fixture
def package(
    where: Any,
    training_run: Make,
    candidate: ModelManifest,
    evaluation: EvaluationReport,
    gate: Callable[[str], GateReport],
) -> Callable[..., dict[str, Any]]:
    """Makes the request of a version."""

    def make(spec: ModelSpec, run_id: str = "manual__1") -> dict[str, Any]:
        run = training_run(spec)
        return registry.package_request(
            dataclasses.replace(run, provenance=dataclasses.replace(run.provenance, run_id=run_id)),
            where,
            model_url="s3://lake/m",
            data_manifest=b"[]",
            candidate=candidate,
            evaluation=evaluation,
            gate=gate("register"),
        )

    return make


@pytest.mark.parametrize("run_type", ["manual", "asset_triggered", "scheduled", "backfill"])
@pytest.mark.parametrize(
    ("params", "expected"),
    [({}, [2, 3]), ({"end": "2026-03-03"}, [1, 2]), ({"start": "2026-03-01"}, [1, 2, 3])],
)
def test_spec_says_how_far_back_any_run_reads(
    lake: Make, churn: ModelSpec, context: Make, run_type: str, params: dict[str, str], expected: list[int]
) -> None:
    """The days of the spec end with the newest day there is, whoever started the run; a person's first day wins."""
    lake(*DAYS[:3])
    two_days = dataclasses.replace(churn, dataset=dataclasses.replace(churn.dataset, window_days=2))
    made = context(run_type=run_type, interval=INTERVAL, params={**UNTOUCHED, **params})
    assert _days(_resolve(two_days, made)) == expected


def test_days_without_data_count(lake: Make, churn: ModelSpec, context: Make) -> None:
    """A window is of days, not of partitions."""
    lake(DAYS[0], DAYS[2], DAYS[4])
    three_days = dataclasses.replace(churn, dataset=dataclasses.replace(churn.dataset, window_days=3))
    assert _days(_resolve(three_days, context(params=UNTOUCHED))) == [3, 5]
