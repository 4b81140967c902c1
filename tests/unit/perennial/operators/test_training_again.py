"""A training run that is resolved again, later: what it keeps, and what it is by then."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from perennial.operators.training import ResolveRunOperator

from include.specs import codec
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun

Make = Callable[..., Any]
MONDAY = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
BEFORE, THAT_DAY = dt.date(2026, 3, 1), MONDAY.date()
SCHEDULED: dict[str, Any] = {"run_id": "scheduled__1", "run_type": "scheduled", "interval": (MONDAY, MONDAY)}


@pytest.fixture
def lay(aws: SimpleNamespace, partition: Make) -> Callable[..., None]:
    """Puts the manifests of some days into the lake."""

    def put(*days: dt.date) -> None:
        for day in days:
            ref = partition(date=day)
            aws.put(ref.manifest_key, ref.manifest)

    return put


@pytest.fixture
def resolve(aws: SimpleNamespace, churn: ModelSpec, context: Make) -> Callable[..., TrainingRun]:
    """Resolves the scheduled run, with some things about it changed; what its configuration is from then on."""

    def run(*, spec: ModelSpec = churn, **changes: Any) -> TrainingRun:
        result = ResolveRunOperator(task_id="resolve", spec=spec).execute(context(**{**SCHEDULED, **changes}))
        written = codec.decode(TrainingRun, aws.get(result["config_key"]), source="run.json")
        assert result["reason"] == written.provenance.reason
        return written

    return run


def test_run_that_a_backfill_takes_over_keeps_its_reason(resolve: Make, lay: Make) -> None:
    """Its jobs are used again, and the report that they wrote names the first one; that it is of the past is new."""
    lay(BEFORE)
    first = resolve()
    again = resolve(run_type="backfill")
    assert again == dataclasses.replace(first, past_window=True)
    assert again.provenance.reason == "scheduled run"


def test_run_that_came_out_otherwise_has_its_new_reason(resolve: Make, lay: Make, churn: ModelSpec) -> None:
    """Its jobs are other ones, and write a report of their own."""
    lay(BEFORE)
    resolve()
    corrected = dataclasses.replace(churn, use_case="another")
    assert resolve(spec=corrected, run_type="backfill").provenance.reason == "backfill run"


def test_configuration_that_nobody_can_read_is_replaced(aws: SimpleNamespace, resolve: Make, lay: Make) -> None:
    """It may be of a later release, or spoilt; a run can always be resolved."""
    lay(BEFORE)
    key = f"experiments/churn/{resolve().provenance.run}/run.json"
    aws.put(key, b"{")
    assert resolve(run_type="backfill").provenance.reason == "backfill run"
