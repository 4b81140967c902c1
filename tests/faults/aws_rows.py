"""What the rows about AWS's answers share: a run up to some step, and which jobs were started."""

from __future__ import annotations

import datetime as dt

from tests.faults.flow import Flow, Run

DAY = dt.date(2026, 3, 1)
ORDER = ("resolve", "candidate.preprocess", "candidate.train", "candidate.evaluate", "quality_gate", "register")


def ready(flow: Flow, *, before: str, run_id: str = "manual__1") -> Run:
    """A training run whose next task is `before`, on a day's data that is in the lake."""
    if not flow.partitions():
        flow.land(DAY)
        flow.ingest(DAY)
    run = flow.training(run_id)
    for task_id in ORDER:
        if task_id.endswith(before):
            break
        run.execute(task_id)
    return run


def started(flow: Flow, step: str) -> list[str]:
    """Every job of that step that SageMaker has ever had for the model, oldest first."""
    found = flow.jobs("Training") if step == "train" else flow.jobs()
    return sorted(job for job in found if f"-{step}-" in job)
