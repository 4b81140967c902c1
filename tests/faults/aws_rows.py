"""What the rows about AWS's answers share: a run up to some step, and which jobs were started."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from airflow import sdk
from perennial.hooks.lake import Lake

from laptop.settings import BUCKET
from tests.faults.flow import Flow, Run, small
from tests.faults.matrix import NOT_HERE

DAY = dt.date(2026, 3, 1)
ORDER = ("resolve", "candidate.preprocess", "candidate.train", "candidate.evaluate", "quality_gate", "register")


def ready(flow: Flow, *, before: str, run_id: str = "manual__1") -> Run:
    """A training run whose next task is `before`, on a day's data that is in the lake."""
    if not flow.partitions():
        lay(flow)
    run = flow.training(run_id)
    for task_id in ORDER:
        if task_id.endswith(before):
            break
        run.execute(task_id)
    return run


def lay(flow: Flow) -> None:
    """Put a day's data into the lake, of a model with the small data set: ingested once a place, and copied."""
    ingested = Flow(spec=small("ingested"), place=flow.place)
    if not ingested.partitions():
        ingested.land(DAY)
        ingested.ingest(DAY)
    [day] = ingested.partitions()
    for key in ingested.keys("raw"):
        flow.put(key.replace(ingested.spec.name, flow.spec.name), ingested.read(key))
    manifest = replace(day.manifest, model=flow.spec.name)
    Lake(BUCKET, s3=flow.s3).publish(manifest)


def started(flow: Flow, step: str) -> list[str]:
    """Every job of that step that SageMaker has ever had for the model, oldest first."""
    found = flow.jobs("Training") if step == "train" else flow.jobs()
    return sorted(job for job in found if f"-{step}-" in job)


def wait_s(error: BaseException, try_number: int, of: Mapping[str, Any] | None = None) -> float:
    """Seconds that the retry policy lets pass between a try that failed so and the next.

    A test asks for it last: where Airflow has no such policy it is left here, and what it asked before has held.

    Args:
        of: the failed task's context; of some task or other, if none is given.
    """
    if not hasattr(sdk, "RetryPolicy"):
        pytest.skip(f"{NOT_HERE}retry policies, which Airflow has from 3.3 on")
    from perennial.retry_policy import ByFault  # noqa: PLC0415 it cannot be imported there

    decision = ByFault().evaluate(error, try_number, 3, of)
    assert decision.retry_delay is not None
    return float(decision.retry_delay.total_seconds())
